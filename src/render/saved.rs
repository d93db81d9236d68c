//! NameOf a saved plan is, beside what it does: where it is kept, its digest, and what the names that
//! it shows stand for.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::paint::{BOLD, painted};
use super::text::visible;
use crate::core::plan::Subject;
use crate::planfile::{NameOf, Named, SavedPlan};

/// The lines before a saved plan.
pub fn heading(file: &str, saved: &SavedPlan) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} {}, {}",
        painted(BOLD, "Saved plan"),
        visible(file),
        saved.digest
    );
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
        let (word, what) = match what {
            NameOf::Project => ("project", String::new()),
            NameOf::Connection(destination) => ("connection", format!(" to {destination}")),
        };
        (word, format!("{provider}/{name}{what}"), id)
    });
    let rows: Vec<(&str, String, String)> = servers
        .chain(names)
        .map(|(word, name, id)| (word, visible(&name), visible(&id)))
        .collect();
    let width = rows.iter().map(|(_, name, _)| name.chars().count()).max();
    let width = width.unwrap_or_default();
    for (word, name, id) in rows {
        let _ = writeln!(out, "  {word:10}  {name:width$}  {id}");
    }
    out.push('\n');
    out
}

/// The lines after a plan that was saved.
pub fn saved_to(file: &str, digest: &str, is_sandbox: bool) -> String {
    let file = visible(file);
    let sandbox = if is_sandbox { " --sandbox" } else { "" };
    format!(
        "\nSaved the plan to {file}. To do exactly this:\n  \
         secsync apply{sandbox} {file} --expect-digest {digest}\n"
    )
}

/// The lines after a plan that went to a device or a pipe, where it cannot be applied from.
pub fn written_to(file: &str, digest: &str) -> String {
    format!(
        "\nWrote the plan to {}. Apply it with --expect-digest {digest}\n",
        visible(file)
    )
}

/// NameOf of a plan was done before.
pub fn done(done: &[Subject]) -> String {
    if done.is_empty() {
        return String::new();
    }
    let mut out = "\nDone already, and left out here:\n".to_owned();
    for subject in done {
        let _ = writeln!(out, "  {}", visible(&subject.address()));
    }
    out
}

/// Where a plan is saved, for machines.
pub fn add_file(document: &mut Map<String, Value>, file: &str, digest: &str) {
    document.insert(
        "planFile".to_owned(),
        json!({"file": file, "digest": digest}),
    );
}

/// The same of a plan that was read, with what its names stand for.
pub fn add_heading(document: &mut Map<String, Value>, file: &str, saved: &SavedPlan) {
    let servers: Map<String, Value> = saved
        .providers
        .iter()
        .map(|provider| (provider.name.clone(), provider.url.clone().into()))
        .collect();
    let names: Vec<Value> = saved
        .names()
        .into_iter()
        .map(|named| {
            let (what, destination) = match named.what {
                NameOf::Project => ("project", None),
                NameOf::Connection(destination) => ("connection", Some(destination)),
            };
            json!({
                "what": what, "provider": named.provider, "destination": destination,
                "name": named.name, "id": named.id,
            })
        })
        .collect();
    add_file(document, file, &saved.digest);
    document.insert("servers".to_owned(), servers.into());
    document.insert("names".to_owned(), names.into());
}

/// NameOf of a plan was done before, for machines.
pub fn add_done(document: &mut Map<String, Value>, done: &[Subject]) {
    let done: Vec<Value> = done
        .iter()
        .map(|subject| super::json::subject(subject).into())
        .collect();
    document.insert("alreadyDone".to_owned(), done.into());
}
