#!/bin/sh
# Folders named like the import path, for tools that read sources: vidattn.bench lies in bench/.
set -eu
mkdir -p .mypy_cache/path/vidattn
for part in bench data models; do ln -sfn "$PWD/$part" ".mypy_cache/path/vidattn/$part"; done
