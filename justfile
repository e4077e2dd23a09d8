# Every task of this repository. `just` alone lists them.

set shell := ["bash", "-euo", "pipefail", "-c"]

stepmill := "target/debug/stepmill"
# Step crates share one target folder, apart from the host's.
guests := justfile_directory() / "target/guests"
# Put before what needs Node.js: without it nothing of the UI is built or tested, which is no success where CI asks.
without_node := 'command -v npm >/dev/null || { echo "no Node.js: the web UI is left out"; exit ${CI:+1}; };'

_list:
    @just --list --unsorted

# Build the host and the example steps, and run the weather pipeline on real data
demo: build
    {{ stepmill }} run examples/pipelines/weather.toml

# Run every test
test: build guests _strace _faketime ui && _test-ui
    cargo test --workspace --features stepmill-sdk/http
    cd examples/steps && cargo test

# Build the web UI; the host serves it from then on
ui: _packages
    {{ without_node }} cd ui && npm run --silent build -- --logLevel warn

# Test the web UI: its functions, its components, and the whole of it in a browser
test-ui: build guests ui && _test-ui

# Everything else that must hold: format, lints, documentation, licences, layering
check: _toolchain
    cargo fmt --all --check
    cd examples/steps && cargo fmt --all --check
    cd tests/guests && cargo fmt --all --check
    cargo clippy --workspace --all-targets --features stepmill-sdk/http -- -D warnings
    cd examples/steps && cargo clippy --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --features stepmill-sdk/http --no-deps --document-private-items
    just licences check-ui

# Format, lints and types of the web UI; that its idea of the API is the host's
check-ui: _packages
    {{ without_node }} cd ui && npm run --silent check && npm run --silent types -- --check

# Measure, compare with the floor, write docs/benchmarks.md; fails where a ratio is missed
bench: build guests
    cargo bench --profile dev --package stepmill-tests

# Measure the web UI in a browser, write docs/benchmarks-ui.md; fails where a bound is missed
bench-ui: build guests ui _chromium
    cd ui && npm run --silent bench

# Take pictures of every view, light and dark, into docs/screenshots
screenshots: build guests ui _chromium
    cd ui && npm run --silent screenshots

# Kill `stepmill run` and `stepmill serve` under load, on disks that are slow, fail or are full, and see that nothing is lost
crash kills="100": build guests _strace
    STEPMILL_KILLS={{ kills }} cargo test --package stepmill-tests --test e2e -- --nocapture crash

# Let simulated worlds go by, with about a million events; `STEPMILL_SEED=n` shows again what a seed does
simulate seeds="600":
    STEPMILL_SEEDS={{ seeds }} cargo test --package stepmill --lib -- --nocapture app::simulation::what_is_promised

# Fail every call that storage makes in every way, in a simulation that also loses power, with so many seeds; then of the binary
faults seeds="3": build guests _strace
    STEPMILL_FAULTS={{ seeds }} cargo test --package stepmill --lib -- --nocapture faults::
    STEPMILL_FAULTS={{ seeds }} cargo test --package stepmill-tests --test e2e -- --nocapture faults::

# Write down what the API is
openapi:
    STEPMILL_ACCEPT=1 cargo test --workspace --lib -- the_committed_description_is_that_of_the_routes

# Format everything
fmt:
    cargo fmt --all
    cd examples/steps && cargo fmt --all
    cd tests/guests && cargo fmt --all
    {{ without_node }} cd ui && npm run --silent format

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

# Tests watch system calls, and let them fail.
_strace:
    @command -v strace >/dev/null || [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null || \
        { apt-get update -qq && apt-get install -qqy strace; }

# A test shows the binary another time.
_faketime:
    @ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null || \
        { apt-get update -qq && apt-get install -qqy faketime; }

_test-ui: _chromium
    {{ without_node }} cd ui && npm run --silent test && npm run --silent e2e

# The packages of the web UI, where they are not those of the lock file. Not by `npm ci`, which also wants what only other
# systems need, and which not every registry has.
_packages:
    {{ without_node }} cd ui && \
        [[ node_modules/.package-lock.json -nt package-lock.json ]] || npm install --no-save --loglevel error

# The tests of the web UI look at it through a browser.
_chromium:
    @command -v chromium chromium-browser google-chrome >/dev/null || [[ -n "${STEPMILL_CHROMIUM:-}" || $(id -u) != 0 ]] || \
        ! command -v apt-get >/dev/null || { apt-get update -qq && apt-get install -qqy --no-install-recommends chromium; }

_toolchain:
    @rustup target list --installed | grep -qx wasm32-wasip2 || rustup target add wasm32-wasip2
