#!/bin/sh
# Create .venv and install a frozen list into it: sh requirements/install.sh run|test
# A second call with an unchanged list does nothing.
set -eu
list=$1
cd "$(dirname "$0")/.."
python=${PYTHON:-python3.11}
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || {
  echo "vidattn needs Python 3.11, but '$python' is not it. Install Python 3.11 or call make with PYTHON=/path/to/python3.11." >&2
  exit 1
}
stamp=.venv/.installed-$list
wanted=$(cat "requirements/$list.txt" pyproject.toml requirements/install.sh | cksum)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0
echo "Setting up .venv ($list): packages are downloaded on first use"
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/uv.txt
export VIRTUAL_ENV=$PWD/.venv UV_HTTP_TIMEOUT=300
.venv/bin/uv pip install --quiet --compile-bytecode --require-hashes -r "requirements/$list.txt"
.venv/bin/uv pip install --quiet --no-deps --no-build-isolation --offline -e .
echo "$wanted" > "$stamp"
