"""What a run reports when it has ended: its processes hand it to the launcher as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """What a run did. Losses are means over documents."""

    out: str
    steps: int
    interrupted: bool
    loss_first: float | None
    loss_last: float | None
    eval_loss_before: float | None
    eval_loss_after: float | None
    trained: int
    frozen: int
    held_out: int
    """Rows on which the eval losses were measured, with full attention."""
    data: dict[str, Any]
    """Counts of the rows trained on."""

    def line(self) -> str:
        """Return the result as a person wants it: where, how far, what became of the losses."""
        parts = [f"{self.out}: {self.steps:,} step{'s' if self.steps != 1 else ''}"]
        if self.loss_first is not None and self.loss_last is not None:
            parts.append(f"training loss {self.loss_first:.4f} → {self.loss_last:.4f}")
        if self.eval_loss_before is not None and self.eval_loss_after is not None:
            before, after = self.eval_loss_before, self.eval_loss_after
            parts.append(f"held-out loss {before:.4f} → {after:.4f} ({self.held_out:,} rows)")
        return ", ".join(parts)
