#!/bin/sh
# Run one suite: data first, then every run on all cores, then dvc repro, which finds the runs done.
set -eu
suite=$1 jobs=$2
vidattn grid --suite "$suite" --select
dvc repro --quiet data
vidattn grid --jobs "$jobs"
dvc repro --quiet
vidattn tables --show
echo "Report:  results/report.html"
echo "Tables:  results/tables/"
echo "Compare: .venv/bin/vidattn mlflow ui"
