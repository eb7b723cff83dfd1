"""Counts the bytes that fake tensors would take: now, at most, and by what they are for.

torch's own `torch.distributed._tools.mem_tracker.MemTracker` finds the same peaks (a test holds
that), but takes one row of numbers per module and operator: minutes where this takes seconds. And
three things of a training step can't be done with fake tensors, so they are done here by name:

* the chunked loss is one operator with a stand-in for fake tensors, which allocates only what comes
  out of it: what is inside runs instead, so that its chunks are counted;
* how many tokens a mask selects depends on its numbers, which fake tensors don't have: the number
  is given;
* a matrix product of halves into single precision exists on CUDA only: it writes where it is told.

What kernels take for themselves (the attention's backward, sorting, cuBLAS) is not seen.
"""

from __future__ import annotations

import weakref
from collections import Counter
from typing import Any

import torch
from torch._guards import active_fake_mode
from torch.distributed._tools.common_utils import get_untyped_storages
from torch.distributed.tensor import DTensor
from torch.nn.modules import linear_cross_entropy
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

GATHERED = "gathered"
"""FSDP's gathered weights and its buffers: what else a step makes empty is not flat."""


def _inside(operator: Any) -> tuple[Any, Any]:
    return operator._opoverload, operator._init_fn  # noqa: SLF001 - torch gives no other way in


OPENED = dict(
    [_inside(linear_cross_entropy._linear_cross_entropy_batch_chunked_no_reduction)]  # noqa: SLF001
)


class Tracker(TorchDispatchMode):
    """Bytes alive, in total and by stage: ``stage`` names what is allocated from then on."""

    def __init__(self, selected: int) -> None:
        super().__init__()
        self.selected = selected
        """Tokens that a mask selects."""
        self.stage = ""
        self.now = 0
        self.peak = 0
        self.peak_by_stage: Counter[str] = Counter()
        self._by_stage: Counter[str] = Counter()
        self._alive: dict[int, tuple[int, str, weakref.ref[Any]]] = {}
        self._depth = 0
        self._resize: Any = None
        self._mode: Any = None

    def see(self, tensor: torch.Tensor, maker: Any = None) -> None:
        """Count a tensor, whose storage may be known already and may have changed its size."""
        for storage in get_untyped_storages(tensor):
            key = storage._cdata  # noqa: SLF001 - the storage's identity
            if key not in self._alive:
                flat = maker is torch.ops.aten.empty.memory_format and tensor.ndim == 1
                reference = weakref.ref(storage, lambda _, key=key: self._gone(key))
                self._alive[key] = (0, GATHERED if flat else self.stage, reference)
            self._size(key, storage.size())

    def _size(self, key: int, size: int) -> None:
        before, stage, reference = self._alive[key]
        self._alive[key] = (size, stage, reference)
        self.now += size - before
        self._by_stage[stage] += size - before

    def _gone(self, key: int) -> None:
        self._size(key, 0)
        del self._alive[key]

    def restart(self) -> None:
        """Look for the peak from now on."""
        self.peak, self.peak_by_stage = 0, Counter()

    def __enter__(self) -> Tracker:
        if self._depth == 0:
            self._mode = active_fake_mode()
            original = self._resize = torch.UntypedStorage.resize_

            def resize(storage: Any, size: int) -> Any:  # how FSDP frees what it gathered
                result = original(storage, size)
                if storage._cdata in self._alive:  # noqa: SLF001
                    self._size(storage._cdata, storage.size())  # noqa: SLF001
                return result

            torch.UntypedStorage.resize_ = resize
        self._depth += 1
        super().__enter__()
        return self

    def __exit__(self, *args: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            torch.UntypedStorage.resize_ = self._resize
        super().__exit__(*args)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if any(issubclass(kind, DTensor) for kind in types):
            return NotImplemented  # it becomes operators on this rank's shard
        if func in OPENED:
            with self:
                return OPENED[func](*args, **kwargs)
        if func is torch.ops.aten.mm.dtype_out:
            return kwargs["out"]
        if func is torch.ops._c10d_functional.wait_tensor.default:  # noqa: SLF001
            return args[0]  # its stand-in makes a new tensor, which the real one does not
        if func is torch.ops.aten.index.Tensor and args[1][0].dtype is torch.bool:
            shape = (self.selected, *args[0].shape[args[1][0].ndim :])
            with self:
                return args[0].new_empty(shape)
        result = func(*args, **kwargs)
        if active_fake_mode() is self._mode:  # not when DTensor tries out shapes
            for leaf in tree_leaves(result):
                if isinstance(leaf, torch.Tensor):
                    self.see(leaf, func)
            if self.now > self.peak:
                self.peak, self.peak_by_stage = self.now, self._by_stage.copy()
        return result
