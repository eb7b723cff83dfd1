"""What `sft` is asked for, resolved: recipe, data set, GPUs, output folder, command."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.core.resources import find_recipe
from longalpaca_data.train.data.rows import dataset_files
from longalpaca_data.train.model.parallel import runs_in_process
from longalpaca_data.train.recipe import Parallel, SftRecipe, load_recipe


@dataclass(frozen=True, slots=True)
class SftOptions:
    """What the command line says. ``changes`` are recipe keys laid over the recipe's own."""

    dataset: str | None = None
    model: str | None = None
    recipe: str = "sft-default"
    out: str | None = None
    gpus: int | None = None
    """None: all that there are. 0: the CPU."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    torchrun: tuple[str, ...] = ()
    """Passed through for several nodes: ``--nnodes 2 --node_rank 0 --rdzv_endpoint host:29500``."""
    resume: bool = False
    quiet: bool = False
    data_root: str = "data/out"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the launcher tells every process. ``parallel`` is decided, no longer ``auto``."""

    recipe: dict[str, Any]
    dataset: str
    out: str
    device: str
    parallel: Parallel
    resume: bool
    quiet: bool


def resolve(options: SftOptions) -> tuple[SftRecipe, str]:
    """Return the recipe with the options laid over it, and the data set's place."""
    changes = dict(options.changes)
    for key in ("model", "dataset"):
        if getattr(options, key) is not None:
            changes[key] = getattr(options, key)
    recipe = load_recipe(find_recipe(options.recipe), changes)
    dataset = recipe.dataset
    if dataset == "newest":
        dataset = newest_dataset(Path(options.data_root))
    return recipe, dataset


def settings_of(words: Iterable[str]) -> dict[str, Any]:
    """Return recipe keys from ``key=value`` words; a dot goes into a section (``lora.rank=16``).

    Values are read as YAML. Raises :class:`LongalpacaError` for a word that is no setting.
    """
    changes: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        *sections, key = name.strip().split(".")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise LongalpacaError(f"--set {word}: the value is no YAML", do="quote it") from error
        if not equals or not key or not all(sections):
            raise LongalpacaError(f"--set {word} is no setting", do="write --set key=value")
        place = changes
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise LongalpacaError(
                    f"--set {word}: {section} was given a value of its own",
                    do="give one of the two",
                )
        place[key] = value
    return changes


def newest_dataset(root: Path) -> str:
    """Return the data set that `build` finished last under ``root``, empty where there is none."""
    found = [p.parent for p in root.glob("*/manifest.json") if dataset_files(p.parent, "train")]
    times = {folder: (folder / "manifest.json").stat().st_mtime_ns for folder in found}
    return str(max(found, key=lambda f: (times[f], f.name))) if found else ""


def output_folder(options: SftOptions, recipe: SftRecipe) -> Path:
    """Return where the model goes: ``--out``, or data/models/<recipe name>."""
    return Path(options.out or Path("data/models") / recipe.name).expanduser()


def gpus_to_use(asked: int | None) -> int:
    """Return how many GPUs to use; raises where more are asked for than there are."""
    import torch  # noqa: PLC0415 - the plan of a CPU run needs no CUDA

    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked is None:
        return there
    if asked > there:
        raise LongalpacaError(
            f"--gpus {asked}: {there} GPU{'s' if there != 1 else ''} found",
            do=f"use --gpus {there}" if there else "use --gpus 0 for the CPU",
        )
    return asked


def node_count(torchrun: Iterable[str]) -> int:
    """Return how many machines torchrun's words speak of (``--nnodes=2``, ``--nnodes 2:4``: 2)."""
    words = " ".join(torchrun).replace("=", " ").split()
    for word, following in itertools.pairwise(words):
        if word == "--nnodes":
            smallest = following.split(":")[0]
            return max(1, int(smallest)) if smallest.isdigit() else 1
    return 1


def command(
    settings_file: Path, processes: int, torchrun: Iterable[str] = (), *, parallel: str = "none"
) -> list[str]:
    """Return the command that runs the workers."""
    worker = ["-m", "longalpaca_data.train.run.worker", str(settings_file)]
    more = list(torchrun)
    if runs_in_process(parallel, processes, more):
        return [sys.executable, *worker]
    alone = [] if more else ["--standalone"]
    run = [sys.executable, "-m", "torch.distributed.run", *alone, *more]
    return [*run, "--nproc_per_node", str(max(processes, 1)), *worker]
