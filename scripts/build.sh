#!/usr/bin/env bash
# Sets everything up and builds the default recipe. Further words go to `build`:
#   bash scripts/build.sh --source my-books --out data/out/my-books
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
environment offline
exec .venv/bin/python cli.py build "$@"
