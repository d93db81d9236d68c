//! `secsync sandbox`: the emulator as a process of its own, asked over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;
use std::time::{Duration, Instant};

use secsync::sandbox::INFISICAL_TOKEN;
use serde_json::{Value, json};

use crate::harness::{Tree, repository};

const PROJECT: &str = "aaaaaaaa-1111-4111-8111-aaaaaaaaaaaa";
const OTHER: &str = "bbbbbbbb-2222-4222-8222-bbbbbbbbbbbb";
const SHARED: &str = "cccccccc-0000-4000-8000-000000000001";
const OWN: &str = "cccccccc-0000-4000-8000-000000000002";

const WORLD: &str = "\
projects:
  - { slug: payments, id: aaaaaaaa-1111-4111-8111-aaaaaaaaaaaa }
  - { slug: web_shop, id: bbbbbbbb-2222-4222-8222-bbbbbbbbbbbb }
connections:
  - { app: humanitec, name: main, id: cccccccc-0000-4000-8000-000000000001 }
  - { app: humanitec, name: main, id: cccccccc-0000-4000-8000-000000000002, project: payments }
";

const SYNCS: &str = "/api/v1/secret-syncs";
const HUMANITEC: &str = "/api/v1/secret-syncs/humanitec";

/// A running `secsync sandbox`. Dropping it ends the process.
struct Sandbox {
    child: Child,
    address: String,
    _tree: Tree,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Sandbox {
    /// In [`WORLD`], with these further flags.
    fn start(flags: &str) -> Self {
        Self::of(WORLD, flags)
    }

    fn of(world: &str, flags: &str) -> Self {
        let tree = Tree::new(&[("world.yaml", world)]);
        let arguments = format!("sandbox --listen 127.0.0.1:0 --world world.yaml {flags}");
        let mut child = tree.secsync(&arguments).spawn();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let host = lines.find_map(|line| {
            let line = line.unwrap();
            Some(line.split_once("INFISICAL_HOST=http://")?.1.to_owned())
        });
        Self {
            child,
            address: host.unwrap(),
            _tree: tree,
        }
    }

    /// The status and the body of an answer.
    fn ask(&self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() {
            String::new()
        } else {
            format!("content-type: application/json\r\n\r\n{body}")
        };
        let (head, body) = body.split_once("\r\n\r\n").unwrap_or(("x-none: 1", ""));
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        // In HTTP/1.0 the body is what follows the head, up to the end.
        let request = format!(
            "{method} {target} HTTP/1.0\r\nhost: sandbox\r\nauthorization: Bearer {INFISICAL_TOKEN}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }

    fn get(&self, target: &str) -> (u16, Value) {
        self.ask("GET", target, &Value::Null)
    }

    fn create(&self, name: &str, project: &str, connection: &str) -> (u16, Value) {
        let body = json!({
            "name": name,
            "projectId": project,
            "connectionId": connection,
            "environment": "dev",
            "secretPath": "/",
            "syncOptions": {"initialSyncBehavior": "overwrite-destination"},
            "destinationConfig": {"scope": "application", "org": "acme", "app": "web"},
        });
        self.ask("POST", HUMANITEC, &body)
    }

    /// The status of each sync of the project, by name.
    fn statuses(&self) -> Vec<String> {
        let (_, list) = self.get(&format!("{SYNCS}?projectId={PROJECT}"));
        let rows = list["secretSyncs"].as_array().unwrap();
        let mut statuses: Vec<String> = rows
            .iter()
            .map(|row| format!("{} {}", row["name"], row["syncStatus"]).replace('"', ""))
            .collect();
        statuses.sort();
        statuses
    }

    /// Asks for the statuses until they are these.
    #[track_caller]
    fn reaches(&self, wanted: &[&str]) {
        let patience = Instant::now() + Duration::from_secs(10);
        let mut statuses = self.statuses();
        while statuses != wanted && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(5));
            statuses = self.statuses();
        }
        assert_eq!(statuses, wanted);
    }
}

#[test]
fn it_is_todays_infisical_unless_it_is_asked_for_2025() {
    let (today, older) = (Sandbox::start(""), Sandbox::start("--era 2025"));
    let routes = ["/api/v1/projects?type=secret-manager", "/api/v1/workspace"];
    let statuses = |sandbox: &Sandbox| routes.map(|route| sandbox.get(route).0);
    assert_eq!(statuses(&today), [200, 404]);
    assert_eq!(statuses(&older), [404, 200]);

    let available = format!("/api/v1/app-connections/humanitec/available?projectId={PROJECT}");
    let ids = |sandbox: &Sandbox| {
        let (_, body) = sandbox.get(&available);
        let rows = body["appConnections"].as_array().unwrap().clone();
        rows.into_iter()
            .map(|row| row["id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&today), [SHARED, OWN]);
    assert_eq!(ids(&older), [SHARED]);
}

#[test]
fn a_project_s_connection_serves_no_other_project() {
    let sandbox = Sandbox::start("");
    assert_eq!(sandbox.create("own", PROJECT, OWN).0, 200);
    let (status, refusal) = sandbox.create("foreign", OTHER, OWN);
    assert_eq!(status, 400, "{refusal}");
}

#[test]
fn duplicates_are_refused_only_if_it_is_asked_to() {
    for (flags, status) in [("", 200), ("--block-duplicates", 400)] {
        let sandbox = Sandbox::start(flags);
        assert_eq!(sandbox.create("a", PROJECT, SHARED).0, 200);
        let (answered, body) = sandbox.create("b", OTHER, SHARED);
        assert_eq!(answered, status, "{body}");
    }
}

#[test]
fn jobs_hang_or_are_slow_and_the_sixth_of_a_connection_stands_in_line() {
    let sandbox = Sandbox::start("--fail sync:a=hang --fail sync=slow:20");
    for name in ["a", "b"] {
        assert_eq!(sandbox.create(name, PROJECT, SHARED).0, 200);
    }
    sandbox.reaches(&["a running", "b running"]);
    sandbox.reaches(&["a running", "b succeeded"]);

    let sandbox = Sandbox::start("--fail sync=hang");
    for name in ["a", "b", "c", "d", "e", "f"] {
        assert_eq!(sandbox.create(name, PROJECT, SHARED).0, 200);
    }
    let patience = Instant::now() + Duration::from_secs(10);
    let running = || {
        let statuses = sandbox.statuses();
        let all = statuses.iter();
        all.filter(|status| status.ends_with("running")).count()
    };
    while running() < 5 && Instant::now() < patience {}
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(running(), 5);
}

#[test]
fn in_real_time_a_job_takes_seconds() {
    let sandbox = Sandbox::start("--real-time");
    let before = Instant::now();
    assert_eq!(sandbox.create("a", PROJECT, SHARED).0, 200);
    std::thread::sleep(Duration::from_millis(300));
    let statuses = sandbox.statuses();
    assert_ne!(statuses, ["a succeeded"], "after {:?}", before.elapsed());
}

#[test]
fn an_embedded_one_has_the_connections_of_both_scopes_that_the_files_mention() {
    const FILE: &str = "\
provider: infisical
defaults:
  destination: humanitec
  environment: prod
  secretPath: /
  syncOptions: {initialSyncBehavior: overwrite-destination, disableSecretDeletion: true}
  destinationConfig: {scope: application, org: acme}
syncs:
  plain: {project: payments, connection: main, destinationConfig: {app: a}}
  own: {project: payments, connection: {name: main, scope: project}, destinationConfig: {app: b}}
  other: {project: shop, connection: spare, destinationConfig: {app: c}}
  both: {project: books, connection: {name: team, scope: project}, destinationConfig: {app: d}}
  shared: {project: books, connection: {name: team, scope: organization}, destinationConfig: {app: e}}
";
    let tree = Tree::new(&[("syncs/all.yaml", FILE)]);
    let run = |arguments: &str| tree.secsync(arguments).run();
    run("apply --sandbox --auto-approve --wait").exits_with(0);
    run("plan --sandbox --detailed-exitcode").exits_with(0);
}

#[test]
fn what_the_sandbox_cannot_keep_is_explained() {
    let sync = "provider: enkryptify\nproject: p\nsyncs:\n  web: {destination: vercel}\n";
    let tree = Tree::new(&[(".secsync/sandbox", ""), ("syncs/web.yaml", sync)]);
    insta::assert_snapshot!(tree.secsync("plan --sandbox").run().exits_with(1), @"
    $ secsync plan --sandbox
    --- stderr
    Error: The file or directory .secsync/sandbox cannot be written: a part of its path is not a directory.
      secsync keeps its own files in .secsync/ of the workspace: make it writable, or use a copy of the workspace.
    --- exit 1
    ");
}

#[test]
fn the_world_of_the_documentation_is_one() {
    let page = repository("docs/reference/sandbox.md");
    let (_, yaml) = page.split_once("```yaml\n").unwrap();
    let (world, _) = yaml.split_once("```").unwrap();
    let sandbox = Sandbox::of(world, "");
    assert_eq!(sandbox.ask("GET", "/api/status", &Value::Null).0, 200);
}
