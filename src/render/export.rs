//! The result of an export or an import.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::style::{BOLD, YELLOW, painted, unknown};
use super::terraform::MigrationBody;
use crate::core::plan::UnknownField;
use crate::core::text::{shell_word, visible};
use crate::core::words;
use crate::export::draft::HiddenConnections;
use crate::export::draft::LeftOut;
use crate::export::{FirstSyncFile, ProjectSummary, Summary, Written};

/// The files that an export wrote, and what it found in each project.
pub fn exported(summary: &Summary, is_quiet: bool) -> String {
    let mut out = String::new();
    if is_quiet {
        return out;
    }
    files(&mut out, summary);
    for project in &summary.projects {
        for line in of_project(project, summary.takes_all) {
            let _ = writeln!(out, "{}: {line}", visible(&project.word));
        }
    }
    if summary.projects.is_empty() {
        out.push_str("This identity sees no project.\n");
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
            words::count(count, "sync"),
            if is_adopted {
                format!(" `{}` has nothing to do for them.", plan_command(summary))
            } else {
                String::new()
            }
        ),
    };
    out
}

/// The files that an import wrote.
pub fn imported(summary: &Summary, is_quiet: bool) -> String {
    let mut out = String::new();
    if is_quiet {
        return out;
    }
    files(&mut out, summary);
    unlisted(&mut out, summary);
    if summary.written.iter().any(|written| written.path.is_none()) {
        out.push_str(
            "Put the output into a sync file, or add it to one with --into. Then `secsync plan` \
             has nothing to do for it.\n",
        );
        return out;
    }
    let count = syncs(summary).count();
    let _ = writeln!(
        out,
        "\n{} {}. `{}` has nothing to do for {}.",
        painted(BOLD, "Import complete!"),
        words::count(count, "sync"),
        plan_command(summary),
        if count == 1 { "it" } else { "them" }
    );
    out
}

pub(super) fn files(out: &mut String, summary: &Summary) {
    for written in &summary.written {
        let Some(path) = &written.path else { continue };
        let path = visible(path.as_str());
        let _ = match written.syncs.len() {
            0 => writeln!(
                out,
                "Wrote {path}, with which editors complete and check sync files."
            ),
            count => writeln!(out, "Wrote {path}: {}.", words::count(count, "sync")),
        };
        if written.is_apart {
            out.push_str(if summary.has_settings {
                "  This workspace does not load it by itself: no pattern of `include:` in secsync.yaml \
                 matches it.\n"
            } else {
                "  No command loads it by itself: name it, or begin a workspace with `secsync init`.\n"
            });
        }
    }
    let _ = match &summary.example {
        Some(FirstSyncFile::Removed(path)) => writeln!(
            out,
            "Removed {}, the example that `secsync init` wrote.",
            visible(path.as_str())
        ),
        Some(FirstSyncFile::Comment(path)) => writeln!(
            out,
            "Made a comment of {}, the example that `secsync init` wrote: its project does not exist.",
            visible(path.as_str())
        ),
        None => Ok(()),
    };
}

/// The command that plans what was written.
pub(super) fn plan_command(summary: &Summary) -> String {
    let mut command = "secsync plan".to_owned();
    if summary.written.iter().any(|written| written.is_apart) {
        let files = summary.written.iter().filter(|one| !one.syncs.is_empty());
        for path in files.filter_map(|written| written.path.as_ref()) {
            command.push(' ');
            command.push_str(&shell_word(path.as_str()));
        }
    }
    command
}

pub(super) fn unlisted(out: &mut String, summary: &Summary) {
    for app in &summary.unlisted_apps {
        let _ = writeln!(
            out,
            "The connections to {} are named by their ids, because this identity may not list them.",
            visible(app)
        );
    }
    for HiddenConnections { project, missing } in &summary.hidden {
        let _ = writeln!(
            out,
            "{}: Connections of the project are named by their ids, because this identity lacks \
             {missing}.",
            visible(project)
        );
    }
}

pub(super) fn syncs(summary: &Summary) -> impl Iterator<Item = &(String, String)> {
    summary.written.iter().flat_map(|written| &written.syncs)
}

