#!/usr/bin/env bash
# The job's outcome, by what the workflow asked for.
set -euo pipefail
case $ASSAY_FAIL_ON in
  never) exit 0 ;;
  errors | series) ;;
  *)
    echo "::error::fail-on is $ASSAY_FAIL_ON: it takes errors, series or never"
    exit 2
    ;;
esac
if [ "$ASSAY_RESULT" != passed ]; then
  echo "::error::the evals do not pass: the step before says why"
  exit 1
fi
if [ "$ASSAY_FAIL_ON" = series ] && [ "${ASSAY_SERIES_CHANGED:-0}" != 0 ]; then
  echo "::error::$ASSAY_SERIES_CHANGED evals start a new series: results before and after this change cannot be compared"
  exit 1
fi
