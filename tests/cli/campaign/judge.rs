//! Whether every word was true at its time, and whether only what was asked for was done.

use super::files::{Content, Entry, Goal, PROJECT, STARTS, Schedule};
use super::journal::{Actor, Change, Event, Kind, Request};
use super::platform::{Platform, Start, Sync};
use super::run::{Line, Run};
use super::server::SECRET;

/// What is wrong with a run, as sentences; none if all is well.
pub fn judge(schedule: &Schedule, journal: &[Event], run: &Run) -> Vec<String> {
    let mut judge = Judge {
        schedule,
        journal,
        run,
        complaints: Vec::new(),
    };
    judge.lines();
    judge.report();
    judge.ending();
    judge.consequences();
    judge.complaints
}

/// What is not as declared, as sentences.
pub fn differences(schedule: &Schedule, platform: &Platform) -> Vec<String> {
    let mut all = Vec::new();
    for Entry {
        name,
        goal,
        is_protected,
        ..
    } in &schedule.entries
    {
        let found = platform.named(name);
        let is_right = match goal {
            Goal::Present(content) => found.is_some_and(|sync| {
                sync.is(content) || (*is_protected && sync.destination != content.destination)
            }),
            Goal::Absent { .. } => found.is_none(),
            Goal::Started { .. } => platform.starts.iter().any(|start| start.name == *name),
        };
        if !is_right {
            all.push(format!("{name} is {found:?} instead of {goal:?}"));
        }
    }
    all
}

/// The end of the word about a write that was made, after which the sync is not as declared.
const BUT_OTHERWISE: &str = ", but not as declared";

/// A line about an action: `infisical/payments/web: Created [id=…]`.
struct Said<'a> {
    /// The name of the sync.
    name: &'a str,
    word: &'a str,
    id: &'a str,
    line: &'a Line,
}

impl<'a> Said<'a> {
    fn read(line: &'a Line) -> Option<Self> {
        let (address, said) = line.text.split_once(": ")?;
        let of = |start: String| address.strip_prefix(&start);
        let name =
            of(format!("infisical/{PROJECT}/")).or_else(|| of(format!("enkryptify/{STARTS}/")))?;
        let (word, rest) = said.split_once(" [id=").unwrap_or((said, ""));
        let id = rest.trim_end_matches(']');
        Some(Self {
            name,
            word,
            id,
            line,
        })
    }
}

struct Judge<'a> {
    schedule: &'a Schedule,
    journal: &'a [Event],
    run: &'a Run,
    complaints: Vec<String>,
}

impl<'a> Judge<'a> {
    fn complain(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.complaints
            .push(format!("run {}: {what}", self.run.number));
    }

    fn said(&self) -> impl Iterator<Item = Said<'a>> + use<'a> {
        self.run.lines.iter().filter_map(Said::read)
    }

