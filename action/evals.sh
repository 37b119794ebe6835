#!/usr/bin/env bash
# Runs every step whatever the one before it found, and tells the outcome in the job's outputs: `result.sh` decides what fails.
set -uo pipefail
read -ra paths <<< "$ASSAY_PATHS"
junit=$RUNNER_TEMP/assay-junit.xml
comment=$RUNNER_TEMP/assay-comment.md
result=passed
series_changed=
written=

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
  if assay "${compare[@]}" --markdown > "$comment"; then
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
