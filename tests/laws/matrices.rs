//! The law of the matrix: a matrix and its syncs written out give the same plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::support::case::{block_on, cases};
use super::support::site::{Planned, Site, meaning};

const TOP: &str = "\
provider: infisical
project: payments
defaults:
  destination: humanitec
  connection: main
  environment: prod
  secretPath: /
  syncOptions: {initialSyncBehavior: overwrite-destination, disableSecretDeletion: true}
syncs:
";

/// A matrix of apps and environments.
#[derive(Debug, Clone)]
struct Matrix {
    apps: Vec<&'static str>,
    envs: Vec<Value>,
    exclude: Vec<Value>,
    include: Vec<Value>,
}

fn env() -> impl Strategy<Value = (bool, Option<bool>, Option<String>)> {
    (
        any::<bool>(),
        any::<Option<bool>>(),
        proptest::option::of("[a-z. ]{0,6}x"),
    )
}

fn entry() -> impl Strategy<Value = (Option<&'static str>, Option<&'static str>)> {
    (
        proptest::option::of(select(vec!["web", "api", "worker", "cron"])),
        proptest::option::of(select(vec!["dev", "prod", "stage"])),
    )
}

fn matrix() -> impl Strategy<Value = Matrix> {
    let apps = subsequence(vec!["web", "api", "worker"], 1..=3);
    let slugs = subsequence(vec!["dev", "prod", "stage"], 1..=3);
    (
        apps,
        slugs,
        vec(env(), 3),
        vec(entry(), 0..3),
        vec((entry(), any::<bool>()), 0..3),
    )
        .prop_map(|(apps, slugs, envs, exclude, include)| {
            let envs = slugs.iter().zip(envs).enumerate();
            let envs = envs.map(|(index, (slug, (is_protected, auto, note)))| {
                let mut env = json!({"slug": slug});
                // Each field is in one of them at least, or the reference is an error.
                if index == 0 {
                    return json!({"slug": slug, "protect": true, "auto": false, "note": "x"});
                }
                if is_protected {
                    env["protect"] = true.into();
                }
                if let Some(auto) = auto {
                    env["auto"] = auto.into();
                }
                if let Some(note) = note {
                    env["note"] = format!("x{note}").into();
                }
                env
            });
            let partial = |(app, slug): (Option<&str>, Option<&str>)| {
                let mut entry = Map::new();
                if let Some(app) = app {
                    entry.insert("app".to_owned(), app.into());
                }
                if let Some(slug) = slug {
                    entry.insert("env".to_owned(), json!({"slug": slug}));
                }
                entry
            };
            let exclude = exclude
                .into_iter()
                .map(partial)
                .filter(|entry| !entry.is_empty());
            let base = Map::from_iter([("extra".to_owned(), json!("base"))]);
            let include = include.into_iter().map(|(entry, is_noted)| {
                let mut entry = partial(entry);
                // A cell of its own needs both axes for its name.
                if !(entry.contains_key("app") && entry.contains_key("env")) || is_noted {
                    entry.insert(
                        "extra".to_owned(),
                        format!("added to {}", entry.len()).into(),
                    );
                }
                entry
            });
            Matrix {
                apps,
                envs: envs.collect(),
                exclude: exclude.map(Value::Object).collect(),
                include: std::iter::once(base)
                    .chain(include)
                    .map(Value::Object)
                    .collect(),
            }
        })
}

/// Whether all that an entry says of an axis is so in a cell.
fn agrees(entry: &Value, cell: &Value) -> bool {
    let app = entry
        .get("app")
        .is_none_or(|app| Some(app) == cell.get("app"));
    let env = entry
        .get("env")
        .is_none_or(|env| env["slug"] == cell["env"]["slug"]);
    app && env
}

