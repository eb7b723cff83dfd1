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


def test_a_dry_run_imports_no_trainer_and_says_nothing_else():
    """What it counts, it counts without PEFT, whose import takes as long as torch's."""
    pytest.importorskip("transformers", reason="a dry run needs transformers")
    code = (
        "import sys; from longalpaca_data.cli import main; sys.argv = ['cli.py', 'sft', '--recipe',"
        " 'sft-tiny', '--gpus', '0', '--dry-run']\n"
        "try: main()\n"
        f"finally: print('imported', *sorted({set(HEAVY)} & sys.modules.keys()))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stderr == ""
    *_, last = found.stdout.splitlines()
    assert set(last.split()) <= {"imported", "torch", "transformers", "accelerate"}
