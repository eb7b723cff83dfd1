"""What happens beside the steps: stopping on request, switching attention, progress, metrics."""

from __future__ import annotations

import json
import math
import signal
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import torch
from tqdm import tqdm
from transformers import TrainerCallback

from longalpaca_data.core.errors import LongalpacaError
from longalpaca_data.train.model.disk import disk_errors
from longalpaca_data.train.model.memory import GIB
from longalpaca_data.train.run.files import STOP_FILE


class StopOnRequest(TrainerCallback):
    """SIGINT, SIGTERM or the stop file: finish the step, save a checkpoint, stop.

    A second signal acts as it would have without this.
    """

    def __init__(self, out: Path) -> None:
        self.stop_file = out / STOP_FILE
        self.asked = False
        self.stopped = False
        """Whether steps were left when it stopped: a request in the last step changes nothing."""
        self._before: dict[int, Any] = {}

    def install(self) -> None:
        """Take over SIGINT and SIGTERM until one arrives (main thread only)."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._request)

    def uninstall(self) -> None:
        """Let SIGINT and SIGTERM do again what they did before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _request(self, *_: object) -> None:
        self.asked = True
        self.uninstall()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Save and stop if any rank was asked to: all must do it at the same step."""
        asked = self.asked or self.stop_file.exists()
        if args.world_size > 1:
            flag = torch.tensor(int(asked), device=args.device)
            torch.distributed.all_reduce(flag, op=torch.distributed.ReduceOp.MAX)
            asked = bool(flag.item())
        if asked and state.global_step < state.max_steps:
            self.stopped = True
            control.should_save = True
            control.should_training_stop = True


class FullAttentionAtTheEnd(TrainerCallback):
    """Switch to full attention for the last ``steps`` optimizer steps."""

    def __init__(self, steps: int, full_name: str) -> None:
        self.steps = steps
        self.full_name = full_name

    def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Switch when the last steps begin, also after a resume."""
        del args, control
        model = more["model"]
        last = state.global_step >= state.max_steps - self.steps
        if last and model.config._attn_implementation != self.full_name:  # noqa: SLF001
            inner = model.get_base_model() if hasattr(model, "get_base_model") else model
            inner.set_attn_implementation(self.full_name)


class StopOnNonFiniteLoss(TrainerCallback):
    """End a run that has diverged before its checkpoints replace the good ones."""

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Raise :class:`LongalpacaError`, on all ranks: they log the same."""
        del args, control
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            raise LongalpacaError(
                f"the loss of step {state.global_step} is {loss}: training has diverged",
                do="begin anew with a lower learning_rate or more warmup_steps",
            )


class Metrics(TrainerCallback):
    """Write one JSON object per logged step; a resumed run continues the file where it left off."""

    def __init__(self, path: Path, tokens_seen: Any) -> None:
        self.path = path
        self.tokens_seen = tokens_seen
        self._since = (0.0, 0)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Drop what a broken-off run logged after its last checkpoint, or all where it had none."""
        del args, control
        self._since = (time.perf_counter(), self.tokens_seen())
        if not state.is_world_process_zero:
            return
        logged = read_metrics(self.path) if state.global_step else []
        kept = [m for m in logged if m["step"] <= state.global_step]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("".join(json.dumps(m) + "\n" for m in kept))

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Append what was logged, with tokens, tokens per second and the GPU's peak memory."""
        del args, control
        if not state.is_world_process_zero or not logs:
            return
        now, tokens = time.perf_counter(), self.tokens_seen()
        seconds, count = now - self._since[0], tokens - self._since[1]
        self._since = (now, tokens)
        record = {"step": state.global_step, **{k: v for k, v in logs.items() if k != "total_flos"}}
        if "loss" in logs:
            record["tokens"] = tokens
            record["tokens_per_second"] = round(count / max(seconds, 1e-9), 1)
            if torch.cuda.is_available():
                record["gpu_gib"] = round(torch.cuda.max_memory_allocated() / GIB, 3)
        with disk_errors(self.path.parent), self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Read a metrics file; a half-written last line is left out."""
    records = []
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            records.append(json.loads(line))
        except ValueError:
            continue
    return records


class Progress(TrainerCallback):
    """A progress bar with tokens/s and time left; plain lines where stderr is not a terminal."""

    def __init__(self, tokens_seen: Any, *, quiet: bool, stream: TextIO | None = None) -> None:
        self.tokens_seen = tokens_seen
        self.quiet = quiet
        self.stream = stream or sys.stderr
        self.bar: Any = None
        self._start = (0.0, 0, 0)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Open the bar."""
        del args, control
        self.quiet = self.quiet or not state.is_world_process_zero
        self._start = (time.perf_counter(), state.global_step, self.tokens_seen())
        if not self.quiet and self.stream.isatty():
            self.bar = tqdm(total=state.max_steps, initial=state.global_step, unit="step")

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Show loss, tokens/s and the time left."""
        del args, control
        if self.quiet or not logs or "loss" not in logs:
            return
        began, first, tokens = self._start
        seconds = time.perf_counter() - began
        done = max(state.global_step - first, 1)
        speed = f"{(self.tokens_seen() - tokens) / max(seconds, 1e-9):,.0f} tokens/s"
        if self.bar is not None:
            self.bar.update(state.global_step - self.bar.n)
            self.bar.set_postfix_str(f"loss {logs['loss']:.4f}, {speed}")
            return
        left = seconds / done * (state.max_steps - state.global_step)
        step = f"step {state.global_step}/{state.max_steps}"
        print(f"{step}  loss {logs['loss']:.4f}  {speed}  {left:,.0f} s left", file=self.stream)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Close the bar."""
        del args, state, control
        if self.bar is not None:
            self.bar.close()
