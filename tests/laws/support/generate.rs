//! Random workspaces and random remote syncs.
//!
//! Whatever is generated is valid; what is simplest comes first, so that shrinking leads there.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::model::{Content, Fields, File, Goal, Sync, Workspace, fields};
use super::world::{ENVIRONMENTS, NEW_OPTION, PATHS, PROJECTS};

/// Few names, so that what is wanted and what is there often meet.
const NAMES: [&str; 6] = ["alpha", "beta", "gamma", "delta-1", "epsilon", "zeta"];

/// Blank and padded ones, and one that would be a variable if it were not escaped.
const DESCRIPTIONS: [&str; 6] = [
    "Payments",
    "",
    "  ",
    " padded\t",
    "costs ${var.MUCH} or $5",
    "zwei\nZeilen",
];

fn flag() -> BoxedStrategy<Option<bool>> {
    select(vec![None, Some(false), Some(true)]).boxed()
}

/// Fields of which each may be missing.
fn optional(choices: &[(&'static str, &[Value])]) -> BoxedStrategy<Fields> {
    choices
        .iter()
        .map(|(key, values)| {
            let key = (*key).to_owned();
            option::of(select(values.to_vec())).prop_map(move |value| Some((key.clone(), value?)))
        })
        .collect::<Vec<_>>()
        .prop_map(|entries| entries.into_iter().flatten().collect())
        .boxed()
}

fn flags() -> Vec<Value> {
    vec![json!(false), json!(true)]
}

fn with(required: Value, choices: &[(&'static str, &[Value])]) -> BoxedStrategy<Fields> {
    optional(choices)
        .prop_map(move |more| fields(required.clone()).into_iter().chain(more).collect())
        .boxed()
}

/// A destination and its configuration.
fn destination() -> BoxedStrategy<(&'static str, Fields)> {
    let word = || select(vec!["acme", "Web-1", "true"]);
    let humanitec = (word(), any::<bool>()).prop_map(|(org, is_environment)| {
        let config = if is_environment {
            json!({"scope": "environment", "org": org, "app": "shop", "env": "live"})
        } else {
            json!({"scope": "application", "org": org, "app": "shop"})
        };
        ("humanitec", fields(config))
    });
    let names = |strategy: BoxedStrategy<Fields>, name: &'static str| {
        strategy.prop_map(move |config| (name, config)).boxed()
    };
    let masks = [
        ("shouldHideSecrets", &flags()[..]),
        ("shouldMaskSecrets", &flags()[..]),
        ("shouldProtectSecrets", &flags()[..]),
        ("targetEnvironment", &[json!("*"), json!("prod")][..]),
    ];
    let targets = [
        json!([]),
        json!(["production"]),
        json!(["preview", "production"]),
    ];
    prop_oneof![
        4 => humanitec,
        1 => names(with(
            json!({"scope": "project", "app": "prj_1", "appName": "web", "env": "production", "teamId": ""}),
            &[("sensitive", &flags()), ("branch", &[json!(""), json!("main")])],
        ), "vercel"),
        1 => names(with(
            json!({"scope": "team", "teamId": "t1"}),
            &[
                ("sensitive", &flags()),
                ("applyToAllCustomEnvironments", &flags()),
                ("targetEnvironments", &targets),
                ("targetProjects", &[json!([]), json!(["a", "b"]), json!(["b", "a"])]),
            ],
        ), "vercel"),
        1 => names(with(json!({"project": "P1"}), &[("buildConfig", &[json!(""), json!("bc")])]), "teamcity"),
        1 => names(with(
            json!({"scope": "organization", "org": "acme", "visibility": "selected"}),
            &[("selectedRepositoryIds", &[json!([1, 2]), json!([2.0, 1.0]), json!([])])],
        ), "github"),
        1 => names(with(json!({"scope": "repository-environment", "owner": "acme", "repo": "r", "env": "e"}), &[]), "github"),
        1 => names(with(json!({"scope": "project", "projectId": "7", "projectName": "n"}), &masks), "gitlab"),
        1 => names(with(json!({"scope": "group", "groupId": "7", "groupName": "n"}), &masks), "gitlab"),
        1 => names(with(json!({"mappingBehavior": "one-to-one", "region": "eu-west-1"}), &[]), "aws-secrets-manager"),
        1 => names(with(
            json!({"mappingBehavior": "many-to-one", "region": "eu-west-1", "secretName": "a/b"}),
            &[],
        ), "aws-secrets-manager"),
    ]
    .boxed()
}

fn options(destination: &'static str) -> BoxedStrategy<Fields> {
    let key_schemas = [
        json!(""),
        json!("PAY_{{secretKey}}"),
        json!("{{environment}}/{{secretKey}}"),
    ];
    let mut choices: Vec<(&'static str, Vec<Value>)> = vec![
        ("keySchema", key_schemas.to_vec()),
        ("disableSecretDeletion", flags()),
    ];
    if destination == "aws-secrets-manager" {
        let tags = [
            json!([]),
            json!([{"key": "team", "value": "x"}, {"key": "tier", "value": ""}]),
            json!([{"key": "tier", "value": ""}, {"key": "team", "value": "x"}]),
        ];
        choices.push(("tags", tags.to_vec()));
        choices.push(("syncSecretMetadataAsTags", flags()));
    }
    let behaviours = match destination {
        "vercel" | "teamcity" | "aws-secrets-manager" => {
            vec!["overwrite-destination", "import-prioritize-source"]
        }
        _ => vec!["overwrite-destination"],
    };
    let choices: Vec<(&'static str, &[Value])> = choices
        .iter()
        .map(|(key, values)| (*key, values.as_slice()))
        .collect();
    (select(behaviours), optional(&choices))
        .prop_map(|(behaviour, more)| {
            let first = ("initialSyncBehavior".to_owned(), Value::from(behaviour));
            std::iter::once(first).chain(more).collect()
        })
        .boxed()
}

pub fn content() -> BoxedStrategy<Content> {
    let with_options = destination().prop_flat_map(|(destination, config)| {
        (Just(destination), Just(config), options(destination))
    });
    (
        with_options,
        select(&ENVIRONMENTS[..]),
        select(&PATHS[..]),
        option::of(select(&DESCRIPTIONS[..])),
        flag(),
        0..2_usize,
    )
        .prop_map(
            |((destination, config, options), environment, path, description, auto, connection)| {
                Content {
                    destination,
                    config,
                    options,
                    environment,
                    path,
                    description,
                    is_auto_synced: auto,
                    connection,
                }
            },
        )
        .boxed()
}

fn goal() -> BoxedStrategy<Goal> {
    let slugs = || select(vec!["humanitec", "vercel"]);
    prop_oneof![
        8 => content().prop_map(Goal::Present),
        2 => slugs().prop_map(Goal::Absent),
        1 => slugs().prop_map(Goal::Started),
    ]
    .boxed()
}

fn name() -> BoxedStrategy<String> {
    select(&NAMES[..]).prop_map(str::to_owned).boxed()
}

fn sync() -> BoxedStrategy<Sync> {
    (
        (prop_oneof![4 => Just(0), 1 => Just(1)], name(), goal()),
        prop_oneof![2 => Just(None), 1 => name().prop_map(Some)],
        prop_oneof![5 => Just(None), 1 => any::<bool>().prop_map(Some)],
        flag(),
        option::of(select(vec!["never", "on-change", "always"])),
        any::<bool>(),
        prop_oneof![1 => Just(0), 2 => any::<u64>()],
    )
        .prop_map(
            |(
                (project, name, goal),
                renamed_from,
                protect,
                removes_secrets,
                trigger,
                is_labelled,
                style,
            )| {
                Sync {
                    project,
                    name,
                    goal,
                    renamed_from,
                    protect,
                    removes_secrets,
                    trigger,
                    is_labelled,
                    style,
                }
            },
        )
        .boxed()
}

/// Defaults: parts of what a sync can be, and of how it is treated.
fn defaults() -> BoxedStrategy<Fields> {
    let parts = (
        option::of(content()),
        any::<[bool; 8]>(),
        option::of(select(vec!["on-change", "always"])),
        option::of(select(&PROJECTS[..])),
    );
    parts
        .prop_map(
            |(
                content,
                [config, options, place, note, auto, connection, id, provider],
                trigger,
                project,
            )| {
                let mut all = Fields::new();
                if let Some(content) = content {
                    let body = content.create_body(0, "");
                    let mut take = |keys: &[&str]| {
                        for key in keys {
                            if let Some(value) = body.get(*key) {
                                all.insert((*key).to_owned(), value.clone());
                            }
                        }
                    };
                    if config {
                        take(&["destinationConfig"]);
                    }
                    if options {
                        take(&["syncOptions"]);
                    }
                    if place {
                        take(&["environment", "secretPath"]);
                    }
                    if note {
                        take(&["description"]);
                    }
                    if auto {
                        take(&["isAutoSyncEnabled"]);
                    }
                    if config {
                        all.insert("destination".to_owned(), content.destination.into());
                        match (connection, id) {
                            (true, true) => {
                                all.insert(
                                    "connectionId".to_owned(),
                                    content.connection_id().into(),
                                );
                            }
                            (true, false) => {
                                all.insert("connection".to_owned(), "spare".into());
                            }
                            (false, _) => {}
                        }
                    }
                }
                if provider {
                    all.insert("provider".to_owned(), "infisical".into());
                }
                if let Some(trigger) = trigger {
                    all.insert("trigger".to_owned(), trigger.into());
                }
                if let Some(project) = project {
                    all.insert("project".to_owned(), project.slug.into());
                }
                all
            },
        )
        .boxed()
}

fn file(most: usize) -> BoxedStrategy<File> {
    (
        prop_oneof![1 => Just(Fields::new()), 1 => defaults()],
        vec(sync(), 1..=most),
        any::<bool>(),
    )
        .prop_map(|(defaults, syncs, continues)| File {
            defaults,
            syncs,
            continues,
        })
        .boxed()
}

pub fn workspace() -> BoxedStrategy<Workspace> {
    (
        prop_oneof![1 => Just(Fields::new()), 1 => defaults()],
        prop_oneof![6 => Just(vec![]), 1 => Just(vec!["gam*"])],
        prop_oneof![3 => Just(vec![]), 1 => Just(vec!["*eta"])],
        vec(file(4), 1..=3),
    )
        .prop_map(|(defaults, protect, ignore, files)| {
            Workspace {
                defaults,
                protect,
                ignore,
                files,
            }
            .made_valid()
        })
        .boxed()
}

/// A sync that someone made without secsync.
#[derive(Clone)]
pub struct Stray {
    pub project: usize,
    pub name: String,
    pub content: Content,
}

impl std::fmt::Debug for Stray {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = self.content.create_body(self.project, &self.name);
        let body = Value::Object(body);
        write!(formatter, "POST {} {body}", self.content.destination)
    }
}

/// Syncs that someone made without secsync, some with an option that the schemas do not know.
pub fn strays() -> BoxedStrategy<Vec<Stray>> {
    let stray = (
        prop_oneof![4 => Just(0), 1 => Just(1)],
        name(),
        content(),
        prop_oneof![4 => Just(None), 1 => any::<bool>().prop_map(Some)],
    );
    let stray = stray.prop_map(|(project, name, mut content, new)| {
        if let Some(new) = new {
            content.options.insert(NEW_OPTION.to_owned(), new.into());
        }
        Stray {
            project,
            name,
            content,
        }
    });
    vec(stray, 0..=4).boxed()
}

/// Names that other readers of YAML take for something else, and the longest one.
const HOSTILE_NAMES: [&str; 10] = [
    "no",
    "null",
    "true",
    "1e3",
    "010",
    "0x1f",
    "123",
    "secsync",
    "y",
    "a234567890-b234567890-c234567890-d234567890-e234567890-f23456789",
];

/// Text that has to be quoted, escaped or laid out with care.
fn hostile_text() -> BoxedStrategy<String> {
    let odd = select(vec![
        "no",
        "null",
        "~",
        "1e3",
        "010",
        "2024-01-01",
        "12:30",
        "${var.X}",
        "$${var.X}",
        "${var.",
        "{{secretKey}}",
        "# no comment",
        "a: b",
        "- a",
        "'",
        "\"",
        "\\",
        "%x",
        "@x",
        "*a",
        "&a",
        "!t",
        "|",
        ">",
        "?",
        "<<",
        "---",
        "...",
        "[a]",
        "{a}",
        "käse",
        "日本",
        "🦀",
        "e\u{301}",
        "\u{2028}",
        "\u{85}",
        "\u{202e}",
        "a\n\u{200b}b",
        "\u{e0041}",
        "a\tb",
        "a \nb\n\n c",
        "a\r\nb",
        "# secsync: allow(name-form) x",
        "\u{7}",
    ]);
    prop_oneof![
        3 => odd.prop_map(str::to_owned),
        1 => vec("\\PC{1,6}|\n| ", 1..6).prop_map(|parts| parts.concat()),
        1 => Just("x".repeat(255)),
    ]
    .boxed()
}

/// Unusual syncs, all of them valid.
pub fn hostile_strays() -> BoxedStrategy<Vec<Stray>> {
    let name = prop_oneof![select(&HOSTILE_NAMES[..]).prop_map(str::to_owned), name()];
    let own = (option::of(hostile_text()), hostile_text(), any::<bool>());
    let stray = (0..2_usize, name, content(), own);
    let stray = stray.prop_map(
        |(project, name, mut content, (description, org, is_hostile))| {
            if let Some(description) = description {
                let short: String = description.chars().take(200).collect();
                content.description = Some(Box::leak(short.into_boxed_str()));
            }
            if is_hostile && content.destination == "humanitec" {
                content.config.insert("org".to_owned(), org.into());
            }
            Stray {
                project,
                name,
                content,
            }
        },
    );
    vec(stray, 0..=5).boxed()
}

/// Defaults of a workspace into which syncs are adopted that were made without them.
pub fn settings() -> BoxedStrategy<String> {
    defaults()
        .prop_map(|defaults| {
            let settings = json!({"include": ["syncs"], "defaults": defaults}).to_string();
            settings.replace("${var.", "$${var.")
        })
        .boxed()
}
