//! What a saved plan has besides the plan: its file, its digest, and what its names mean.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use super::plan::{self, PlanBody, PlanFile};
use super::review::Review;
use super::shard;
use super::style::{BOLD, painted, width};
use crate::core::plan::{Plan, Subject};
use crate::core::text::visible;
use crate::planfile::join::Merged;
use crate::planfile::{NameOf, Named, SavedPlan};

/// The lines before a saved plan, which is shown as a part of what several come to.
pub fn heading(file: &str, saved: &SavedPlan, merged: &Plan) -> String {
    let mut out = format!(
        "{} {}, {}\n",
        painted(BOLD, "Saved plan"),
        visible(file),
        saved.digest
    );
    let rows: Vec<(&str, String, String)> = meanings(saved)
        .map(|(word, name, id)| (word, visible(&name), visible(&id)))
        .collect();
    let width = width(rows.iter().map(|(_, name, _)| name.as_str()));
    for (word, name, id) in rows {
        let _ = writeln!(out, "  {word:10}  {name:width$}  {id}");
    }
    if let Some(note) = shard_of(saved, merged) {
        let _ = writeln!(out, "  {note}");
    }
    out.push('\n');
    out
}

/// What the names of a saved plan mean: its servers, projects and connections.
fn meanings(saved: &SavedPlan) -> impl Iterator<Item = (&'static str, String, String)> {
    let servers = saved.providers.iter().map(|provider| {
        let server = provider.url.as_deref().unwrap_or("the sandbox");
        ("server", provider.name.clone(), server.to_owned())
    });
    let names = saved.names().into_iter().map(|named| {
        let Named {
            provider,
            what,
            name,
            id,
        } = named;
        match what {
            NameOf::Project => ("project", format!("{provider}/{name}"), id),
            NameOf::Connection(destination) => (
                "connection",
                format!("{provider}/{name} to {destination}"),
                id,
            ),
        }
    });
    servers.chain(names)
}

/// Adds saved plans, each with its file, and what they come to as one.
pub fn review<'p>(
    review: &mut Review<'_>,
    plans: impl IntoIterator<Item = (&'p str, &'p SavedPlan)>,
    merged: &Plan,
) {
    for (file, saved) in plans {
        review.facts.push(fact(file, saved, merged));
    }
    plan::review(review, merged);
}

/// Which plan it is, and what its names mean.
fn fact(file: &str, saved: &SavedPlan, merged: &Plan) -> String {
    let mut out = format!("Saved plan `{file}`, `{}`.", saved.digest);
    if let Some(note) = shard_of(saved, merged) {
        let _ = write!(out, " {note}");
    }
    for (word, name, id) in meanings(saved) {
        let _ = write!(out, "\nThe {word} `{name}` is `{id}`.");
    }
    out
}

/// Which part of the projects a plan is about, unless all that are shown are about the same.
fn shard_of(saved: &SavedPlan, merged: &Plan) -> Option<String> {
    let shard = saved.plan.shard.filter(|_| merged.shard.is_none());
    shard.map(shard::note_with_limits)
}

/// The lines after a plan that was saved.
pub fn saved_to(file: &str, digest: &str, is_sandbox: bool) -> String {
    let file = visible(file);
    let sandbox = if is_sandbox { " --sandbox" } else { "" };
    format!(
        "\nSaved the plan to {file}. To apply exactly this plan:\n  \
         secsync apply{sandbox} {file} --expect-digest {digest}\n"
    )
}

/// The lines after a plan that went to a device or a pipe, from which it cannot be applied.
pub fn written_to(file: &str, digest: &str) -> String {
    format!(
        "\nWrote the plan to {}. Apply it with --expect-digest {digest}\n",
        visible(file)
    )
}

/// The syncs whose actions were done before.
pub fn done(done: &[Subject]) -> String {
    if done.is_empty() {
        return String::new();
    }
    let mut out = "\nAlready done, and left out here:\n".to_owned();
    for subject in done {
        let _ = writeln!(out, "  {}", visible(&subject.address()));
    }
    out
}

/// Saved plans in a JSON document: what they come to as one, as `plan` writes it, then each of them.
#[derive(Debug, Serialize)]
pub struct ShowBody<'a> {
    #[serde(flatten)]
    merged: Option<PlanBody<'a>>,
    plans: Vec<ShownPlan<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownPlan<'a> {
    plan_file: PlanFile<'a>,
    servers: Map<String, Value>,
    names: Vec<NameFields>,
    sandbox: bool,
    #[serde(flatten)]
    plan: PlanBody<'a>,
}

/// What a name means.
#[derive(Debug, Serialize)]
struct NameFields {
    what: &'static str,
    provider: String,
    destination: Option<String>,
    name: String,
    id: String,
}

impl<'a> ShowBody<'a> {
    /// The plans, each with its file, and what they come to as one.
    pub fn new(
        plans: impl IntoIterator<Item = (&'a str, &'a SavedPlan)>,
        merged: Option<&'a Merged>,
    ) -> Self {
        let plans = plans.into_iter();
        Self {
            merged: merged.map(|merged| PlanBody::new(&merged.plan, &merged.sources)),
            plans: plans
                .map(|(file, saved)| ShownPlan::new(file, saved))
                .collect(),
        }
    }
}

impl<'a> ShownPlan<'a> {
    fn new(file: &'a str, saved: &'a SavedPlan) -> Self {
        let providers = saved.providers.iter();
        Self {
            plan_file: PlanFile {
                file,
                digest: &saved.digest,
            },
            servers: providers
                .map(|provider| (provider.name.clone(), provider.url.clone().into()))
                .collect(),
            names: saved.names().into_iter().map(NameFields::from).collect(),
            sandbox: saved.is_sandbox,
            plan: PlanBody::new(&saved.plan, &saved.sources),
        }
    }
}

impl From<Named> for NameFields {
    fn from(named: Named) -> Self {
        let (what, destination) = match named.what {
            NameOf::Project => ("project", None),
            NameOf::Connection(destination) => ("connection", Some(destination)),
        };
        Self {
            what,
            provider: named.provider,
            destination,
            name: named.name,
            id: named.id,
        }
    }
}
