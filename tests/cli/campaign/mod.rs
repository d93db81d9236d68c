//! The campaign: random workspaces, against a server that breaks, under signals, with another
//! writer in between. Whatever happens, every line that the program says has to be true at its
//! time, nothing may be done that nobody asked for, and a last clean apply has to settle it.
//!
//! | what | where |
//! |---|---|
//! | what is declared and exists, and the runs to come | `files` |
//! | what becomes of each request | `fates` |
//! | what the platforms hold and do | `platform` |
//! | the server, which is not the sandbox | `server`, `http` |
//! | what happened | `journal` |
//! | a run of the built program | `run` |
//! | whether what it said and did was right | `judge` |
//!
//! A schedule follows from its seed, but for the order of what runs in parallel. More of them, or
//! one alone with all that it printed:
//!
//! ```text
//! SECSYNC_CAMPAIGN_SEEDS=5000 cargo test --test cli campaign
//! SECSYNC_CAMPAIGN_SEED=17 cargo test --test cli campaign -- --nocapture
//! ```
#![cfg(unix)]

mod chance;
mod fates;
mod files;
mod http;
mod journal;
mod judge;
mod platform;
mod run;
mod server;

use std::env;
use std::fmt::Write as _;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::harness::Tree;
use fates::Trials;
use files::{Schedule, Way};
use journal::Actor;
use platform::Platform;
use run::Run;
use server::Server;

/// How many schedules there are if nobody says otherwise. CI runs 500.
const USUAL: u64 = 100;
/// How many go on at once: they mostly wait.
const THREADS: usize = 12;

