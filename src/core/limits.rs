//! How much one apply may change.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Action, Plan, Verb};
use super::resolve::{self, ProjectTables};
use super::select::NamePatterns;
use super::words;

/// How many syncs are deleted or replaced at most if nothing says otherwise.
const USUAL_DELETES: usize = 5;
/// How many projects a refusal names.
const MOST_PROJECTS: usize = 10;

/// What `limits` in `secsync.yaml` says.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// The limits of all projects together that have none of their own.
    pub general: Limit,
    /// The limits of each project that a pattern matches. The first that matches holds.
    pub projects: Vec<ProjectLimit>,
}

/// The most that may change. `None` for what is not limited here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limit {
    /// How many syncs may be deleted or replaced.
    pub deletes: Option<usize>,
    /// How many syncs may be created, changed, deleted, replaced or started.
    pub changes: Option<usize>,
}

/// The limits of each project that a pattern matches.
#[derive(Debug, Clone)]
pub struct ProjectLimit {
    /// The pattern as it is written.
    pub pattern: String,
    /// The pattern, for ids, slugs and names of projects.
    pub matcher: NamePatterns,
    /// How much may change in each.
    pub limit: Limit,
}

/// What a plan changes in a project.
#[derive(Default)]
struct Changed<'a> {
    count: usize,
    /// How the files spell the provider and the project.
    spelled: BTreeSet<(&'a String, &'a String)>,
}

/// A limit that a plan goes beyond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exceeded<'a> {
    kind: Kind,
    count: usize,
    most: usize,
    by: By<'a>,
}

/// What says a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
enum By<'a> {
    /// The command line, or secsync itself.
    Flag(Counts),
    /// `limits` in general.
    File(Counts),
    /// `limits` for the projects that a pattern matches, and the project.
    Project(&'a str, String),
}

/// How many syncs in each project, the most first.
type Counts = Vec<(String, usize)>;

/// Something that is counted and limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Deletes,
    Changes,
}

impl Kind {
    /// Its field in `limits`.
    const fn field(self) -> &'static str {
        match self {
            Self::Deletes => "deletes",
            Self::Changes => "changes",
        }
    }

    const fn verb(self) -> &'static str {
        match self {
            Self::Deletes => "deletes or replaces",
            Self::Changes => "changes",
        }
    }

    fn counts(self, action: &Action) -> bool {
        let verb = action.verb();
        match self {
            Self::Deletes => matches!(verb, Verb::Delete | Verb::Replace),
            Self::Changes => !matches!(verb, Verb::Trigger | Verb::Blocked),
        }
    }

    const fn of(self, limit: &Limit) -> Option<usize> {
        match self {
            Self::Deletes => limit.deletes,
            Self::Changes => limit.changes,
        }
    }

    const fn usual(self) -> Option<usize> {
        match self {
            Self::Deletes => Some(USUAL_DELETES),
            Self::Changes => None,
        }
    }
}

impl Limits {
    /// The limits that a plan goes beyond. What the command line says replaces the general ones. A
    /// project is what it is by whatever word a file or a pattern means it: `tables` has its words.
    pub fn exceeded(&self, plan: &Plan, flags: Limit, tables: &ProjectTables) -> Vec<Exceeded<'_>> {
        [Kind::Deletes, Kind::Changes]
            .into_iter()
            .flat_map(|kind| self.exceeded_of(kind, plan, flags, tables))
            .collect()
    }

    fn exceeded_of(
        &self,
        kind: Kind,
        plan: &Plan,
        flags: Limit,
        tables: &ProjectTables,
    ) -> Vec<Exceeded<'_>> {
        let mut projects: BTreeMap<_, Changed<'_>> = BTreeMap::new();
        for action in plan.actions.iter().filter(|action| kind.counts(action)) {
            let subject = &action.subject;
            let project = (&subject.server, &subject.project_id);
            let project = projects.entry(project).or_default();
            project.count += 1;
            project
                .spelled
                .insert((&subject.provider, &subject.project));
        }
        let mut found = Vec::new();
        let mut others = Vec::new();
        for ((_, id), Changed { count, spelled }) in projects {
            let first = spelled.first();
            let named = first.map_or_else(String::new, |(provider, project)| {
                format!("{provider}/{project}")
            });
            let mut words: BTreeSet<&str> = [id.as_str()].into();
            for (provider, project) in spelled {
                words.insert(project);
                let table = tables.get(provider).map_or(&[][..], Vec::as_slice);
                words.extend(resolve::project_words(id, table));
            }
            match self.own(kind, &words) {
                Some((pattern, most)) if count > most => found.push(Exceeded {
                    kind,
                    count,
                    most,
                    by: By::Project(pattern, named),
                }),
                Some(_) => {}
                None => others.push((named, count)),
            }
        }
        others.sort_by_key(|(_, count)| Reverse(*count));
        let count = others.iter().map(|(_, count)| count).sum();
        let of_file = kind.of(&self.general);
        let (most, by) = match kind.of(&flags) {
            None if of_file.is_some() => (of_file, By::File(others)),
            of_flag => (of_flag.or(kind.usual()), By::Flag(others)),
        };
        if let Some(most) = most.filter(|most| count > *most) {
            found.push(Exceeded {
                kind,
                count,
                most,
                by,
            });
        }
        found
    }

    /// A project's own limit: that of the first pattern that matches a word for it.
    fn own(&self, kind: Kind, words: &BTreeSet<&str>) -> Option<(&str, usize)> {
        let mut limits = self.projects.iter();
        let own = limits.find(|own| words.iter().any(|word| own.matcher.matches(word)))?;
        Some((&own.pattern, kind.of(&own.limit)?))
    }
}

impl Exceeded<'_> {
    /// What is beyond what, as full sentences.
    pub fn sentences(&self) -> String {
        let (verb, field) = (self.kind.verb(), self.kind.field());
        let (syncs, most) = (words::count(self.count, "sync"), self.most);
        let (limit, counts) = match &self.by {
            By::Project(pattern, project) => {
                return format!(
                    "The plan {verb} {syncs} in the project `{project}`, and `limits.projects` in \
                     secsync.yaml allows {most} for `{pattern}`."
                );
            }
            By::Flag(counts) => (format!("--max-{field}"), counts),
            By::File(counts) => (format!("`limits.{field}` in secsync.yaml"), counts),
        };
        let mut text = format!("The plan {verb} {syncs}, and {limit} allows {most}.");
        if counts.len() > 1 {
            let mut shown: Vec<String> = counts
                .iter()
                .take(MOST_PROJECTS)
                .map(|(project, count)| format!("`{project}` {count}"))
                .collect();
            let further = counts.len().saturating_sub(MOST_PROJECTS);
            if further > 0 {
                shown.push(words::count(further, "other project"));
            }
            text.push_str(&format!(" By project: {}.", shown.join(", ")));
        }
        text
    }

    /// What to do to go beyond it after all: the end of "If you want all of them, …".
    pub fn way_out(&self) -> String {
        let Self { kind, count, .. } = self;
        match &self.by {
            By::Project(pattern, _) => format!(
                "set `{}: {count}` for `{pattern}` under `limits.projects` in secsync.yaml",
                kind.field()
            ),
            By::Flag(_) | By::File(_) => format!("run it with --max-{} {count}", kind.field()),
        }
    }
}
