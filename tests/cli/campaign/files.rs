//! What a schedule is about: the syncs that are declared, those that exist, and the runs to come.

use serde_json::{Map, Value, json};

use super::chance::Chance;
use super::platform::connection_id;

/// What a sync is, as far as the files can say it.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    pub destination: &'static str,
    /// Where it goes. No other sync goes there, so it marks the sync in any output.
    pub target: String,
    pub environment: &'static str,
    pub path: &'static str,
    pub description: Option<String>,
    pub is_auto_synced: bool,
}

impl Content {
    fn any(chance: &mut Chance, target: String) -> Self {
        Self {
            destination: chance.pick(&["humanitec", "humanitec", "teamcity"]),
            target,
            environment: chance.pick(&["dev", "prod"]),
            path: chance.pick(&["/", "/api"]),
            description: chance.one_in(2).then(|| "As declared".to_owned()),
            is_auto_synced: !chance.one_in(3),
        }
    }

    /// The same with another field.
    fn changed(&self, chance: &mut Chance) -> Self {
        let mut changed = self.clone();
        match chance.below(3) {
            0 => changed.description = Some("Changed by hand".to_owned()),
            1 => changed.is_auto_synced = !self.is_auto_synced,
            _ => changed.target.push_str("-old"),
        }
        changed
    }

    /// The same at another destination.
    fn elsewhere(&self) -> Self {
        let others = if self.destination == "teamcity" {
            "humanitec"
        } else {
            "teamcity"
        };
        Self {
            destination: others,
            target: format!("{}-old", self.target),
            ..self.clone()
        }
    }

    /// Its fields in the platform's words, all of them.
    pub fn fields(&self) -> Map<String, Value> {
        let config = match self.destination {
            "teamcity" => json!({"project": self.target}),
            _ => json!({"scope": "application", "org": self.target, "app": "shop"}),
        };
        let fields = json!({
            "connectionId": connection_id(self.destination),
            "environment": self.environment,
            "secretPath": self.path,
            "description": self.description,
            "isAutoSyncEnabled": self.is_auto_synced,
            "syncOptions": {"initialSyncBehavior": "overwrite-destination"},
            "destinationConfig": config,
        });
        fields.as_object().unwrap().clone()
    }

    /// Its fields as a file declares them.
    fn declared(&self) -> Map<String, Value> {
        let mut fields = self.fields();
        fields.remove("connectionId");
        fields.insert("connection".to_owned(), "main".into());
        fields.insert("destination".to_owned(), self.destination.into());
        fields.retain(|_, value| !value.is_null());
        fields
    }
}

/// What a file wants of a sync.
#[derive(Debug, Clone, PartialEq)]
pub enum Goal {
    Present(Content),
    Absent {
        destination: &'static str,
        removes_secrets: bool,
    },
    Started {
        slug: &'static str,
    },
}

/// A sync in a file.
#[derive(Debug, Clone)]
pub struct Entry {
    pub name: String,
    pub goal: Goal,
    pub renamed_from: Option<String>,
    pub is_protected: bool,
    /// When the platform is asked to push.
    pub trigger: Option<&'static str>,
}

impl Entry {
    fn declared(&self) -> Value {
        let mut fields = match &self.goal {
            Goal::Present(content) => content.declared(),
            Goal::Absent {
                destination,
                removes_secrets,
            } => {
                let on_delete = if *removes_secrets {
                    "remove-secrets"
                } else {
                    "keep-secrets"
                };
                let fields =
                    json!({"destination": destination, "ensure": "absent", "onDelete": on_delete});
                fields.as_object().unwrap().clone()
            }
            Goal::Started { slug } => Map::from_iter([("destination".to_owned(), json!(slug))]),
        };
        if let Some(old) = &self.renamed_from {
            fields.insert("renamedFrom".to_owned(), old.as_str().into());
        }
        if let Some(trigger) = self.trigger {
            fields.insert("trigger".to_owned(), trigger.into());
        }
        if self.is_protected {
            fields.insert("protect".to_owned(), true.into());
        }
        fields.into()
    }
}

/// The project on Infisical, by its slug.
pub const PROJECT: &str = "payments";
/// The project on Enkryptify.
pub const STARTS: &str = "prj_web";

/// How a run goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `apply`.
    Apply,
    /// `apply --wait`.
    Wait,
    /// `plan --out`, then `apply` of that plan.
    Saved,
    /// Two times `apply` at once.
    Twice,
}