    /// What this run changed, when, and what the request was about.
    fn deeds(&self) -> impl Iterator<Item = (usize, &'a Change, &'a str)> + use<'a> {
        let number = self.run.number;
        let events = self.journal.iter().enumerate();
        events.filter_map(move |(time, event)| match event {
            Event::Changed { by, change, about } if *by == Actor::Run(number) => {
                Some((time, change, about.as_deref().unwrap()))
            }
            _ => None,
        })
    }

    /// What this run changed about a sync of that name.
    fn changes_to(&self, name: &'a str) -> impl Iterator<Item = (usize, &'a Change)> + use<'a> {
        let deeds = self.deeds().filter(move |(.., about)| *about == name);
        deeds.map(|(time, change, _)| (time, change))
    }

    /// The writes about a sync that this run sent.
    fn writes(&self, name: &'a str) -> impl Iterator<Item = &'a Request> + use<'a> {
        let number = self.run.number;
        self.journal.iter().filter_map(move |event| match event {
            Event::Arrived(request)
                if request.run == number && request.kind.is_write() && request.about == name =>
            {
                Some(request)
            }
            _ => None,
        })
    }

    /// The signals that this run got.
    fn signals(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let number = self.run.number;
        self.journal.iter().filter_map(move |event| match event {
            Event::Signalled { run, signals } if *run == number => Some(signals.as_str()),
            _ => None,
        })
    }

    /// Whether the API itself answered a request.
    fn is_answered(&self, wanted: &Request) -> bool {
        self.journal.iter().any(|event| {
            matches!(event, Event::Answered { request, is_honest: true, .. } if request == wanted)
        })
    }

    /// Whether something held about what exists, at a time from the beginning of the run to `end`.
    fn ever(&self, end: usize, test: impl Fn(&[Sync]) -> bool) -> bool {
        let mut syncs: Vec<Sync> = Vec::new();
        for (time, event) in self.journal[..end].iter().enumerate() {
            if time >= self.run.first && test(&syncs) {
                return true;
            }
            let Event::Changed { change, .. } = event else {
                continue;
            };
            match change {
                Change::Created(sync) => syncs.push(Sync::clone(sync)),
                Change::Deleted(sync) => syncs.retain(|other| other.id != sync.id),
                Change::Updated { after, .. } => {
                    let place = syncs.iter_mut().find(|sync| sync.id == after.id);
                    *place.unwrap() = Sync::clone(after);
                }
                Change::Removing(_) | Change::Triggered(_) | Change::Started(_) => {}
            }
        }
        test(&syncs)
    }

    fn content(&self, name: &str) -> Option<&'a Content> {
        match &self.schedule.entry(name)?.goal {
            Goal::Present(content) => Some(content),
            _ => None,
        }
    }

    /// Every line about an action.
    fn lines(&mut self) {
        for said in self.said() {
            if !self.is_true(&said) {
                let text = &said.line.text;
                self.complain(format!("it was not true that {text:?}"));
            }
        }
    }

    fn is_true(&self, said: &Said<'a>) -> bool {
        let Said { name, id, .. } = *said;
        let time = said.line.time;
        let exists = |syncs: &[Sync]| syncs.iter().any(|sync| sync.id == id);
        match said.word {
            // Whoever created it: an answer can be lost, and the sync looked up.
            "Created" | "Replaced" => {
                !self.exists_at(self.run.first, id) && self.is_once_as_sent(name, id, time)
            }
            word if let Some(word) = word.strip_suffix(BUT_OTHERWISE) => {
                let is_made = |change: &Change| match change {
                    Change::Created(_) => word != "Updated",
                    Change::Updated { .. } => word == "Updated",
                    _ => false,
                };
                let mut changes = self.changes_to(name);
                changes.any(|(when, change)| when < time && is_made(change))
                    && self.is_once_otherwise(name, id, time)
            }
            "Updated" => {
                let is_update = |change: &Change| matches!(change, Change::Updated { .. });
                let mut changes = self.changes_to(name);
                changes.any(|(when, change)| when < time && is_update(change))
                    || self.is_once_as_sent(name, id, time)
            }
            "Deleted" => self.ever(time, |syncs| !exists(syncs)),
            // Whoever asked for it: of two runs one finds the job of the other.
            "Being deleted" => self.journal[..time].iter().any(|event| {
                matches!(event, Event::Changed { change: Change::Removing(sync), .. } if sync.id == id)
            }),
            "Triggered" => self.changes_to(name).any(|(when, change)| {
                when < time && matches!(change, Change::Triggered(sync) if sync.id == id)
            }),
            "Started" => self.changes_to(name).any(|(when, change)| {
                when < time && matches!(change, Change::Started(start) if start.id == id)
            }),
            "Failed" => self.has_failed(name),
            // A run that was stopped does not wait for answers, and cannot know whether what it sent
            // came in.
            "Unknown" => {
                let is_stopped = self.signals().count() > 1;
                let mut writes = self.writes(name);
                is_stopped || writes.any(|write| !self.is_answered(write))
            }
            "Not tried" | "Blocked" => {
                // A trigger is an action of its own, after that which changes the sync.
                let is_trigger = |write: &Request| write.kind == Kind::Trigger;
                let has_trigger = self.writes(name).any(is_trigger);
                let has_other = self.writes(name).any(|write| !is_trigger(write));
                let can_be_trigger = self.schedule.entry(name).is_some_and(|entry| entry.trigger.is_some());
                !has_other && !has_trigger || (can_be_trigger && !(has_other && has_trigger))
            }
            // Beginnings, and jobs.
            _ => true,
        }
    }

    /// Whether the sync was as it was sent at a time from the beginning of the run to `end`.
    fn is_once_as_sent(&self, name: &str, id: &str, end: usize) -> bool {
        self.content(name).is_some_and(|content| {
            self.ever(end, |syncs| {
                let mut syncs = syncs.iter();
                syncs.any(|sync| sync.id == id && sync.name == name && sync.is_as_sent(content))
            })
        })
    }

    /// Whether the sync was not as declared at a time from the beginning of the run to `end`.
    fn is_once_otherwise(&self, name: &str, id: &str, end: usize) -> bool {
        self.content(name).is_some_and(|content| {
            self.ever(end, |syncs| {
                let mut syncs = syncs.iter();
                syncs.any(|sync| sync.id == id && !(sync.name == name && sync.is(content)))
            })
        })
    }

    fn exists_at(&self, time: usize, id: &str) -> bool {
        self.journal[..time].iter().any(|event| {
            matches!(event, Event::Changed { change: Change::Created(sync), .. } if sync.id == id)
        })
    }

    /// Whether an action that is said to have failed had no effect but what it admits.
    fn has_failed(&self, name: &'a str) -> bool {
        let reasons = self.run.lines.iter().filter(|line| {
            line.text.starts_with("Failed: ") && line.text.contains(&format!("/{name}: "))
        });
        let reason: String = reasons.map(|line| line.text.as_str()).collect();
        let mut changes = self.changes_to(name).map(|(_, change)| change);
        let is_trigger = self.said().any(|said| {
            said.name == name && ["Created", "Updated", "Replaced"].contains(&said.word)
        });
        let admits_deletion = is_trigger || reason.contains("old sync was deleted");
        let admits_removal = reason.contains("old sync");
        changes.all(|change| match change {
            Change::Deleted(_) => admits_deletion,
            Change::Removing(_) => admits_removal,
            // What changed it was another action, which has its own line.
            Change::Created(_) | Change::Updated { .. } => is_trigger,
            Change::Triggered(_) | Change::Started(_) => false,
        })
    }

    /// Whether the JSON says the same as the lines.
    fn report(&mut self) {
        let Some(report) = &self.run.report else {
            return;
        };
        let code = self.run.code.map(i64::from);
        // A signal can come after it was written.
        if code.is_some() && report["exitCode"].as_i64() != code {
            self.complain("the JSON names another exit code");
        }
        let list = |name: &str| report[name].as_array().into_iter().flatten();
        for (action, result) in list("actions").zip(list("results")) {
            let name = action["name"].as_str().unwrap();
            let words: &[&str] = match result["result"].as_str().unwrap() {
                "failed" => &["Failed"],
                "unknown" => &["Unknown"],
                "not-tried" => &["Not tried"],
                // Where nothing else is to be done, the plan has said it.
                "blocked" => continue,
                _ => &[
                    "Created",
                    "Updated",
                    "Replaced",
                    "Deleted",
                    "Being deleted",
                    "Started",
                    "Triggered",
                ],
            };
            let is_otherwise = result["result"] == "not-as-declared";
            let is_same = |said: Said<'_>| {
                let (word, otherwise) = match said.word.strip_suffix(BUT_OTHERWISE) {
                    Some(word) => (word, true),
                    None => (said.word, false),
                };
                said.name == name && words.contains(&word) && otherwise == is_otherwise
            };
            if !self.said().any(is_same) {
                self.complain(format!("the JSON says of {name}, and no line: {result}"));
            }
        }
    }

    /// The summary and the exit code.
    fn ending(&mut self) {
        let run = self.run;
        if run.is_hanging {
            self.complain("it hung");
        }
        if run.code == Some(101) || run.says("made a mistake of its own") {
            self.complain("it panicked");
        }
        if run.says(SECRET) {
            self.complain("it printed a credential");
        }
        let signals: Vec<&str> = self.signals().collect();
        let said: Vec<Said<'_>> = self.said().collect();
        let count = |word: &str| {
            let words = said
                .iter()
                .map(|said| said.word.trim_end_matches(BUT_OTHERWISE));
            words.filter(|other| *other == word).count()
        };
        let is_bad = |said: &&Said<'_>| {
            ["Failed", "Unknown", "Not tried"].contains(&said.word)
                || said.word.ends_with(BUT_OTHERWISE)
        };
        let bad = said.iter().filter(is_bad).count();
        let has_bad_job = run.lines.iter().any(|line| {
            let is_bad = ["Failed: ", "Running: ", "Unknown: "]
                .iter()
                .any(|mark| line.text.starts_with(mark));
            is_bad
                && (line.text.contains(": The sync job ") || line.text.contains(": The removal "))
        });
        let summary = run.lines.iter().find_map(|line| {
            let (start, rest) = line.text.split_once("! Resources: ")?;
            start.starts_with("Apply ").then_some((start, rest))
        });
        let has_written = self.deeds().next().is_some();
        let is_cut_short = signals.contains(&"SIGKILL")
            || signals.len() > 1
            || (signals.contains(&"SIGHUP") && run.code.is_none());
        let Some((start, resources)) = summary else {
            if !is_cut_short && (has_written || run.code.is_none()) {
                self.complain("it wrote, or died, and has no summary");
            }
            return;
        };
        if !is_cut_short && run.report.is_none() {
            self.complain("it wrote no JSON");
        }
        let is_blocked = resources.contains(" blocked");
        let expected: &[i32] = match start {
            "Apply interrupted" => &[130],
            _ if bad > 0 => &[4, 5],
            _ if is_blocked => &[5],
            _ if has_bad_job => &[7],
            _ => &[0],
        };
        if !run.code.is_some_and(|code| expected.contains(&code)) && !signals.contains(&"SIGKILL") {
            self.complain(format!("the exit code is not one of {expected:?}"));
        }
        if start == "Apply complete" && (bad > 0 || is_blocked || has_bad_job) {
            self.complain("it is not complete");
        }
        if start == "Apply interrupted" && signals.is_empty() {
            self.complain("nobody interrupted it");
        }
        let added = count("Created") + count("Replaced");
        let counts = format!("{added} added, {} changed,", count("Updated"));
        if !resources.starts_with(&counts) {
            self.complain(format!("the summary does not begin with {counts:?}"));
        }
    }

    /// What it did, whatever it said.
    fn consequences(&mut self) {
        let deeds: Vec<(usize, &Change, &str)> = self.deeds().collect();
        for (time, change, _) in deeds {
            if !self.is_asked_for(change, time) {
                self.complain(format!("nobody asked for this: {change}"));
            }
            if let Change::Started(start) = change
                && self.starts(&start.name) > 1
            {
                self.complain(format!("{} was started twice", start.name));
            }
            if let Change::Deleted(old) | Change::Removing(old) = change
                && self.content(&old.name).is_some()
                && !self.shows_definition(old)
            {
                let name = &old.name;
                self.complain(format!("it never showed the definition of the old {name}"));
            }
        }
    }

    fn starts(&self, name: &str) -> usize {
        let is_start = |event: &&Event| matches!(event, Event::Changed { change: Change::Started(start), .. } if start.name == name);
        self.journal.iter().filter(is_start).count()
    }

    fn is_asked_for(&self, change: &Change, time: usize) -> bool {
        let entry = |name: &str| self.schedule.entry(name);
        match change {
            Change::Created(sync) => self.content(&sync.name).is_some(),
            Change::Updated { before, after } => {
                self.content(&after.name).is_some()
                    && (before.name == after.name || self.is_right_rename(before, after, time))
            }
            Change::Removing(sync) | Change::Deleted(sync) => match entry(&sync.name) {
                Some(entry) => match &entry.goal {
                    Goal::Present(content) => {
                        !entry.is_protected && sync.destination != content.destination
                    }
                    Goal::Absent { destination, .. } => sync.destination == *destination,
                    Goal::Started { .. } => false,
                },
                None => self.schedule.prunes && !sync.name.starts_with("keep-"),
            },
            Change::Triggered(sync) => {
                entry(&sync.name).is_some_and(|entry| entry.trigger.is_some())
            }
            Change::Started(Start {
                slug,
                project,
                name,
                ..
            }) => entry(name).is_some_and(|entry| {
                project == STARTS
                    && matches!(entry.goal, Goal::Started { slug: wanted } if slug == wanted)
            }),
        }
    }

    /// A sync belongs to the entry of its name, unless that entry takes another one in this run.
    fn is_right_rename(&self, before: &Sync, after: &Sync, time: usize) -> bool {
        let source = |name: &str| self.schedule.entry(name)?.renamed_from.as_deref();
        let is_declared = source(&after.name) == Some(&before.name);
        let is_free = match (self.content(&before.name), source(&before.name)) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(_), Some(other)) => {
                self.ever(time, |syncs| syncs.iter().any(|sync| sync.name == other))
            }
        };
        is_declared && is_free
    }

    /// Whether the run showed after its plan where a sync went that it deleted.
    fn shows_definition(&self, old: &Sync) -> bool {
        let config = &old.fields["destinationConfig"];
        let target = config["org"].as_str().or(config["project"].as_str());
        let target = target.unwrap();
        let after_plan = self
            .run
            .lines
            .iter()
            .skip_while(|line| !line.text.starts_with("Plan: "));
        let mut lines = after_plan.map(|line| line.text.as_str());
        lines.any(|line| line.contains(target)) || self.run.stderr.contains(target)
    }
}
