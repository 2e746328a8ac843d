#!/bin/sh
# Build the pages of docs/ into site/; a broken link or a docstring that cannot be read is an error.
set -eu
cp results/figures/answer.svg docs/
sh requirements/paths.sh
PYTHONPATH=$PWD/.mypy_cache/path mkdocs build --strict --quiet
echo "Pages    site/index.html"
