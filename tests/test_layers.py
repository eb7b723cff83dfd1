"""Imports run downwards only. A module may import what stands on a lower line, and its own room."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import longalpaca_data

PACKAGE = Path(longalpaca_data.__file__).parent
FLOORS = [
    {"core"},
    {"rowfiles", "pipeline"},
    # The workers: one room per kind of work, none knows another of its floor.
    {"llm", "collect", "clean", "windows"},
    {"generate", "filter", "mix", "train"},
    {"export", "evaluate"},
    {"dataset"},
    {"hub", "review"},
    {"build"},
    {"dryrun"},
    {"cli"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# The trainer's own rooms, by the same rule: attention and data know no model, a run knows all.
TRAIN_FLOORS = [{"quiet", "recipe"}, {"attention", "data"}, {"model"}, {"ask", "run"}]
TRAIN_FLOOR = {room: number for number, rooms in enumerate(TRAIN_FLOORS) for room in rooms}


def imports(file: Path, depth: int = 1, within: str = "longalpaca_data") -> set[str]:
    """Return the rooms that a file imports, inside functions too."""

    def room(module: str) -> str:
        steps = module.split(".")
        return steps[depth] if module.startswith(within + ".") and len(steps) > depth else ""

    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {room(alias.name) for alias in node.names if "longalpaca_data" in alias.name}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("longalpaca_data"):
            names = [node.module or ""]
            if node.module == "longalpaca_data":
                names = [f"longalpaca_data.{alias.name}" for alias in node.names]
            found |= {room(name) for name in names}
    return found - {""}


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_run_downwards(file: Path) -> None:
    own = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for other in imports(file) - {own, "__version__"}:
        assert FLOOR[other] < FLOOR[own], f"{own} imports {other}"


@pytest.mark.parametrize("file", sorted((PACKAGE / "train").rglob("*.py")), ids=lambda f: f.stem)
def test_imports_run_downwards_in_the_trainer(file: Path) -> None:
    own = file.relative_to(PACKAGE / "train").parts[0].removesuffix(".py")
    for other in imports(file, depth=2, within="longalpaca_data.train") - {own}:
        assert TRAIN_FLOOR[other] < TRAIN_FLOOR[own], f"train/{own} imports train/{other}"


def test_every_room_has_a_floor() -> None:
    rooms = {file.relative_to(PACKAGE).parts[0].removesuffix(".py") for file in FILES}
    assert rooms - {"__init__"} == FLOOR.keys()


ROOMS_IN_ORDER = ["collect", "clean", "windows", "generate", "filter", "mix", "export"]


@pytest.mark.parametrize(("n", "room"), list(enumerate(ROOMS_IN_ORDER, 1)))
def test_a_stage_room_says_its_place_in_the_flow(n: int, room: str) -> None:
    assert f'"""{n} of 7: ' in (PACKAGE / room / "__init__.py").read_text(encoding="utf-8")


def test_no_circle_within_a_room() -> None:
    """Follow imports between files: none leads back to where it began."""
    modules = {
        "longalpaca_data." + str(f.relative_to(PACKAGE).with_suffix("")).replace("/", "."): f
        for f in FILES
    }

    def targets(name: str) -> set[str]:
        found = set()
        for node in ast.parse(modules[name].read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module} | {f"{node.module}.{a.name}" for a in node.names}
        return {t for t in found if t in modules and t != name}

    graph = {name: targets(name) for name in modules}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for target in graph[name]:
                visit(target, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())
