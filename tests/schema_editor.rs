//! The editor schema, in the hands of the real `yaml-language-server`.
//!
//! The server is an npm package. Where it is not installed, the tests of its behaviour say so
//! and pass; `YAML_LANGUAGE_SERVER` names its program where it is not in `PATH`, and CI, which
//! sets it, so cannot pass without it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that panics has failed, and says where"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use secsync::core::spec::ProviderKind;
use secsync::schema::editor;
use secsync::schema::store::SchemaStore;
use serde_json::{Value, json};

fn schema() -> Value {
    let providers: BTreeMap<String, ProviderKind> = [
        ("infisical".to_owned(), ProviderKind::Infisical),
        ("onprem".to_owned(), ProviderKind::Infisical),
        ("enkryptify".to_owned(), ProviderKind::Enkryptify),
    ]
    .into();
    editor::schema(&SchemaStore::bundled(), &providers).unwrap()
}

/// A running language server with one open file.
struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    text: String,
    next_id: u64,
    diagnostics: Vec<String>,
    _directory: tempfile::TempDir,
}

impl Server {
    /// Opens a text, in which `|` marks the cursor. None where there is no language server.
    fn open(text: &str) -> Option<Self> {
        let named = std::env::var("YAML_LANGUAGE_SERVER").ok();
        let program = named.as_deref().unwrap_or("yaml-language-server");
        let started = Command::new(program)
            .arg("--stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = match (started, named) {
            (Ok(child), _) => child,
            (Err(error), Some(program)) => panic!("{program} does not start: {error}"),
            (Err(_), None) => {
                eprintln!("skipped: yaml-language-server is not installed");
                return None;
            }
        };
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("schema.json");
        std::fs::write(&path, schema().to_string()).unwrap();
        let modeline = format!(
            "# yaml-language-server: $schema=file://{}\n",
            path.display()
        );
        let mut server = Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            text: modeline + text,
            next_id: 0,
            diagnostics: Vec::new(),
            _directory: directory,
        };
        server.request(
            "initialize",
            &json!({"processId": null, "rootUri": null, "capabilities": {
                "textDocument": {"completion": {"completionItem": {"documentationFormat": ["markdown"]}}},
                "workspace": {"configuration": true},
            }}),
        );
        server.notify("initialized", &json!({}));
        let shown = server.text.replace('|', "");
        server.notify(
            "textDocument/didOpen",
            &json!({"textDocument": {"uri": "file:///sync.yaml", "languageId": "yaml", "version": 1, "text": shown}}),
        );
        server.receive(|message| message["method"] == "textDocument/publishDiagnostics");
        Some(server)
    }

    /// The words that are offered at the cursor.
    fn offers(&mut self) -> Vec<String> {
        let at = self.cursor();
        let answer = self.request("textDocument/completion", &at);
        let items = answer["items"]
            .as_array()
            .unwrap_or_else(|| panic!("{answer}"));
        items
            .iter()
            .map(|item| item["label"].as_str().unwrap().to_owned())
            .collect()
    }

    /// What is said about the word at the cursor.
    fn hover(&mut self) -> String {
        let at = self.cursor();
        let answer = self.request("textDocument/hover", &at);
        answer["contents"]["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    fn cursor(&self) -> Value {
        let before = self.text.split('|').next().unwrap();
        let line = before.matches('\n').count();
        let character = before.rsplit('\n').next().unwrap().chars().count();
        json!({"textDocument": {"uri": "file:///sync.yaml"}, "position": {"line": line, "character": character}})
    }

    fn request(&mut self, method: &str, parameters: &Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters}));
        self.receive(|message| message["id"] == id && message.get("method").is_none())["result"]
            .clone()
    }

    fn notify(&mut self, method: &str, parameters: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": parameters}));
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }

    /// Reads messages up to the wanted one, and answers those that ask for something.
    fn receive(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.read();
            if message["method"] == "textDocument/publishDiagnostics" {
                let diagnostics = message["params"]["diagnostics"].as_array().unwrap();
                self.diagnostics = diagnostics
                    .iter()
                    .map(|diagnostic| {
                        format!(
                            "{}: {}",
                            diagnostic["range"]["start"]["line"],
                            diagnostic["message"].as_str().unwrap()
                        )
                    })
                    .collect();
            }
            if is_wanted(&message) {
                return message;
            }
            if message.get("method").is_some() && message.get("id").is_some() {
                let settings = json!({"validate": true, "completion": true, "hover": true, "schemaStore": {"enable": false}});
                let asked = message["params"]["items"].as_array().map_or(0, Vec::len);
                let result: Vec<Value> = (0..asked)
                    .map(|index| {
                        if index == 0 {
                            settings.clone()
                        } else {
                            Value::Null
                        }
                    })
                    .collect();
                self.send(&json!({"jsonrpc": "2.0", "id": message["id"], "result": result}));
            }
        }
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(
                self.output.read_line(&mut line).unwrap(),
                0,
                "the server has ended"
            );
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().unwrap();
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to save, and may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn offers(text: &str) -> Option<Vec<String>> {
    Some(Server::open(text)?.offers())
}

