#!/bin/sh
# Run one suite: its data, then every missing run on all cores, then dvc repro, which finds the runs done.
set -eu
suite=$1 jobs=$2
vidattn grid --select "$suite"
if dvc status --quiet 2>/dev/null; then
  echo "Everything is up to date."
else
  data=$(dvc stage list --name-only | grep -E '^(frames|flow|encode)@' || true)
  if [ -n "$data" ]; then dvc repro --quiet $data; fi
  vidattn grid --jobs "$jobs"
  dvc repro --quiet
fi
vidattn tables --show
echo "Report   results/report.html"
echo "Tables   results/tables/"
echo "Compare  .venv/bin/vidattn mlflow ui"
