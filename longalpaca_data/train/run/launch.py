"""``sft``: checks what a run is asked for, starts its processes, returns what they tell."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict
from pathlib import Path

from longalpaca_data.core.errors import (
    DatasetError,
    LongalpacaError,
    MissingPackageError,
    OutputError,
)
from longalpaca_data.core.storage import output_errors
from longalpaca_data.train.model.parallel import choose_parallel, runs_in_process
from longalpaca_data.train.model.tune import TuneOptions, tune_options
from longalpaca_data.train.recipe import Parallel, SftRecipe
from longalpaca_data.train.run.files import (
    CHECKPOINTS,
    CONFIG_FILE,
    SETTINGS_FILE,
    STOP_FILE,
    result_file,
    whole_checkpoint,
)
from longalpaca_data.train.run.options import (
    Settings,
    SftOptions,
    command,
    gpus_to_use,
    node_count,
    output_folder,
    resolve,
)
from longalpaca_data.train.run.result import Result

CPU_WEIGHTS = 1_000_000_000
"""More are not trained on a CPU unless `--gpus 0` says so: a step at 1,024 tokens takes minutes."""

STDERR = 2
"""The file descriptor of the workers' standard output: what libraries print there is no result."""


def sft(options: SftOptions, *, say: Callable[[str], None] | None = None) -> Result:
    """Fine-tune a model as the recipe says; returns when it is saved.

    ``say`` takes the lines that tell what is used. Raises :class:`LongalpacaError` for what the
    user can mend, and KeyboardInterrupt, whose text says how to resume, after an interruption.
    """
    from longalpaca_data.train.model.strategy import strategy_of  # noqa: PLC0415 - heavy

    recipe, dataset = resolve(options)
    gpus = gpus_to_use(options.gpus)
    if not dataset:
        raise DatasetError(
            f"no data set under {options.data_root}", do="run `build` first, or name a data set"
        )
    out = output_folder(options, recipe)
    _check_output(out, resume=options.resume)
    if options.gpus is None and gpus == 0:
        _check_cpu(recipe)
    parallel = _parallel(recipe, max(gpus, 1) * node_count(options.torchrun))
    device = "cuda" if gpus else "cpu"
    check_packages(recipe, parallel)
    strategy_of(recipe, parallel, device)  # raises for 4 bits or bfloat16 that can't be had
    tell = say or (lambda line: print(line, file=sys.stderr))  # noqa: T201 - stderr, by default
    where = f"{gpus} GPU{'s' if gpus > 1 else ''}" if gpus else "the CPU"
    tell(f"fine-tuning {recipe.model} on {dataset} ({where}) → {out}")
    settings = Settings(
        recipe=recipe.model_dump(mode="json"),
        dataset=dataset,
        out=str(out),
        device=device,
        parallel=parallel,
        resume=options.resume,
        quiet=options.quiet,
    )
    (out / STOP_FILE).unlink(missing_ok=True)
    with _nothing_left_behind(out):
        if runs_in_process(parallel, gpus, options.torchrun):
            from longalpaca_data.train.run.worker import train  # noqa: PLC0415 - heavy

            with redirect_stdout(sys.stderr):  # DeepSpeed, where installed, talks to stdout
                result = train(settings)
        else:
            result = run_processes(settings, gpus, options.torchrun)
    if result.interrupted:
        raise KeyboardInterrupt(
            f"stopped and saved at step {result.steps}; run the same command with --resume"
        )
    return result


@contextmanager
def _nothing_left_behind(out: Path) -> Iterator[None]:
    """After an error, remove what the run wrote to ``out``, unless there is a checkpoint to keep.

    An interruption leaves the tokenized rows: the same command takes them up.
    """
    before = set(out.iterdir()) if out.is_dir() else None
    try:
        yield
    except LongalpacaError:
        if not any(out.glob(CHECKPOINTS)):
            for path in set(out.iterdir()) - (before or set()) if out.is_dir() else ():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            if before is None and out.is_dir():
                out.rmdir()
        raise


def _parallel(recipe: SftRecipe, world: int) -> Parallel:
    """Return how weights are spread over ``world`` processes, on however many machines."""
    if world <= 1 and recipe.parallel != "zero3":
        return "none"
    from longalpaca_data.train.model.architecture import config_of, count_parameters, gpu_bytes  # noqa: PLC0415 - heavy

    config = config_of(recipe)
    counts = count_parameters(config, tune_options(recipe))
    return choose_parallel(recipe, config, counts, world, gpu_bytes())