/// All that a seed decides before the first run.
#[derive(Debug)]
pub struct Schedule {
    pub seed: u64,
    pub entries: Vec<Entry>,
    /// The syncs that exist, by name. Those that no entry is about are foreign.
    pub remote: Vec<(String, Content)>,
    pub prunes: bool,
    /// The runs under faults.
    pub runs: Vec<Way>,
}

impl Schedule {
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::of(("schedule", seed));
        let mut schedule = Self {
            seed,
            entries: Vec::new(),
            remote: Vec::new(),
            prunes: chance.one_in(4),
            runs: Vec::new(),
        };
        for number in 0..2 + chance.below(5) {
            schedule.add(number, &mut chance);
        }
        for number in 0..chance.below(3) {
            let name = chance.pick(&["other", "keep"]);
            let content = Content::any(&mut chance, format!("place-of-{name}-{number}"));
            schedule.remote.push((format!("{name}-{number}"), content));
        }
        for _ in 0..=chance.below(3) {
            let ways = [Way::Apply, Way::Apply, Way::Wait, Way::Saved, Way::Twice];
            schedule.runs.push(chance.pick(&ways));
        }
        schedule
    }

    /// Adds a sync, or a chain of renames, and what exists of it.
    fn add(&mut self, number: usize, chance: &mut Chance) {
        let name = format!("s{number}");
        let content = Content::any(chance, format!("place-of-{name}"));
        let mut entry = Entry {
            name: name.clone(),
            goal: Goal::Present(content.clone()),
            renamed_from: None,
            is_protected: false,
            trigger: None,
        };
        match chance.below(10) {
            0 | 1 => {}
            2 => self.remote.push((name, content.changed(chance))),
            3 | 4 => {
                entry.is_protected = chance.one_in(4);
                self.remote.push((name, content.elsewhere()));
            }
            5 => {
                entry.goal = Goal::Absent {
                    destination: content.destination,
                    removes_secrets: chance.one_in(2),
                };
                self.remote.push((name, content));
            }
            6 | 7 => return self.add_chain(&name, chance),
            _ => {
                entry.goal = Goal::Started {
                    slug: chance.pick(&["vercel", "humanitec"]),
                };
            }
        }
        if matches!(entry.goal, Goal::Present(_)) && chance.one_in(3) {
            entry.trigger = Some(chance.pick(&["on-change", "on-change", "always"]));
        }
        self.entries.push(entry);
    }

    /// `s1-0` takes the sync of `s1-1`, which takes that of `s1-2`, and so on.
    fn add_chain(&mut self, name: &str, chance: &mut Chance) {
        let links = 1 + chance.below(3);
        for link in 0..links {
            let (new, old) = (format!("{name}-{link}"), format!("{name}-{}", link + 1));
            // All at one destination: a rename is never a replacement.
            let content = Content {
                destination: "humanitec",
                ..Content::any(chance, format!("place-of-{new}"))
            };
            self.remote.push((old.clone(), content.changed(chance)));
            self.entries.push(Entry {
                name: new,
                goal: Goal::Present(content),
                renamed_from: Some(old),
                is_protected: false,
                trigger: None,
            });
        }
    }

    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    pub fn starts(&self) -> impl Iterator<Item = &Entry> {
        let entries = self.entries.iter();
        entries.filter(|entry| matches!(entry.goal, Goal::Started { .. }))
    }

    /// The files of its workspace: their paths and texts.
    pub fn files(&self) -> Vec<(&'static str, String)> {
        let of = |provider: &str, project: &str, is_start: bool| {
            let syncs: Map<String, Value> = self
                .entries
                .iter()
                .filter(|entry| matches!(entry.goal, Goal::Started { .. }) == is_start)
                .map(|entry| (entry.name.clone(), entry.declared()))
                .collect();
            json!({"provider": provider, "project": project, "syncs": syncs}).to_string()
        };
        let settings =
            "version: 1\ninclude: [\"syncs/*.json\"]\nunmanaged: { ignore: [\"keep-*\"] }\n";
        vec![
            ("secsync.yaml", settings.to_owned()),
            ("syncs/payments.json", of("infisical", PROJECT, false)),
            ("syncs/web.json", of("enkryptify", STARTS, true)),
        ]
    }
}
