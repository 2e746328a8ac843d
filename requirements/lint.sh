#!/bin/sh
# Everything that judges code without running it.
set -eu
ruff check --quiet .
ruff format --quiet --check .
lint-imports --no-cache >/dev/null || { lint-imports --no-cache; exit 1; }
mypy bench data models
