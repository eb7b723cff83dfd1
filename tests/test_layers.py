"""Imports run downwards only. A module may import what stands on a lower line, and its own room."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import longalpaca_data

PACKAGE = Path(longalpaca_data.__file__).parent
FLOORS = [
    {"errors"},
    {"records", "progress", "resources", "recipe_errors"},
    {"storage"},
    {
        "tokens",
        "language",
        "stage",
        "calls",
        "recipe",
        "pages",
        "charts",
        "excerpts",
        "reviews",
        "rowfiles",
        "manifest",
        "licences",
    },
    {"ledger", "documents", "instruction", "models", "embeddings"},
    # The workers: one room per kind of work, none knows another.
    {
        "sources",
        "clean",
        "segment",
        "generators",
        "ground",
        "filters",
        "diversity",
        "short",
        "mix",
        "export",
        "validate",
    },
    {"statistics", "inputs", "materials"},
    {"pictures"},
    {"card", "report"},
    {"dataset"},
    {"hub", "review"},
    {"engines"},
    {"pipeline"},
    {"build"},
    {"plan"},
    {"cli"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# The trainer is a tower of its own beside the pipeline: it knows the ground floors, and how a row's
# instruction is worded, which a question to a trained model must be worded like.
TOWER = {"train", "evaluate"}
TOWER_MAY_USE = {
    "errors",
    "recipe_errors",
    "records",
    "progress",
    "resources",
    "storage",
    "rowfiles",
    "instruction",
}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imports(file: Path) -> set[str]:
    """Return the rooms that a file imports, inside functions too."""
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
        if own in TOWER:
            assert other in TOWER | TOWER_MAY_USE, f"{own} imports {other}"
        elif own == "cli":
            assert other in FLOOR.keys() | TOWER
        else:
            assert FLOOR[other] < FLOOR[own], f"{own} imports {other}"


def test_every_room_has_a_floor() -> None:
    rooms = {file.relative_to(PACKAGE).parts[0].removesuffix(".py") for file in FILES}
    assert rooms - {"__init__"} <= FLOOR.keys() | TOWER


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