/// The cells, in the simplest way to find them.
fn cells(matrix: &Matrix) -> Vec<Value> {
    let mut cells = Vec::new();
    for app in &matrix.apps {
        for env in &matrix.envs {
            cells.push(json!({"app": app, "env": env}));
        }
    }
    cells.retain(|cell| !matrix.exclude.iter().any(|entry| agrees(entry, cell)));
    let mut own = Vec::new();
    for entry in &matrix.include {
        let mut matching = cells
            .iter_mut()
            .filter(|cell| agrees(entry, cell))
            .peekable();
        if matching.peek().is_none() {
            own.push(entry.clone());
        }
        for cell in matching {
            if let Some(extra) = entry.get("extra") {
                cell["extra"] = extra.clone();
            }
        }
    }
    cells.extend(own);
    cells
}

fn as_matrix(matrix: &Matrix) -> String {
    let Matrix {
        apps,
        envs,
        exclude,
        include,
    } = matrix;
    let axes = json!({"app": apps, "env": envs, "exclude": exclude, "include": include});
    format!(
        r#"{TOP}  "${{matrix.app}}-${{matrix.env.slug}}":
    matrix: {axes}
    secretPath: "/${{matrix.app}}"
    protect: "${{matrix.env.protect}}"
    isAutoSyncEnabled: ${{matrix.env.auto}}
    description: "${{matrix.extra}}"
    destinationConfig: {{ scope: environment, org: acme, app: "${{matrix.app}}", env: "${{matrix.env.slug}}" }}
    labels: {{ note: "${{matrix.env.note}}" }}
"#
    )
}

fn written_out(cells: &[Value]) -> String {
    let mut text = TOP.to_owned();
    for cell in cells {
        let (app, slug) = (
            cell["app"].as_str().unwrap(),
            cell["env"]["slug"].as_str().unwrap(),
        );
        let mut block = json!({
            "secretPath": format!("/{app}"),
            "destinationConfig": {"scope": "environment", "org": "acme", "app": app, "env": slug},
        });
        for (field, value) in [
            ("protect", cell["env"].get("protect")),
            ("isAutoSyncEnabled", cell["env"].get("auto")),
            ("description", cell.get("extra")),
        ] {
            if let Some(value) = value {
                block[field] = value.clone();
            }
        }
        if let Some(note) = cell["env"].get("note") {
            block["labels"] = json!({"note": note});
        }
        let _ = writeln!(text, "  {app}-{slug}: {block}");
    }
    text
}

/// Whether a reference of the block names nothing in any cell, or its cells are no syncs.
fn is_valid(cells: &[Value]) -> bool {
    let has = |path: &str| cells.iter().any(|cell| cell.pointer(path).is_some());
    let names = cells
        .iter()
        .map(|cell| (cell.pointer("/app"), cell.pointer("/env/slug")));
    let mut seen = BTreeSet::new();
    let all_named = names.clone().all(|(app, slug)| {
        let name = format!("{app:?}-{slug:?}");
        app.is_some() && slug.is_some() && seen.insert(name)
    });
    all_named
        && ["/env/protect", "/env/auto", "/env/note", "/extra"]
            .into_iter()
            .all(has)
}

/// What is declared beside what a plan shows, by name.
fn declared(planned: &Planned) -> BTreeMap<String, (bool, Vec<(String, String)>)> {
    let syncs = planned.workspace.syncs.iter();
    syncs
        .map(|sync| (sync.name.text.clone(), (sync.protect, sync.labels.clone())))
        .collect()
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn a_matrix_and_its_syncs_written_out_give_the_same_plan(matrix in matrix()) {
        let cells = cells(&matrix);
        prop_assume!(is_valid(&cells));
        block_on(async {
            let mut site = Site::with(Site::usual()).await;
            site.write_file(&as_matrix(&matrix));
            let one = site.plan().await;
            site.write_file(&written_out(&cells));
            let other = site.plan().await;
            assert_eq!(meaning(&one.plan), meaning(&other.plan));
            assert_eq!(declared(&one), declared(&other));
        });
    }
}
