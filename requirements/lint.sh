#!/bin/sh
# Everything that judges code without running it.
set -eu
ruff check --quiet .
ruff format --quiet --check .
sh requirements/paths.sh
export PYTHONPATH=$PWD/.mypy_cache/path
lint-imports --no-cache >/dev/null || { lint-imports --no-cache; exit 1; }
MYPYPATH=.mypy_cache/path mypy -p vidattn.bench -p vidattn.data -p vidattn.models
