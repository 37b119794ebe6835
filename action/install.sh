#!/usr/bin/env bash
# Installs the package beside the job's workspace, and puts `assay` on the path of the steps that follow.
set -euo pipefail
spec=$ASSAY_VERSION
case $spec in
  */* | *.tgz) ;;
  *) spec="assay@$spec" ;;
esac
npm install --prefix "$RUNNER_TEMP/assay" --no-audit --no-fund --loglevel=error "$spec"
echo "$RUNNER_TEMP/assay/node_modules/.bin" >> "$GITHUB_PATH"
