# Sourced by the other scripts: a virtual environment in .venv with the package and the given extras,
# installed from the lock. Done once; again only when pyproject.toml, the lock or the extras change.
#
# environment EXTRAS: e.g. `environment offline` or `environment dev,train`

PYTHON="${PYTHON:-python3}"

environment() {
  local extras="$1" stamp=".venv/.installed-$1" wanted
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "error: Python 3.11 or newer is needed, $("$PYTHON" --version 2>&1) was found; set PYTHON=/path/to/python3.11" >&2
    return 1
  }
  [ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
  wanted="$(cat pyproject.toml constraints.txt | cksum)"
  if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
    echo "installing longalpaca-data[$extras] into .venv (once) ..." >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
      --constraint constraints.txt --editable ".[$extras]"
    echo "$wanted" > "$stamp"
  fi
}
