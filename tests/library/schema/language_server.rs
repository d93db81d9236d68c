//! The editor schema in the real `yaml-language-server`.
//!
//! The server is an npm package, so these tests run only when they are asked for, with
//! `cargo test --test library -- --ignored`. `YAML_LANGUAGE_SERVER` names the program if it is not
//! in `PATH`.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::editor::schema;

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
    /// Opens a text, in which `|` marks the cursor.
    fn open(text: &str) -> Self {
        let program = std::env::var("YAML_LANGUAGE_SERVER");
        let program = program.as_deref().unwrap_or("yaml-language-server");
        let mut child = Command::new(program)
            .arg("--stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{program} does not start: {error}"));
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
        server
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

fn offers(text: &str) -> Vec<String> {
    Server::open(text).offers()
}

fn problems(text: &str) -> Vec<String> {
    Server::open(text).diagnostics.clone()
}

fn expect_offers(text: &str, expected: &[&str]) {
    let offered = offers(text);
    for word in expected {
        assert!(
            offered.iter().any(|other| other == word),
            "{word} in {offered:?}"
        );
    }
}

#[test]
#[ignore = "needs yaml-language-server"]
fn offers_the_destinations() {
    expect_offers(
        "syncs:\n  a:\n    destination: |\n",
        &["humanitec", "vercel", "aws-secrets-manager"],
    );
}

#[test]
#[ignore = "needs yaml-language-server"]
fn offers_the_fields_of_a_sync() {
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
#[ignore = "needs yaml-language-server"]
fn offers_the_fields_of_the_named_destination_and_no_others() {
    let text = "syncs:\n  a:\n    destination: humanitec\n    destinationConfig:\n      scope: environment\n      |\n";
    let offered = offers(text);
    for word in ["org", "app", "env"] {
        assert!(offered.contains(&word.to_owned()), "{word} in {offered:?}");
    }
    for word in ["teamId", "region"] {
        assert!(!offered.contains(&word.to_owned()), "{word} in {offered:?}");
    }
}

#[test]
#[ignore = "needs yaml-language-server"]
fn offers_the_values_of_a_tag_and_of_an_option() {
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
#[ignore = "needs yaml-language-server"]
fn explains_a_field_on_hover() {
    let mut server = Server::open("syncs:\n  a:\n    secretP|ath: /x\n");
    let text = server.hover();
    assert!(
        text.contains("The folder that the secrets are taken from"),
        "{text}"
    );
}

#[test]
#[ignore = "needs yaml-language-server"]
fn finds_no_problem_in_valid_files() {
    for text in [
        "version: 1\nprovider: infisical\nproject: pay\ndefaults:\n  environment: prod\n  syncOptions:\n    initialSyncBehavior: overwrite-destination\nsyncs:\n  a:\n    destination: humanitec\n    connection: main\n    secretPath: /x\n    labels: {team: x}\n    isAutoSyncEnabled: ${var.AUTO}\n    destinationConfig:\n      scope: environment\n      org: acme\n      app: pay\n      env: ${var.ENV}\n",
        "provider: enkryptify\nproject: prj_1\nsyncs:\n  a:\n    destination: any-slug-at-all\n  b:\n    provider: infisical\n    destination: vercel\n    destinationConfig: {scope: project, env: preview}\n",
        "provider: onprem\nsyncs:\n  a:\n    destination: ${var.WHERE}\n    environment: ~\n",
    ] {
        let found = problems(text);
        assert_eq!(found, Vec::<String>::new(), "{text}");
    }
}

#[test]
#[ignore = "needs yaml-language-server"]
fn reports_mistakes_in_their_places() {
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
        let found = problems(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(
            found[0].starts_with(&format!("{line}:")),
            "{text}: {found:?}"
        );
        assert!(found[0].contains(words), "{text}: {found:?}");
    }
}
