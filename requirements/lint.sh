#!/bin/sh
# Everything that judges code without running it.
set -eu
ruff check --quiet .
ruff format --quiet --check .
lint-imports --no-cache >/dev/null || { lint-imports --no-cache; exit 1; }
# mypy wants folders named like the import path: vidattn.bench lies in bench/.
mkdir -p .mypy_cache/path/vidattn
for part in bench data models; do ln -sfn "$PWD/$part" ".mypy_cache/path/vidattn/$part"; done
MYPYPATH=.mypy_cache/path mypy -p vidattn.bench -p vidattn.data -p vidattn.models
