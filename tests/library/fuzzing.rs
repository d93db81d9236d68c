//! The functions that `cargo fuzz` calls, on bytes that follow from a seed: for a while on every
//! run, and longer if asked.
//!
//! ```text
//! SECSYNC_FUZZ_SECONDS=600 cargo test --test library fuzzing -- --test-threads 1
//! ```

mod targets;

use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use camino::Utf8Path;
use serde_json::json;

use super::repository;

/// How long each target is tried if nobody says otherwise.
const USUAL: Duration = Duration::from_secs(2);
/// No input may take longer than that in a debug build, by the time of the processor.
const PATIENCE: Duration = Duration::from_secs(5);
/// No input is longer than that, in bytes.
const LONGEST: usize = 64 * 1024;

/// Pieces of the languages that the inputs are written in, and some that are hard to print.
const WORDS: [&str; 44] = [
    "\n",
    "  ",
    ": ",
    "- ",
    "? ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"",
    "'",
    "|\n",
    ">-\n",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "---\n",
    "...\n",
    "# ",
    "%YAML 1.2\n",
    "\t",
    "null",
    "true",
    "~",
    "0x1f",
    "1e999",
    "-0",
    "18446744073709551616",
    "${var.A}",
    "$${var.A}",
    "${matrix.a}",
    "{{secretKey}}",
    "\u{202e}",
    "\u{0}",
    "\u{feff}",
    "\u{1f469}\u{200d}\u{1f680}",
    "e\u{301}",
    "\\u0000",
    "renamedFrom: ",
    "matrix:\n",
    "$ref",
    "oneOf",
];

fn examples(target: &str) -> Vec<Vec<u8>> {
    let root = repository();
    let read = |path: &str| fs::read(root.join(path)).unwrap();
    match target {
        "sync_file" => vec![
            read("examples/quickstart/syncs/payments.yaml"),
            read("examples/quickstart/syncs/web.yaml"),
        ],
        "workspace_file" => vec![
            read("examples/quickstart/secsync.yaml"),
            b"version: 1\ninclude: [\"syncs/**/*.yaml\"]\nproviders: { onprem: { type: infisical, url: \
              https://secrets.corp.example } }\nvariables: { ENV: { default: dev } }\nlint: { \
              destructive-first-sync: deny }\nunmanaged: { ignore: [\"legacy-*\"] }\nprotect: [\"prod-*\"]\n\
              state: .secsync/state.json\n"
                .to_vec(),
        ],
        "openapi" => vec![
            read("tests/fixtures/openapi/depot.openapi.json"),
            read("tests/fixtures/openapi/quay.openapi.yaml"),
            read("tests/fixtures/openapi/start.md"),
        ],
        "saved_plan" => vec![saved_plan(&root)],
        "state" => vec![
            json!({"version": 1, "starts": [{
                "server": "https://api.enkryptify.com", "destination": "vercel", "project": "prj_1",
                "name": "web", "syncConfigId": "c1", "recordedAt": "2026-01-02T03:04:05Z", "run": "1",
            }]})
            .to_string()
            .into_bytes(),
        ],
        "api_answer" => answers(&root),
        other => panic!("{other} has no examples"),
    }
}

/// A plan for the sandbox, as the program saves it.
fn saved_plan(root: &Utf8Path) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("saved.plan");
    let program = env::var("CARGO_BIN_EXE_secsync")
        .unwrap_or_else(|_| env!("CARGO_BIN_EXE_secsync").to_owned());
    let syncs = root.join("examples/quickstart/syncs");
    let status = std::process::Command::new(program)
        .args(["plan", "--sandbox", "--out"])
        .args([file.as_os_str(), syncs.as_std_path().as_os_str()])
        .current_dir(directory.path())
        .env_clear()
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
    fs::read(file).unwrap()
}

