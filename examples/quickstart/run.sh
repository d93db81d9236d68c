#!/bin/sh
# The main job, in the sandbox: plan, apply, and a second plan that finds nothing to do.
# Builds secsync first. Needs Rust and no account.
set -eu
cd "$(dirname "$0")"
rm -rf .secsync

echo "Building secsync; the first time takes some minutes."
cargo build --quiet

step() {
    printf '\n$ secsync %s\n' "$*"
    cargo run --quiet -- "$@"
}

step plan --sandbox
step apply --sandbox --auto-approve --wait
step plan --sandbox --detailed-exitcode
