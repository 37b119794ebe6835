#!/usr/bin/env bash
# Runs every step whatever the one before it found, and tells the outcome in the job's outputs: `result.sh` decides what fails.
set -uo pipefail
read -ra paths <<< "$ASSAY_PATHS"
junit=$RUNNER_TEMP/assay-junit.xml
comment=$RUNNER_TEMP/assay-comment.md
result=passed
series_changed=
written=

# What the change makes of stored traces. An instance that is away is no reason to stop a change.
backtest() {
  echo
  assay backtest --server "$ASSAY_BACKTEST_SERVER" --since "$ASSAY_BACKTEST_SINCE" \
    --against "origin/$GITHUB_BASE_REF" --evals "${paths[@]}" --markdown ||
    echo "::warning::no backtest: assay backtest ended with $?, see the step's log" >&2
}

# Standard output, and annotations at the lines in the pull request.
assay check "${paths[@]}" || result=failed

if [ "$ASSAY_FORMAT" = true ]; then
  assay fmt --check "${paths[@]}" || result=failed
fi

coverage=()
if [ -n "$ASSAY_MIN_COVERAGE" ]; then coverage=(--min-coverage "$ASSAY_MIN_COVERAGE"); fi
assay test "${paths[@]}" --junit "$junit" ${coverage[@]+"${coverage[@]}"} || result=failed

if [ -n "${GITHUB_BASE_REF:-}" ]; then
  # A shallow checkout has no base to compare with.
  if [ "$(git rev-parse --is-shallow-repository)" = true ]; then git fetch --quiet --unshallow origin; fi
  git fetch --quiet origin "+refs/heads/$GITHUB_BASE_REF:refs/remotes/origin/$GITHUB_BASE_REF"
  compare=(diff "origin/$GITHUB_BASE_REF" --merge-base --evals "${paths[@]}")
  # With the traffic of an instance it also says what changed alerts can see.
  traffic=()
  if [ -n "$ASSAY_BACKTEST_SERVER" ]; then traffic=(--server "$ASSAY_BACKTEST_SERVER" --since "$ASSAY_BACKTEST_SINCE"); fi
  if assay "${compare[@]}" ${traffic[@]+"${traffic[@]}"} --markdown > "$comment"; then
    if [ -n "$ASSAY_BACKTEST_SERVER" ]; then backtest >> "$comment"; fi
    written=$comment
    cat "$comment" >> "$GITHUB_STEP_SUMMARY"
    series_changed=$(assay "${compare[@]}" --json | node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).summary.series')
  else
    result=failed
  fi
fi

{
  echo "result=$result"
  echo "series-changed=$series_changed"
  echo "junit=$junit"
  echo "comment=$written"
} >> "$GITHUB_OUTPUT"
