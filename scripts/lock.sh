#!/usr/bin/env bash
# Writes constraints.txt: the exact version of every package of every extra, resolved in a fresh
# environment. Run the tests afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
fresh="$(mktemp -d)"
trap 'rm -rf "$fresh"' EXIT
"${PYTHON:-python3}" -m venv "$fresh"
"$fresh/bin/python" -m pip install --quiet --disable-pip-version-check ".[dev,train]"
{
  echo "# The exact versions that this project is tested with. Written by scripts/lock.sh."
  "$fresh/bin/python" -m pip freeze --exclude longalpaca-data | sed -e 's/ @ .*//' -e 's/+cpu$//' | grep '=='
} > constraints.txt.new
mv constraints.txt.new constraints.txt
