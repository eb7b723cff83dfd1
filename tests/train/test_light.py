"""What a launcher imports: it must answer before torch, which takes seconds, has been loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "peft", "trl", "datasets", "accelerate", "bitsandbytes")


@pytest.mark.parametrize(
    "module",
    ["", ".recipe", ".attention.groups", ".attention.heads", ".run.launch", ".run.options"],
)
def test_no_tensor_library_is_imported(module):
    name = f"longalpaca_data.train{module}"
    code = f"import sys, {name}; print(*sorted({set(HEAVY)} & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
