#!/usr/bin/env bash
# Builds the components that the tests run into the folder given, and puts them side by side in `components/`.
set -euo pipefail
target=$(realpath -m "$1")
cd "$(dirname "$0")"
mkdir -p "$target/components"

for crate in behaviours bare flow hostile outside wide; do
  CARGO_TARGET_DIR=$target cargo rustc --quiet --locked --lib --crate-type cdylib --target wasm32-wasip2 --release --package "$crate"
  cp "$target/wasm32-wasip2/release/$crate.wasm" "$target/components/"
done
