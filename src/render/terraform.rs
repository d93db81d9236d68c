//! The result of an import from Terraform.

use std::fmt::Write as _;

use serde::Serialize;

use super::export;
use super::style::{BOLD, YELLOW, painted};
use crate::core::text::visible;
use crate::core::words::{self, count};
use crate::export::Summary;
use crate::export::terraform::release::Release;
use crate::export::terraform::{Comparison, Migration, StateMismatch, Variable};

/// What was imported, how it compares with the server, and what is left to do.
pub fn imported(summary: &Summary, is_quiet: bool) -> String {
    let mut out = String::new();
    let Some(migration) = &summary.migration else {
        return out;
    };
    if !is_quiet {
        export::files(&mut out, summary);
        export::unlisted(&mut out, summary);
        for (name, place) in &migration.declared {
            let (name, place) = (visible(name), visible(place));
            let _ = writeln!(out, "The sync {name} is already declared: {place}.");
        }
        result(&mut out, summary, migration);
    }
    differences(&mut out, migration);
    variables(&mut out, &migration.variables);
    release(&mut out, migration);
    if !is_quiet {
        left_alone(&mut out, migration);
    }
    out
}

fn result(out: &mut String, summary: &Summary, migration: &Migration) {
    let imported = export::syncs(summary).count();
    let plan = export::plan_command(summary);
    if imported == 0 {
        let _ = writeln!(out, "\n{}", painted(BOLD, "Nothing was imported."));
        return;
    }
    let head = painted(BOLD, "Import complete!");
    let syncs = count(imported, "sync");
    let _ = match &migration.comparison {
        Comparison::Offline => writeln!(
            out,
            "\n{head} {syncs}, not compared with the server, because there is no credential for {}. \
             Run `{plan}` with one before the first apply.",
            visible(&migration.provider)
        ),
        Comparison::Done(differences) if differences.is_empty() => writeln!(
            out,
            "\n{head} {syncs}. `{plan}` has nothing to do for {}.",
            if imported == 1 { "it" } else { "them" }
        ),
        Comparison::Done(differences) => writeln!(
            out,
            "\n{head} {syncs}, of which {} from what is on the server.",
            match differences.len() {
                1 => "1 differs".to_owned(),
                several => format!("{several} differ"),
            }
        ),
        Comparison::Failed => writeln!(out, "\n{head} {syncs}, not compared with the server."),
    };
}

fn differences(out: &mut String, migration: &Migration) {
    let Comparison::Done(differences) = &migration.comparison else {
        return;
    };
    for difference in differences {
        let _ = writeln!(
            out,
            "  {}/{}: {}",
            visible(&difference.project),
            visible(&difference.name),
            visible(&what(difference))
        );
    }
    if !differences.is_empty() {
        out.push_str(
            "An apply would change that, as a plan shows. Correct the files, or refresh Terraform's \
             state and import again.\n",
        );
    }
}

fn what(difference: &StateMismatch) -> String {
    let fields = words::list(difference.fields.iter().map(String::as_str));
    match difference.verb {
        "create" => "it does not exist there".to_owned(),
        verb if difference.fields.is_empty() => verb.to_owned(),
        verb => format!("{verb} {fields}"),
    }
}

fn variables(out: &mut String, variables: &[Variable]) {
    if variables.is_empty() {
        return;
    }
    out.push_str(
        "\nSensitive values are not in the files. Give each variable its value by `--var NAME=…` or \
         SECSYNC_VAR_NAME:\n",
    );
    for variable in variables {
        let _ = writeln!(
            out,
            "  {}  the {} of {}",
            variable.name,
            visible(&variable.attribute),
            visible(&variable.address)
        );
    }
}

fn release(out: &mut String, migration: &Migration) {
    let release = &migration.release;
    for (address, is_deleted) in &migration.pending {
        let what = if *is_deleted {
            "deleted by the plan. It was imported as what it is now: take it out of the file if it is \
             to go."
        } else {
            "changed by the plan. What it is now was imported."
        };
        let _ = writeln!(
            out,
            "{} {} would be {what}",
            painted(YELLOW, "Warning:"),
            visible(address)
        );
    }
    let blocks = release.blocks();
    if !blocks.is_empty() {
        let program = if release.is_opentofu {
            "OpenTofu"
        } else {
            "Terraform"
        };
        let _ = writeln!(
            out,
            "\n{program} still manages them. To let it go of them without destroying anything, put this \
             in the place of their resource blocks, and apply it:"
        );
        for block in blocks {
            let _ = write!(out, "\n{block}");
        }
    }
    for (instances, lead) in [
        (
            &release.covered,
            "A block lets go of every instance. To let go of single ones instead, take their keys out \
             of the configuration and run:",
        ),
        (
            &release.single,
            "Of some resources only single instances were imported. Take their keys out of the \
             configuration, and run before the next apply:",
        ),
    ] {
        if instances.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{lead}\n");
        for instance in instances {
            let _ = writeln!(out, "{}", release.command(instance));
        }
    }
}

fn left_alone(out: &mut String, migration: &Migration) {
    let others = migration.left_alone.iter();
    let others: Vec<String> = others
        .map(|(kind, count)| format!("{count} {}", visible(kind)))
        .collect();
    if !others.is_empty() {
        let _ = writeln!(out, "\nLeft alone in Terraform: {}.", others.join(", "));
    }
}

/// An import from Terraform in a JSON document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MigrationBody<'a> {
    /// Addresses for `removed` blocks.
    removed: &'a [String],
    /// Commands for single instances.
    commands: Vec<String>,
    left_alone: &'a std::collections::BTreeMap<String, usize>,
    variables: Vec<VariableFields<'a>>,
    pending: Vec<&'a str>,
    /// None if nothing was compared.
    differences: Option<Vec<DifferenceFields<'a>>>,
}

#[derive(Debug, Serialize)]
struct VariableFields<'a> {
    name: &'a str,
    resource: &'a str,
    attribute: &'a str,
}

#[derive(Debug, Serialize)]
struct DifferenceFields<'a> {
    project: &'a str,
    name: &'a str,
    action: &'a str,
    fields: &'a [String],
}

impl<'a> MigrationBody<'a> {
    /// What there is to say for machines.
    pub fn new(migration: &'a Migration) -> Self {
        let differences = match &migration.comparison {
            Comparison::Done(differences) => Some(differences),
            Comparison::Offline | Comparison::Failed => None,
        };
        let difference = |one: &'a StateMismatch| DifferenceFields {
            project: &one.project,
            name: &one.name,
            action: one.verb,
            fields: &one.fields,
        };
        let variable = |one: &'a Variable| VariableFields {
            name: &one.name,
            resource: &one.address,
            attribute: &one.attribute,
        };
        Self {
            removed: &migration.release.whole,
            commands: {
                let Release {
                    single, covered, ..
                } = &migration.release;
                let all = single.iter().chain(covered);
                all.map(|one| migration.release.command(one)).collect()
            },
            left_alone: &migration.left_alone,
            variables: migration.variables.iter().map(variable).collect(),
            pending: migration
                .pending
                .iter()
                .map(|(address, _)| address.as_str())
                .collect(),
            differences: differences.map(|all| all.iter().map(difference).collect()),
        }
    }
}
