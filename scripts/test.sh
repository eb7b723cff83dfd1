#!/usr/bin/env bash
# Sets everything up and runs the whole test suite, on every core. Further words go to pytest:
#   bash scripts/test.sh -m 'not slow'
#   bash scripts/test.sh -n 0 tests/test_build.py     # in this process, for a debugger
set -euo pipefail
unset PYTHONDONTWRITEBYTECODE  # hundreds of processes would compile the package anew
cd "$(dirname "$0")/.."
source scripts/environment.sh
environment dev
tools
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
exec .venv/bin/python -m pytest -n "$(cores)" --dist worksteal "$@"