def _check_cpu(recipe: SftRecipe) -> None:
    """Raise where nobody asked for the CPU and the model is far too large for it."""
    from longalpaca_data.train.model.architecture import config_of, count_parameters  # noqa: PLC0415 - heavy

    weights = count_parameters(config_of(recipe), TuneOptions(tune="full")).trained
    if weights > CPU_WEIGHTS:
        raise LongalpacaError(
            f"no GPU found, and {recipe.model} has {weights / 1e9:.1f} billion weights",
            do="use --recipe sft-tiny for a small model, or --gpus 0 if the CPU is meant",
        )


def _check_output(out: Path, *, resume: bool) -> None:
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file", do="choose another --out")
    finished = (out / CONFIG_FILE).exists()
    begun = any(out.glob(CHECKPOINTS))
    if finished or (begun and not resume):
        what = "a finished model" if finished else "checkpoints of an unfinished run"
        do = "choose another --out" if finished else "add --resume, or choose another --out"
        raise OutputError(f"{out} holds {what}", do=do)
    if resume:
        whole_checkpoint(out)


def run_processes(
    settings: Settings,
    processes: int,
    torchrun: Iterable[str] = (),
    *,
    run: list[str] | None = None,
) -> Result:
    """Start the workers and wait; SIGINT and SIGTERM make all of them save and stop.

    A second signal ends them at once: KeyboardInterrupt, whose text says how to go on. ``run``
    replaces the command (the tests' way to have FSDP on the CPU).
    """
    out = Path(settings.out)
    path = out / SETTINGS_FILE
    if node_count(torchrun) > 1:  # the machines may share the folder
        path = path.with_stem(f"{path.stem}-{socket.gethostname()}-{os.getpid()}")
    told_in = result_file(path)
    with output_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(settings)))
    told_in.unlink(missing_ok=True)
    threads = str(max(1, (os.cpu_count() or 1) // max(processes, 1)))
    process = subprocess.Popen(  # noqa: S603 - our own command
        run or command(path, processes, torchrun, parallel=settings.parallel),
        env={"OMP_NUM_THREADS": threads, **os.environ},
        # Its own session: Ctrl-C reaches this process only, which asks the workers to stop.
        start_new_session=True,
        stdout=STDERR,
    )
    code, ended = _wait(process, out / STOP_FILE)
    if ended and not told_in.is_file():
        for leftover in (path, out / STOP_FILE):
            leftover.unlink(missing_ok=True)
        more = " with --resume" if any(out.glob(CHECKPOINTS)) else ""
        raise KeyboardInterrupt(f"ended without saving; run the same command again{more}")
    if not told_in.is_file():
        raise LongalpacaError(
            f"the training processes ended with code {code}", do="see their messages above"
        )
    told = json.loads(told_in.read_text())
    for leftover in (path, told_in, out / STOP_FILE):
        leftover.unlink(missing_ok=True)
    if "error" in told:
        if not any(out.iterdir()):
            out.rmdir()
        raise LongalpacaError(told["error"])
    return Result(**told)


def _wait(process: subprocess.Popen[bytes], stop_file: Path) -> tuple[int, bool]:
    """Wait for the workers. The first signal asks them to stop, the second ends them.

    Returns their exit code, and whether they were ended.
    """
    asked = ended = False

    def on_signal(*_: object) -> None:
        nonlocal asked, ended
        if asked:
            ended = True
            process.terminate()
        else:
            print("stopping after a step; once more ends at once", file=sys.stderr)  # noqa: T201
        asked = True
        stop_file.touch()

    before = {n: signal.signal(n, on_signal) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        return process.wait(), ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def check_packages(recipe: SftRecipe, parallel: str) -> None:
    """Raise for optional packages that the recipe needs and that are not there."""
    wanted = [(str(name), f"report_to: {name}") for name in recipe.report_to]
    if parallel == "zero3":
        wanted.append(("deepspeed", "parallel: zero3"))
    for package, purpose in wanted:
        if importlib.util.find_spec(package) is None:
            raise MissingPackageError(package, extra=package, purpose=purpose)
