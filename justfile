# Conveniences over plain cargo commands; nothing needs `just`.

# The main job: all checks, then open reports/index.html
check *ARGS:
    cargo run --release -- check {{ARGS}}

# All tests
test:
    cargo test --workspace

# Draw the figures of the last run again
figures *ARGS:
    cargo run --release -- figure {{ARGS}}

# The small gallery that is committed under reports/gallery
gallery:
    bash reports/gallery.sh

# Benchmarks; docs/benchmarks.md says what each prints
bench:
    cargo bench --workspace --bench gradient
    cargo bench --workspace --bench work_precision
    cargo bench --workspace --bench kinks
    cargo bench --workspace --bench step
    cargo bench --workspace --bench lanes
    cargo bench --workspace --bench map
    cargo bench --workspace --bench certify
    cargo bench --workspace --bench lenet
    cargo bench --workspace --bench check

# What .ci/run checks besides the tests
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
