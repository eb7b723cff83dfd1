#!/usr/bin/env bash
# Sets everything up and runs the whole test suite. Further words go to pytest:
#   bash scripts/test.sh -m 'not slow'
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
environment dev
tools
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
exec .venv/bin/python -m pytest "$@"
