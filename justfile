# Every task of this repository. `just` alone lists them.

set shell := ["bash", "-euo", "pipefail", "-c"]

stepmill := "target/debug/stepmill"
# Step crates share one target folder, apart from the host's.
guests := justfile_directory() / "target/guests"

_list:
    @just --list --unsorted

# Build the host and the example steps, and run the weather pipeline on real data
demo: build
    {{ stepmill }} run examples/pipelines/weather.toml

# Run every test
test: build guests _strace
    cargo test --workspace --features stepmill-sdk/http
    cd examples/steps && cargo test

# Everything else that must hold: format, lints, documentation, licences, layering
check: _toolchain
    cargo fmt --all --check
    cd examples/steps && cargo fmt --all --check
    cd tests/guests && cargo fmt --all --check
    cargo clippy --workspace --all-targets --features stepmill-sdk/http -- -D warnings
    cd examples/steps && cargo clippy --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --features stepmill-sdk/http --no-deps --document-private-items
    just licences

# Measure, compare with the floor, write docs/benchmarks.md; fails where a ratio is missed
bench: build guests
    cargo bench --profile dev --package stepmill-tests

# Kill `stepmill run` at random points and resume it
crash kills="100": build guests
    STEPMILL_KILLS={{ kills }} cargo test --package stepmill-tests --test e2e -- --nocapture crash

# Write down what the API is
openapi:
    STEPMILL_ACCEPT=1 cargo test --workspace --lib -- the_committed_description_is_that_of_the_routes

# Format everything
fmt:
    cargo fmt --all
    cd examples/steps && cargo fmt --all
    cd tests/guests && cargo fmt --all

# Build the host
build: _toolchain
    cargo build --workspace

# Build the components that the tests run
guests: _toolchain
    tests/guests/build.sh {{ guests }}

# Check the licences and sources of all dependencies
licences:
    @command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
    # Also what only other systems need: its licence is looked at too.
    cargo fetch --locked
    cargo deny --offline --log-level error check licenses bans sources

# The durability tests watch system calls.
_strace:
    @command -v strace >/dev/null || [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null || \
        { apt-get update -qq && apt-get install -qqy strace; }

_toolchain:
    @rustup target list --installed | grep -qx wasm32-wasip2 || rustup target add wasm32-wasip2
