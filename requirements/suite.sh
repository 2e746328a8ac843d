#!/bin/sh
# Run one suite: its data, then every missing run on all cores, then dvc repro, which finds the runs done.
# What dvc says of its steps is left out, its errors are not: they go to stderr.
set -eu
suite=$1 jobs=$2
here=$(dirname "$0")
done=.dvc/tmp/suite_done  # the state of all files when dvc last found nothing to do
state() { python -S "$here/state.py" "$suite"; }
if [ ! -e .git ]; then  # a copy without its history
  dvc config --local core.no_scm true
fi
if [ -e .dvc/tmp/rwlock ] && ! python -m json.tool .dvc/tmp/rwlock >/dev/null 2>&1; then
  echo ".dvc/tmp/rwlock was left half written by a dvc that was killed; removed." >&2
  rm .dvc/tmp/rwlock
fi
if [ -f "$done" ] && [ "$(cat "$done")" = "$(state)" ]; then
  echo "Everything is up to date."
else
  vidattn grid --select "$suite"
  seen=$(state)  # before dvc looks: what is edited meanwhile is looked at next time
  changed=1  # where nothing was made yet, dvc need not look for what changed
  if [ -d data/store/scores ]; then
    changed=0
    dvc status --quiet || changed=$?
  fi
  if [ "$changed" -gt 1 ]; then
    dvc status >/dev/null  # again, to say why
    exit "$changed"
  elif [ "$changed" -eq 0 ]; then
    echo "Everything is up to date."
    echo "$seen" > "$done"
  else
    stages=$(dvc stage list --name-only)
    # Without dvc's cache of runs: it would bring scores back without what .dvcignore keeps from it.
    dvc repro --no-run-cache plan $(echo "$stages" | grep -E '^(frames|flow|encode)@' || true) >/dev/null
    # What another machine made and `vidattn store pull` brought is up to date, whatever device made it.
    [ -d data/store/scores ] && dvc status --quiet $(echo "$stages" | grep -E '^(train|fuse)@' || true) ||
      vidattn grid --jobs "$jobs"
    dvc repro --no-run-cache >/dev/null
    seen=$(state)
    dvc status --quiet && echo "$seen" > "$done"
  fi
fi
vidattn tables --show
if [ -f results/findings.md ]; then
  sed -n "/^## /q; s/^- //p" results/findings.md # the answer in sentences
fi
echo "Report   results/report.html"
echo "Tables   results/tables/"
echo "Compare  .venv/bin/vidattn mlflow ui"