fn of_project(project: &ProjectSummary, takes_all: bool) -> Vec<String> {
    let end = if takes_all {
        ", and exported anyway"
    } else {
        ""
    };
    let mut lines = Vec::new();
    if project.found == 0 {
        lines.push("It has no sync that this identity can read.".to_owned());
    }
    for (count, why) in [
        (project.declared, "already declared"),
        (project.ignored, "ignored by `unmanaged.ignore`"),
    ] {
        let are = words::is_or_are(count);
        if count > 0 {
            lines.push(format!("{} {are} {why}{end}.", words::count(count, "sync")));
        }
    }
    lines
}

/// The syncs and fields that no valid file can declare, with the reasons.
pub fn warnings(summary: &Summary) -> String {
    let mut out = String::new();
    for left_out in &summary.left_out {
        let what = match &left_out.resource {
            Some(resource) => visible(resource),
            None => format!("{}/{}", visible(&left_out.project), visible(&left_out.name)),
        };
        let _ = writeln!(
            out,
            "{} {what} was left out. {}",
            painted(YELLOW, "Warning:"),
            visible(&left_out.reason)
        );
    }
    out.push_str(&unknown(&summary.unknown));
    let left_out = summary.left_out.iter().map(|left_out| &left_out.name);
    let migration = summary.migration.iter();
    let refused = migration.flat_map(|migration| &migration.refused);
    let names: BTreeSet<&str> = left_out
        .chain(refused)
        .map(String::as_str)
        .filter(|name| !name.is_empty())
        .collect();
    if !names.is_empty() {
        let names: Vec<Value> = names.into_iter().map(Value::from).collect();
        let _ = writeln!(
            out,
            "  The next `secsync apply --prune` would delete what no file declares. To keep it, write \
             this into secsync.yaml: `unmanaged: {{ignore: {}}}`",
            visible(&Value::from(names).to_string())
        );
    }
    out
}

/// An export or an import in a JSON document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportBody<'a> {
    files: Vec<FileFields<'a>>,
    left_out: Vec<LeftOutFields<'a>>,
    unknown: &'a [UnknownField],
    projects: Vec<ProjectFields<'a>>,
    unlisted_apps: &'a [String],
    hidden_connections: &'a [HiddenConnections],
    #[serde(skip_serializing_if = "Option::is_none")]
    terraform: Option<MigrationBody<'a>>,
}

#[derive(Debug, Serialize)]
struct FileFields<'a> {
    file: Option<&'a str>,
    syncs: Vec<SyncFields<'a>>,
}

#[derive(Debug, Serialize)]
struct SyncFields<'a> {
    project: &'a str,
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct LeftOutFields<'a> {
    project: &'a str,
    name: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct ProjectFields<'a> {
    project: &'a str,
    found: usize,
    declared: usize,
    ignored: usize,
}

impl<'a> ExportBody<'a> {
    /// The files and the projects.
    pub fn new(summary: &'a Summary) -> Self {
        let file = |written: &'a Written| {
            let syncs = written.syncs.iter();
            FileFields {
                file: written.path.as_ref().map(|path| path.as_str()),
                syncs: syncs
                    .map(|(project, name)| SyncFields { project, name })
                    .collect(),
            }
        };
        let left_out = |one: &'a LeftOut| LeftOutFields {
            project: &one.project,
            name: &one.name,
            reason: &one.reason,
            resource: one.resource.as_deref(),
        };
        let project = |project: &'a ProjectSummary| ProjectFields {
            project: &project.word,
            found: project.found,
            declared: project.declared,
            ignored: project.ignored,
        };
        Self {
            files: summary.written.iter().map(file).collect(),
            left_out: summary.left_out.iter().map(left_out).collect(),
            unknown: &summary.unknown,
            projects: summary.projects.iter().map(project).collect(),
            unlisted_apps: &summary.unlisted_apps,
            hidden_connections: &summary.hidden,
            terraform: summary.migration.as_ref().map(MigrationBody::new),
        }
    }
}