fn problems(text: &str) -> Option<Vec<String>> {
    Some(Server::open(text)?.diagnostics.clone())
}

fn expect_offers(text: &str, expected: &[&str]) {
    let Some(offered) = offers(text) else { return };
    for word in expected {
        assert!(
            offered.iter().any(|other| other == word),
            "{word} in {offered:?}"
        );
    }
}

#[test]
fn destinations_are_offered() {
    expect_offers(
        "syncs:\n  a:\n    destination: |\n",
        &["humanitec", "vercel", "aws-secrets-manager"],
    );
}

#[test]
fn the_fields_of_a_sync_are_offered() {
    expect_offers(
        "syncs:\n  a:\n    destination: humanitec\n    |\n",
        &[
            "connection",
            "environment",
            "secretPath",
            "syncOptions",
            "destinationConfig",
            "onDelete",
            "labels",
        ],
    );
}

#[test]
fn the_fields_of_the_named_destination_are_offered_and_no_others() {
    let text = "syncs:\n  a:\n    destination: humanitec\n    destinationConfig:\n      scope: environment\n      |\n";
    let Some(offered) = offers(text) else { return };
    for word in ["org", "app", "env"] {
        assert!(offered.contains(&word.to_owned()), "{word} in {offered:?}");
    }
    for word in ["teamId", "region"] {
        assert!(!offered.contains(&word.to_owned()), "{word} in {offered:?}");
    }
}

#[test]
fn the_values_of_a_tag_and_of_an_option_are_offered() {
    expect_offers(
        "syncs:\n  a:\n    destination: humanitec\n    destinationConfig:\n      scope: |\n",
        &["application", "environment"],
    );
    expect_offers(
        "syncs:\n  a:\n    destination: vercel\n    syncOptions:\n      initialSyncBehavior: |\n",
        &["overwrite-destination", "import-prioritize-source"],
    );
    expect_offers(
        "syncs:\n  a:\n    onDelete: |\n",
        &["keep-secrets", "remove-secrets"],
    );
}

#[test]
fn hovering_explains_a_field() {
    let Some(mut server) = Server::open("syncs:\n  a:\n    secretP|ath: /x\n") else {
        return;
    };
    let text = server.hover();
    assert!(
        text.contains("The folder that the secrets are taken from"),
        "{text}"
    );
}

