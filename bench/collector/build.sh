#!/bin/sh
# Builds the OpenTelemetry Collector of build.yaml from its Go modules, once, into ~/.cache/assay/collector. Needs go 1.25 or later.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
to="${ASSAY_CACHE:-$HOME/.cache/assay}/collector"
[ -x "$to/otelcol-bench" ] && exit 0
mkdir -p "$to"
[ -x "$to/builder" ] || GOBIN="$to" go install go.opentelemetry.io/collector/cmd/builder@v0.155.0
sed "s|^  version:|  output_path: $to/build\n  version:|" "$here/build.yaml" > "$to/build.yaml"
# Tidying wants the modules of other modules' tests, which this needs none of: go takes what the sources import.
"$to/builder" --config "$to/build.yaml" --skip-get-modules --skip-compilation
cd "$to/build"
go build -mod=mod -trimpath -ldflags '-s -w' -o "$to/otelcol-bench" .
