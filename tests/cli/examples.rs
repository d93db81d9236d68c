//! What a person sees of a destination: its fields, and a sync ready to be filled in.

use regex::Regex;
use secsync::provider::infisical;
use secsync::schema::store::SchemaStore;
use serde_json::{Value, json};

use super::harness::Tree;

fn run(arguments: &str) -> String {
    let tree = Tree::new(&[]);
    tree.secsync(arguments).run().exits_with(0).stdout
}

#[test]
fn an_example_has_each_field_with_what_may_stand_there() {
    insta::assert_snapshot!(run("schema example infisical/vercel"), @"
    # A sync to Vercel. Each field without a value needs one.
    # What begins with `#` and no blank is optional: take the `#` away, and fill it in.
    version: 1
    provider: infisical
    project:  # required; the project's id, slug or name
    syncs:
      my-vercel:  # the sync's name
        destination: vercel
        connection:  # required; the name of a connection to vercel, or `connectionId` and its id
        environment:  # required; text; at most 64 characters; matches ^[a-z0-9]+(?:-[a-z0-9]+)*$
        secretPath: /  # required; text
        #description:  # optional; text; at most 256 characters
        #isAutoSyncEnabled: true  # optional; `true` or `false`; default true
        syncOptions:  # required
          # initialSyncBehavior: required; `overwrite-destination`, `import-prioritize-source` or
          # `import-prioritize-destination`
          initialSyncBehavior:
          #disableSecretDeletion:  # optional; `true` or `false`
          #includeAllSubFolders:  # optional; `true` or `false`
          #keySchema:  # optional; text; at most 255 characters
        destinationConfig:  # required
          scope: project  # required; `project` or `team`
          app:  # required; text
          appName:  # required; text
          env:  # required; `development`, `preview` or `production` or text
          teamId:  # required; text
          #branch:  # optional; text
          #sensitive: false  # optional; `true` or `false`; default false
          # With `scope: team` in the place of `scope: project`, these instead of `app`, `appName`,
          # `env`, `teamId`, `branch`, `sensitive`:
          #teamId:  # required; text
          #applyToAllCustomEnvironments: false  # optional; `true` or `false`; default false
          #sensitive: false  # optional; `true` or `false`; default false
          # targetEnvironments: optional; a list, each `development`, `preview` or `production`; default
          # []
          #targetEnvironments: []
          #targetProjects:  # optional; a list, each text
          #teamName:  # optional; text
    ");
    insta::assert_snapshot!(run("schema example vercel --minimal"), @"
    # A sync to Vercel. Each field without a value needs one.
    version: 1
    provider: infisical
    project:  # required; the project's id, slug or name
    syncs:
      my-vercel:  # the sync's name
        destination: vercel
        connection:  # required; the name of a connection to vercel, or `connectionId` and its id
        environment:  # required; text; at most 64 characters; matches ^[a-z0-9]+(?:-[a-z0-9]+)*$
        secretPath: /  # required; text
        syncOptions:  # required
          # initialSyncBehavior: required; `overwrite-destination`, `import-prioritize-source` or
          # `import-prioritize-destination`
          initialSyncBehavior:
        destinationConfig:  # required
          scope: project  # required; `project` or `team`
          app:  # required; text
          appName:  # required; text
          env:  # required; `development`, `preview` or `production` or text
          teamId:  # required; text
    ");
    insta::assert_snapshot!(run("schema example enkryptify/vercel"), @"
    # A sync to Vercel. Each field without a value needs one.
    version: 1
    provider: enkryptify
    project:  # required; the project's id, slug or name
    syncs:
      my-vercel:  # the sync's name
        destination: vercel
    ");
}

#[test]
fn the_fields_of_a_destination_are_a_table_for_people_and_a_schema_for_machines() {
    insta::assert_snapshot!(run("schema show gitlab"), @r#"
    infisical/gitlab: GitLab, through a connection to gitlab

    FIELD                     REQUIRED  VALUE
    connectionId              yes       a UUID
    destinationConfig         yes
      scope                   yes       `project` or `group`
      with scope: project
        projectId             yes       text
        projectName           yes       text
        shouldHideSecrets     no        `true` or `false`; default false
        shouldMaskSecrets     no        `true` or `false`; default false
        shouldProtectSecrets  no        `true` or `false`; default false
        targetEnvironment     no        text; default "*"
      with scope: group
        groupId               yes       text
        groupName             yes       text
        shouldHideSecrets     no        `true` or `false`; default false
        shouldMaskSecrets     no        `true` or `false`; default false
        shouldProtectSecrets  no        `true` or `false`; default false
        targetEnvironment     no        text; default "*"
    environment               yes       text; at most 64 characters; matches ^[a-z0-9]+(?:-[a-z0-9]+)*$
    name                      yes       text; at most 256 characters; matches ^[a-z0-9]+(?:-[a-z0-9]+)*$
    projectId                 yes       text
    secretPath                yes       text
    syncOptions               yes
      initialSyncBehavior     yes       `overwrite-destination`
      disableSecretDeletion   no        `true` or `false`
      includeAllSubFolders    no        `true` or `false`
      keySchema               no        text; at most 255 characters
    description               no        text; at most 256 characters
    isAutoSyncEnabled         no        `true` or `false`; default true
    "#);
    insta::assert_snapshot!(run("schema show enkryptify/start"), @"
    enkryptify/start: Start

    FIELD      REQUIRED  VALUE
    projectId  yes       text
    name       yes       text
    ");
    let document: Value = serde_json::from_str(&run("schema show gitlab -o json")).unwrap();
    let file = super::harness::repository("schemas/infisical/gitlab.json");
    assert_eq!(
        document["schema"],
        serde_json::from_str::<Value>(&file).unwrap()
    );
}

#[test]
fn an_unknown_destination_is_corrected() {
    let tree = Tree::new(&[]);
    for (command, help) in [
        ("schema show versel", "Did you mean `infisical/vercel`?"),
        (
            "schema example nothing-like-it",
            "`secsync schema list` shows them.",
        ),
        (
            "schema example infisical/nothing",
            "`secsync schema list` shows them.",
        ),
        (
            "schema example nobody/vercel",
            "`secsync schema list` shows them.",
        ),
    ] {
        let refused = tree.secsync(command).run().exits_with(64);
        assert!(refused.stderr.contains(help), "{refused}");
    }
}

#[test]
fn an_example_is_not_valid_before_it_is_filled_in() {
    let tree = Tree::new(&[("a.yaml", &run("schema example vercel"))]);
    let refused = tree.secsync("validate a.yaml").run().exits_with(3);
    assert!(refused.stderr.contains("missing-field"), "{refused}");
}

#[test]
fn the_example_of_each_destination_is_valid_once_filled_in() {
    let store = SchemaStore::bundled();
    let slugs = store.destinations(infisical::PLATFORM);
    assert_eq!(slugs.len(), 52);
    let mut files = Vec::new();
    for slug in &slugs {
        let file = store.file(&(infisical::PLATFORM, slug.clone()));
        let create = file.unwrap().unwrap().definitions["create"].clone();
        let minimal = run(&format!("schema example infisical/{slug} --minimal"));
        let whole = run(&format!("schema example infisical/{slug}"));
        let variants = create["properties"]["destinationConfig"]["allOf"].as_array();
        let tags: Vec<Value> = variants
            .into_iter()
            .flatten()
            .map(|branch| branch["if"]["properties"].clone())
            .collect();
        assert!(whole.len() > minimal.len(), "{slug}");
        files.push(Filling::new(&create, None).fill(&minimal, "minimal"));
        files.push(Filling::new(&create, tags.first()).fill(&whole, "whole"));
        for (number, tag) in tags.iter().enumerate().skip(1) {
            let name = format!("variant-{number}");
            files.push(Filling::new(&create, Some(tag)).fill(&whole, &name));
        }
    }
    let named: Vec<(String, String)> = files
        .into_iter()
        .enumerate()
        .map(|(number, text)| (format!("syncs/{number}.yaml"), text))
        .collect();
    let named: Vec<(&str, &str)> = named
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    Tree::new(&named).secsync("validate -q").run().exits_with(0);
}

/// Fills an example in as a person would, with every optional field if they are in it.
struct Filling<'a> {
    create: &'a Value,
    /// The tag of the configuration and its value, if another one than the first is wanted.
    tag: Option<(&'a String, &'a Value)>,
}

/// A line of an example.
struct Line {
    level: usize,
    key: String,
    value: String,
    /// The tag of the variant that it is for, if it is not for the first.
    variant: Option<String>,
}

impl<'a> Filling<'a> {
    fn new(create: &'a Value, tag: Option<&'a Value>) -> Self {
        let tag = tag
            .and_then(Value::as_object)
            .and_then(|tag| tag.iter().next());
        Self {
            create,
            tag: tag.map(|(tag, condition)| (tag, &condition["const"])),
        }
    }

    fn fill(&self, example: &str, name: &str) -> String {
        let mut lines: Vec<Line> = Vec::new();
        let mut remarks = String::new();
        let mut variant = None;
        let mut replaced: Vec<String> = Vec::new();
        for line in example.lines() {
            let content = line.trim_start();
            if content == "#" || content.starts_with("# ") {
                remarks.push_str(content.trim_start_matches('#'));
                continue;
            }
            if let Some((_, rest)) = remarks.split_once("With `") {
                let mut quoted = rest.split('`').step_by(2).map(str::to_owned);
                variant = quoted.next();
                replaced = quoted.skip(1).collect();
            }
            remarks.clear();
            // The `#` of an optional field stands where its first blank or letter would.
            let uncommented = line.replacen('#', "", usize::from(content.starts_with('#')));
            let content = uncommented.trim_start();
            let level = (uncommented.len() - content.len()) / 2;
            let content = content.split("  # ").next().unwrap();
            let (key, value) = content.split_once(':').unwrap();
            lines.push(Line {
                level,
                key: key.trim_matches('"').to_owned(),
                value: value.trim().to_owned(),
                variant: variant.clone(),
            });
        }
        let wanted = self
            .tag
            .map(|(tag, value)| format!("{tag}: {}", value.as_str().unwrap()));
        let is_other = lines
            .iter()
            .any(|line| line.variant.is_some() && line.variant == wanted);
        lines.retain(|line| {
            let is_replaced = line.level == 3 && replaced.contains(&line.key);
            match &line.variant {
                None => !(is_other && is_replaced),
                own => is_other && *own == wanted,
            }
        });
        let mut text = String::new();
        let mut path: Vec<String> = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            path.truncate(line.level);
            path.push(line.key.clone());
            let opens = lines
                .get(index + 1)
                .is_some_and(|next| next.level > line.level);
            let value = match (line.level, line.key.as_str()) {
                _ if opens => String::new(),
                (0, "project") => "shop".to_owned(),
                (2, "connection") => "main".to_owned(),
                (3, key) if self.tag.is_some_and(|(tag, _)| tag == key) => {
                    self.tag.unwrap().1.to_string()
                }
                _ if line.value.is_empty() => self.value(&path[2..]).to_string(),
                _ => line.value.clone(),
            };
            let key = if line.level == 1 {
                format!("{}-{name}", line.key)
            } else {
                line.key.clone()
            };
            text.push_str(&format!("{}\"{key}\": {value}\n", "  ".repeat(line.level)));
        }
        text
    }

    /// A value that fits the schema at a path.
    fn value(&self, path: &[String]) -> Value {
        // A rule that some schemas do not have.
        if path.last().unwrap() == "keySchema" {
            return json!("{{secretKey}}");
        }
        let mut schema = self.create;
        for key in path {
            let branches = schema["allOf"].as_array().into_iter().flatten();
            let mut found = branches
                .filter(|branch| {
                    let (tag, value) = self.tag.unwrap_or_else(|| {
                        let first = schema["allOf"][0]["if"]["properties"].as_object();
                        let (tag, condition) = first.unwrap().iter().next().unwrap();
                        (tag, &condition["const"])
                    });
                    branch["if"]["properties"][tag]["const"] == *value
                })
                .map(|branch| &branch["then"]["properties"][key])
                .filter(|found| found.is_object());
            schema = match &schema["properties"][key] {
                Value::Null => found.next().unwrap_or_else(|| panic!("{path:?}")),
                own => own,
            };
        }
        value_of(schema)
    }
}

/// Values of the forms that patterns and formats ask for.
const TEXTS: [&str; 13] = [
    "a",
    "/a",
    "/a/",
    "1",
    "https://a.example",
    "11111111-1111-4111-8111-111111111111",
    "A_{{secretKey}}",
    "ABC",
    "a.b",
    "f/a/",
    "ocid1.tenancy.oc1..a",
    "ocid1.vault.oc1..a",
    "ocid1.key.oc1..a",
];

fn value_of(schema: &Value) -> Value {
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    if let Some(first) = schema["anyOf"].get(0) {
        return value_of(first);
    }
    let types = match &schema["type"] {
        Value::Array(types) => types[0].as_str(),
        one => one.as_str(),
    };
    match types {
        Some("boolean") => json!(false),
        Some("number" | "integer") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("array") => json!([value_of(&schema["items"])]),
        Some("object") => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            fields
                .map(|(key, field)| (key.clone(), value_of(field)))
                .collect()
        }
        Some("string") => text_of(schema).into(),
        other => panic!("{other:?}: {schema}"),
    }
}

fn text_of(schema: &Value) -> String {
    let pattern = schema["pattern"].as_str().unwrap_or("");
    let pattern = Regex::new(pattern).unwrap();
    let least = usize::try_from(schema["minLength"].as_u64().unwrap_or(0)).unwrap();
    let fits_format = |text: &str| match schema["format"].as_str() {
        Some("uuid") => text.len() == 36,
        Some("uri") => text.starts_with("https:"),
        _ => true,
    };
    let texts = TEXTS
        .iter()
        .flat_map(|text| [(*text).to_owned(), text.repeat(least.max(1))]);
    let mut fitting =
        texts.filter(|text| text.len() >= least && pattern.is_match(text) && fits_format(text));
    fitting.next().unwrap_or_else(|| panic!("{schema}"))
}