/// A status by its first byte, and what real servers answered.
fn answers(root: &Utf8Path) -> Vec<Vec<u8>> {
    let recorded = fs::read_to_string(root.join("tests/library/sandbox/recorded/infisical.jsonl"));
    let answers = recorded.unwrap();
    let mut all: Vec<Vec<u8>> = answers
        .lines()
        .filter_map(|line| {
            let exchange: serde_json::Value = serde_json::from_str(line).ok()?;
            let body = exchange.get("response")?.to_string();
            let is_success = exchange["status"] == 200;
            Some([&[if is_success { 0 } else { 4 }], body.as_bytes()].concat())
        })
        .collect();
    all.push(b"\0{\"syncConfigId\": \"c1\"}".to_vec());
    all
}

/// Choices that follow from a seed. (xorshift64*)
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16;
        usize::try_from(number).unwrap() % limit.max(1)
    }

    /// A place in bytes and another after it, not far away.
    fn range(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(bytes.len() + 1);
        let length = self.below(bytes.len() - start + 1).min(1 << self.below(12));
        start..start + length
    }

    /// Bytes like one of the examples.
    fn like(&mut self, examples: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = examples[self.below(examples.len())].clone();
        for _ in 0..=self.below(8) {
            let range = self.range(&bytes);
            match self.below(7) {
                0 => {
                    bytes.drain(range);
                }
                1 => {
                    let piece = bytes[range.clone()].to_vec();
                    let often = 1 << self.below(10);
                    let times = often.min(1 + LONGEST / piece.len().max(1));
                    bytes.splice(range.start..range.start, piece.repeat(times));
                }
                2 => {
                    let other = &examples[self.below(examples.len())];
                    let piece = other[self.range(other)].to_vec();
                    bytes.splice(range, piece);
                }
                3 => {
                    if let Some(byte) = bytes.get_mut(range.start) {
                        *byte ^= 1 << self.below(8);
                    }
                }
                4 => {
                    // A number at its limits.
                    let numbers = ["-1", "0", "65536", "1e309", "9223372036854775808"];
                    let word = numbers[self.below(numbers.len())];
                    bytes.splice(range, word.bytes());
                }
                5 => {
                    let word = WORDS[self.below(WORDS.len())];
                    bytes.splice(range, word.repeat(1 << self.below(10)).into_bytes());
                }
                _ => {
                    let word = WORDS[self.below(WORDS.len())];
                    bytes.splice(range.start..range.start, word.bytes());
                }
            }
            bytes.truncate(LONGEST);
        }
        bytes
    }
}

/// How long this thread has had the processor, if the system says so: other load does not count.
fn worked() -> Duration {
    let figures = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = figures.split(' ').next().and_then(|text| text.parse().ok());
    first.map_or(Duration::ZERO, Duration::from_nanos)
}

#[allow(clippy::print_stderr, reason = "how far it came, for whoever asks")]
fn survives(name: &str, target: fn(&[u8])) {
    let asked = env::var("SECSYNC_FUZZ_SECONDS").ok();
    let time = asked.map_or(USUAL, |text| Duration::from_secs(text.parse().unwrap()));
    let examples = examples(name);
    for example in &examples {
        target(example);
    }
    let start = Instant::now();
    let mut count = 0_u64;
    while start.elapsed() < time {
        count += 1;
        let bytes = Chance(count.wrapping_mul(0x9e37_79b9_7f4a_7c15)).like(&examples);
        let begin = worked();
        let has_ended = catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_ok();
        let took = worked().saturating_sub(begin);
        if !has_ended || took > PATIENCE {
            let file = env::temp_dir().join(format!("secsync-fuzz-{name}-{count}"));
            fs::write(&file, &bytes).unwrap();
            panic!(
                "{name} took {took:?} or panicked at input {count}, now in {}",
                file.display()
            );
        }
    }
    eprintln!("{name}: {count} inputs in {:?}", start.elapsed());
}

#[test]
fn survives_any_sync_file() {
    survives("sync_file", targets::sync_file);
}

#[test]
fn survives_any_workspace_file() {
    survives("workspace_file", targets::workspace_file);
}

#[test]
fn survives_any_openapi_document() {
    survives("openapi", targets::openapi);
}

#[test]
fn survives_any_saved_plan() {
    survives("saved_plan", targets::saved_plan);
}

#[test]
fn survives_any_state() {
    survives("state", targets::state);
}

#[test]
fn survives_any_answer_of_a_server() {
    survives("api_answer", targets::api_answer);
}
