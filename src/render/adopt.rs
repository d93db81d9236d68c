//! What an export or an import came to, for people and for machines.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::human::SANDBOX;
use super::paint::{BOLD, CYAN, YELLOW, painted};
use super::text::visible;
use crate::adopt::{ProjectSummary, Summary, Written};

/// What was written, and what was found where.
pub fn human(summary: &Summary, is_sandbox: bool, is_quiet: bool) -> String {
    let mut out = String::new();
    if is_sandbox {
        let _ = writeln!(out, "{}\n", painted(CYAN, SANDBOX));
    }
    if is_quiet {
        return out;
    }
    files(&mut out, summary);
    for project in &summary.projects {
        for line in of_project(project, summary.takes_all) {
            let _ = writeln!(out, "{}: {line}", visible(&project.word));
        }
    }
    unlisted(&mut out, summary);
    let is_adopted =
        summary.projects.iter().all(|project| project.declared == 0) || !summary.takes_all;
    let _ = match syncs(summary).count() {
        0 => writeln!(out, "\n{}", painted(BOLD, "Nothing was exported.")),
        count => writeln!(
            out,
            "\n{} {}.{}",
            painted(BOLD, "Export complete!"),
            counted(count),
            if is_adopted {
                " `secsync plan` has nothing to do for them."
            } else {
                ""
            }
        ),
    };
    out
}

/// What was imported.
pub fn imported(summary: &Summary, is_sandbox: bool, is_quiet: bool) -> String {
    let mut out = String::new();
    if is_sandbox {
        let _ = writeln!(out, "{}\n", painted(CYAN, SANDBOX));
    }
    if is_quiet {
        return out;
    }
    files(&mut out, summary);
    unlisted(&mut out, summary);
    let is_printed = summary.written.iter().any(|written| written.path.is_none());
    let _ = if is_printed {
        writeln!(
            out,
            "Put what is printed into a sync file, or add it to one with --into. Then `secsync plan` \
             has nothing to do for it."
        )
    } else {
        writeln!(
            out,
            "\n{} {}. `secsync plan` has nothing to do for {}.",
            painted(BOLD, "Import complete!"),
            counted(syncs(summary).count()),
            if syncs(summary).count() == 1 {
                "it"
            } else {
                "them"
            }
        )
    };
    out
}

fn files(out: &mut String, summary: &Summary) {
    for written in &summary.written {
        let Some(path) = &written.path else { continue };
        let path = visible(path.as_str());
        let _ = match written.syncs.len() {
            0 => writeln!(
                out,
                "Wrote {path}, by which editors complete and check sync files."
            ),
            count => writeln!(out, "Wrote {path}: {}.", counted(count)),
        };
        if written.is_apart {
            let _ = writeln!(
                out,
                "  This workspace does not load it by itself: `include:` in secsync.yaml does not \
                 name it."
            );
        }
    }
}

fn unlisted(out: &mut String, summary: &Summary) {
    for app in &summary.unlisted_apps {
        let _ = writeln!(
            out,
            "The connections to {} are named by their ids, as this identity may not list them.",
            visible(app)
        );
    }
}

fn syncs(summary: &Summary) -> impl Iterator<Item = &(String, String)> {
    summary.written.iter().flat_map(|written| &written.syncs)
}

fn counted(count: usize) -> String {
    match count {
        1 => "1 sync".to_owned(),
        count => format!("{count} syncs"),
    }
}

fn of_project(project: &ProjectSummary, takes_all: bool) -> Vec<String> {
    let end = if takes_all {
        ", and exported all the same"
    } else {
        ""
    };
    let mut lines = Vec::new();
    if project.found == 0 {
        lines.push("There is no sync in it that this identity can read.".to_owned());
    }
    for (count, why) in [
        (project.declared, "declared already"),
        (project.ignored, "ignored by `unmanaged.ignore`"),
    ] {
        match count {
            0 => {}
            1 => lines.push(format!("1 sync is {why}{end}.")),
            count => lines.push(format!("{count} syncs are {why}{end}.")),
        }
    }
    lines
}

/// The syncs that no valid file can declare, with the reasons.
pub fn warnings(summary: &Summary) -> String {
    let mut out = String::new();
    for left_out in &summary.left_out {
        let _ = writeln!(
            out,
            "{} {}/{} is not declared. {}",
            painted(YELLOW, "Warning:"),
            visible(&left_out.project),
            visible(&left_out.name),
            visible(&left_out.reason)
        );
    }
    if !summary.left_out.is_empty() {
        let names: BTreeSet<&str> = summary
            .left_out
            .iter()
            .map(|left_out| left_out.name.as_str())
            .collect();
        let names: Vec<Value> = names.into_iter().map(Value::from).collect();
        let _ = writeln!(
            out,
            "  The next `secsync apply --prune` would delete what no file declares. To keep it, put \
             this into secsync.yaml: `unmanaged: {{ignore: {}}}`",
            visible(&Value::from(names).to_string())
        );
    }
    out
}

/// Adds the summary to a document.
pub fn json(document: &mut Map<String, Value>, summary: &Summary) {
    let written = |written: &Written| {
        let syncs: Vec<Value> = written
            .syncs
            .iter()
            .map(|(project, name)| json!({"project": project, "name": name}))
            .collect();
        json!({"file": written.path.as_ref().map(|path| path.as_str()), "syncs": syncs})
    };
    let left_out: Vec<Value> = summary
        .left_out
        .iter()
        .map(|one| json!({"project": one.project, "name": one.name, "reason": one.reason}))
        .collect();
    let projects: Vec<Value> = summary
        .projects
        .iter()
        .map(|project| {
            json!({
                "project": project.word, "found": project.found,
                "declared": project.declared, "ignored": project.ignored,
            })
        })
        .collect();
    let files: Vec<Value> = summary.written.iter().map(written).collect();
    document.insert("files".to_owned(), files.into());
    document.insert("leftOut".to_owned(), left_out.into());
    document.insert("projects".to_owned(), projects.into());
    document.insert("unlistedApps".to_owned(), json!(summary.unlisted_apps));
}