#[test]
fn every_word_is_true_and_every_schedule_settles() {
    let asked = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds: Range<u64> = match asked("SECSYNC_CAMPAIGN_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..asked("SECSYNC_CAMPAIGN_SEEDS").unwrap_or(USUAL),
    };
    let next = AtomicU64::new(seeds.start);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let mut play = Play::new(seed);
                    let complaints = play.play();
                    let is_alone = seeds.end - seeds.start == 1;
                    if is_alone || !complaints.is_empty() {
                        failures
                            .lock()
                            .unwrap()
                            .push((seed, complaints, play.text()));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    let mut report = String::new();
    let mut is_well = true;
    for (seed, complaints, text) in &failures {
        is_well &= complaints.is_empty();
        let _ = writeln!(report, "##### seed {seed}");
        for complaint in complaints {
            let _ = writeln!(report, "##### {complaint}");
        }
        // Whole only for a few: the rest can be had by their seeds.
        if failures.len() <= 5 {
            let _ = writeln!(report, "{text}");
        }
    }
    assert!(is_well, "{} of {seeds:?} failed:\n{report}", failures.len());
    eprint!("{report}");
}

/// A schedule as it goes on.
struct Play {
    schedule: Schedule,
    tree: Tree,
    server: Server,
    runs: Vec<Run>,
    complaints: Vec<String>,
}

impl Play {
    fn new(seed: u64) -> Self {
        let schedule = Schedule::new(seed);
        let files = schedule.files();
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, text)| (*path, text.as_str()))
            .collect();
        let server = Server::new(&schedule.entries);
        {
            let mut shared = server.lock();
            let server::Shared {
                platform, journal, ..
            } = &mut *shared;
            for (name, content) in &schedule.remote {
                let sync = (name.as_str(), content.destination);
                platform.create(sync, content.fields(), Actor::Other, journal);
            }
            schedule.prepare(platform);
        }
        server.come_to_rest();
        Self {
            tree: Tree::new(&files),
            schedule,
            server,
            runs: Vec::new(),
            complaints: Vec::new(),
        }
    }

    /// What is wrong.
    fn play(&mut self) -> Vec<String> {
        // A mistake of the harness is one of this schedule.
        if catch_unwind(AssertUnwindSafe(|| self.go())).is_err() {
            self.complaints.push("the harness panicked".to_owned());
        }
        std::mem::take(&mut self.complaints)
    }

    fn go(&mut self) {
        if self.schedule.starts().next().is_some() {
            self.run("state init", Trials::default());
        }
        let apply = format!("apply --auto-approve --max-deletes 50{}", self.flags());
        for way in self.schedule.runs.clone() {
            match way {
                Way::Apply => self.run_under_trials(&apply),
                Way::Wait => self.run_under_trials(&format!("{apply} --wait=3s")),
                Way::Twice => self.run_twice_at_once(&apply),
                Way::Saved => {
                    let plan = format!("plan --out saved.plan{}", self.flags());
                    let _ = std::fs::remove_file(self.tree.root().join("saved.plan"));
                    self.run_under_trials(&plan);
                    if self.tree.has("saved.plan") {
                        self.run_under_trials("apply saved.plan --max-deletes 50");
                    }
                }
            }
        }
        self.settle(&apply);
    }

    fn flags(&self) -> &'static str {
        if self.schedule.prunes { " --prune" } else { "" }
    }

    fn run_under_trials(&mut self, arguments: &str) {
        self.run(arguments, Trials::new(self.schedule.seed, self.runs.len()));
    }

    /// Two runs that know nothing of each other.
    fn run_twice_at_once(&mut self, arguments: &str) {
        let numbers = [self.runs.len(), self.runs.len() + 1];
        let (tree, server, seed) = (&self.tree, &self.server, self.schedule.seed);
        let runs = thread::scope(|scope| {
            let run = |number| Run::of(tree, server, number, arguments, Trials::new(seed, number));
            let both = numbers.map(|number| scope.spawn(move || run(number)));
            both.map(|run| run.join().unwrap())
        });
        self.judge(runs);
    }

    fn run(&mut self, arguments: &str, trials: Trials) {
        let number = self.runs.len();
        let run = Run::of(&self.tree, &self.server, number, arguments, trials);
        self.judge([run]);
    }

    /// Judges what runs said and did, and what they left under way, too.
    fn judge(&mut self, runs: impl IntoIterator<Item = Run>) {
        self.server.come_to_rest();
        let shared = self.server.lock();
        for run in runs {
            let complaints = judge::judge(&self.schedule, &shared.journal.events, &run);
            self.complaints.extend(complaints);
            self.runs.push(run);
        }
    }

    /// One clean apply does what is left, but for starts of which a person has to say what became.
    fn settle(&mut self, apply: &str) {
        self.server.lock().platform.failing_removals.clear();
        self.run(apply, Trials::default());
        let open: Vec<String> = self.open_starts();
        for name in &open {
            let started = {
                let shared = self.server.lock();
                let mut starts = shared.platform.starts.iter();
                starts
                    .find(|start| start.name == *name)
                    .map(|start| start.id.clone())
            };
            let truth = started.map_or("--not-started".to_owned(), |id| {
                format!("--started-as {id}")
            });
            self.run(&format!("state resolve {name} {truth}"), Trials::default());
        }
        if !open.is_empty() {
            self.run(apply, Trials::default());
        }
        let is_blocked = self.schedule.entries.iter().any(|entry| entry.is_protected);
        self.expect_code(&[0], is_blocked);
        let plan = format!("plan --detailed-exitcode{}", self.flags());
        self.run(&plan, Trials::default());
        if !is_blocked {
            self.expect_code(&[0], false);
        }
        let shared = self.server.lock();
        let differences = judge::differences(&self.schedule, &shared.platform);
        drop(shared);
        self.complaints.extend(differences);
    }

    /// The starts that the last run could not do because nobody knows of them.
    fn open_starts(&self) -> Vec<String> {
        let last = self.runs.last().unwrap();
        let starts = self.schedule.starts();
        let is_open = |name: &str| last.says(&format!("{}/{name} cannot be started", "prj_web"));
        starts
            .map(|entry| entry.name.clone())
            .filter(|name| is_open(name))
            .collect()
    }

    fn expect_code(&mut self, codes: &[i32], or_blocked: bool) {
        let run = self.runs.last().unwrap();
        let is_right = run
            .code
            .is_some_and(|code| codes.contains(&code) || (or_blocked && code == 5));
        if !is_right {
            let (number, code) = (run.number, run.code);
            let complaint = format!("run {number}: it does not settle, but exits with {code:?}");
            self.complaints.push(complaint);
        }
    }

    /// All that was declared, printed and done.
    fn text(&self) -> String {
        let mut text = format!("{:#?}\n", self.schedule);
        for run in &self.runs {
            let _ = writeln!(text, "$ secsync {}\n{}", run.arguments, run.text());
        }
        match self.server.try_lock() {
            Some(shared) => text + &shared.journal.to_string(),
            None => text,
        }
    }
}

impl Schedule {
    /// Decides which jobs fail.
    fn prepare(&self, platform: &mut Platform) {
        let mut chance = chance::Chance::of(("jobs", self.seed));
        for entry in &self.entries {
            if chance.one_in(6) {
                platform.failing_removals.push(entry.name.clone());
            }
            if chance.one_in(8) {
                platform.failing_jobs.push(entry.name.clone());
            }
        }
    }
}