#[test]
fn right_files_have_no_problems() {
    for text in [
        "version: 1\nprovider: infisical\nproject: pay\ndefaults:\n  environment: prod\n  syncOptions:\n    initialSyncBehavior: overwrite-destination\nsyncs:\n  a:\n    destination: humanitec\n    connection: main\n    secretPath: /x\n    labels: {team: x}\n    isAutoSyncEnabled: ${var.AUTO}\n    destinationConfig:\n      scope: environment\n      org: acme\n      app: pay\n      env: ${var.ENV}\n",
        "provider: enkryptify\nproject: prj_1\nsyncs:\n  a:\n    destination: any-slug-at-all\n  b:\n    provider: infisical\n    destination: vercel\n    destinationConfig: {scope: project, env: preview}\n",
        "provider: onprem\nsyncs:\n  a:\n    destination: ${var.WHERE}\n    environment: ~\n",
    ] {
        let Some(found) = problems(text) else { return };
        assert_eq!(found, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn mistakes_are_told_where_they_are() {
    for (text, line, words) in [
        ("syncs:\n  a:\n    destination: humanitek\n", 3, "humanitec"),
        (
            "syncs:\n  a:\n    destination: humanitec\n    conection: x\n",
            4,
            "conection",
        ),
        (
            "syncs:\n  a:\n    destination: humanitec\n    destinationConfig:\n      scope: aplication\n",
            5,
            "application",
        ),
        (
            "syncs:\n  a:\n    destination: humanitec\n    destinationConfig:\n      scope: application\n      env: x\n",
            6,
            "env",
        ),
        (
            "syncs:\n  a:\n    destination: humanitec\n    isAutoSyncEnabled: maybe\n",
            4,
            "boolean",
        ),
        (
            "provider: enkryptify\nsyncs:\n  a:\n    destination: vercel\n    secretPath: /x\n",
            5,
            "secretPath",
        ),
    ] {
        let Some(found) = problems(text) else { return };
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(
            found[0].starts_with(&format!("{line}:")),
            "{text}: {found:?}"
        );
        assert!(found[0].contains(words), "{text}: {found:?}");
    }
}

#[test]
fn the_schema_is_the_same_each_time_and_knows_every_destination() {
    let one = schema();
    assert_eq!(one.to_string(), schema().to_string());
    let slugs = &one["definitions"]["managedSync"]["properties"]["destination"]["anyOf"][0]["enum"];
    assert_eq!(
        *slugs,
        json!(SchemaStore::bundled().destinations(ProviderKind::Infisical))
    );
}

#[test]
fn every_reference_of_the_schema_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|value| references(value, found));
            }
            _ => {}
        }
    }
    let schema = schema();
    let mut found = Vec::new();
    references(&schema, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        assert!(schema.pointer(&reference[1..]).is_some(), "{reference}");
    }
}

/// `SECSYNC_BLESS=1 cargo test --test schema_editor` writes the files anew.
fn assert_is_committed(schema: &Value, file: &str) {
    let text = format!("{schema:#}\n");
    let path = format!("{}/schemas/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("SECSYNC_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == text,
        "schemas/{file} is not what secsync writes"
    );
}

#[test]
fn the_committed_schema_of_sync_files_is_up_to_date() {
    let providers: BTreeMap<String, ProviderKind> = ProviderKind::ALL
        .into_iter()
        .map(|kind| (kind.name().to_owned(), kind))
        .collect();
    let schema = editor::schema(&SchemaStore::bundled(), &providers).unwrap();
    assert_is_committed(&schema, "sync-file.json");
}

#[test]
fn the_committed_schema_of_the_workspace_file_is_up_to_date() {
    assert_is_committed(&editor::workspace_file::schema(), "workspace.json");
}

#[test]
fn the_schema_of_the_workspace_file_has_the_fields_that_are_read_and_no_others() {
    use secsync::core::span::Sources;
    use secsync::workspace::Config;
    let codes = |text: &str| {
        let mut found = Vec::new();
        let document = secsync::yaml::load(Sources::default().add("secsync.yaml", text), text);
        Config::read(&document.documents[0], &mut found);
        found
    };
    let schema = editor::workspace_file::schema();
    let fields = schema["properties"].as_object().unwrap();
    let nothing: String = fields
        .keys()
        .flat_map(|field| [field.as_str(), ": null\n"])
        .collect();
    assert_eq!(codes(&nothing), []);
    // Whoever misspells a field is told all that there are.
    let told = codes("zzzzzz: 1\n").remove(0).help.unwrap();
    assert_eq!(told.matches('`').count(), 2 * fields.len(), "{told}");
}
