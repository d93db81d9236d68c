# The words of everyday work. `.ci/run` uses them too.

export PATH := justfile_directory() / "target/tools/bin:" + env("PATH")

_list:
    @just --list --unsorted

# every test, or those that the arguments of `cargo test` name
test *ARGUMENTS:
    cargo test --locked {{ ARGUMENTS }}

# formatting, Clippy and rustdoc, with warnings as errors
lint:
    cargo fmt --check
    cargo clippy --locked --all-targets -- --deny warnings
    RUSTDOCFLAGS="--deny warnings" cargo doc --locked --no-deps --document-private-items

# licences, sources and versions of the dependencies
deny: _tools
    cargo deny --locked check --deny unnecessary-skip --deny unmatched-skip bans licenses sources

# the workflows of the code host
workflows: _tools
    check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
    check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
    zizmor --offline --quiet .github

# the Action, its scripts, and the examples of pipelines
pipelines: _tools
    python3 .ci/pipelines

# the book of docs/, into target/book; `just docs serve` shows it while writing
docs COMMAND="build": _tools
    NO_MKDOCS_2_WARNING=1 mkdocs {{ COMMAND }}

# the parts of docs/ that the program says itself, written anew
generate:
    SECSYNC_BLESS=1 cargo test --locked --test cli -- picture:: reference:: requests:: tutorial::
    SECSYNC_BLESS=1 cargo test --locked --test library -- schema::editor::

# the benchmarks
bench *ARGUMENTS:
    cargo bench --locked {{ ARGUMENTS }}

# the table of times, memory and instructions for workspaces of 1 to 100,000 syncs
performance *ARGUMENTS: release
    benches/performance.py {{ ARGUMENTS }}

# the program as it is released
release:
    cargo build --locked --release

# the packages of this machine, installed into empty places and run; needs `just release`
packages: _tools
    packaging/check

# everything that must pass before a change lands
ci:
    .ci/run

# The tools beside Rust, in target/tools.
_tools:
    @.ci/tools
