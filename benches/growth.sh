#!/usr/bin/env bash
# What a larger registry costs: the build, the start of the program and a look-up, before and after
# 2,000 synthetic providers with ten capabilities each. Works in a copy, which it builds from nothing.
#
#   benches/growth.sh [COUNT]        as contributors build it
#   PROFILE=release benches/growth.sh
set -euo pipefail
cd "$(dirname "$0")/.."
count=${1:-2000}
profile=${PROFILE:-dev}
folder=${profile/dev/debug}
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$copy"
cd "$copy"
export AIVAULT_DIR=$copy/vault AIVAULTD_DISABLE=1

# Seconds of one build after a provider file changed, everything else being built.
build() {
    touch build.rs
    local TIMEFORMAT=%R
    { time cargo build --profile "$profile" --quiet --bin aivault 2>/dev/null; } 2>&1
}

# Milliseconds of one run, the median of 201.
run() {
    for _ in $(seq 201); do
        local start=${EPOCHREALTIME/./}
        "$@" >/dev/null
        echo $((${EPOCHREALTIME/./} - start))
    done | sort -n | sed -n 101p | awk '{ printf "%.2f", $1 / 1000 }'
}

measure() {
    local built=$1
    cp "target/$folder/aivault" "$copy/aivault-$2"
    printf '%-8s build %6s s   --version %s ms   status %s ms   describe %s ms\n' "$2" "$built" \
        "$(run "./aivault-$2" --version)" "$(run "./aivault-$2" status)" \
        "$(run "./aivault-$2" capability describe openai/chat-completions)"
}

build >/dev/null
"./target/$folder/aivault" status >/dev/null
measure "$(build)" before
cargo run --quiet --package aivault-tools -- grow "$count" providers >/dev/null
measure "$(build)" after
