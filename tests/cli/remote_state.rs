//! A state in an object store: who may name it, and that no start happens twice.

use insta::assert_snapshot;
use serde_json::Value;

use super::harness::{
    Canned, Happening, Invocation, Objects, Output, SECRET_KEY, Server, Tree, payments, world,
};

const PLACE: &str = "s3://acme/secsync/state.json";
const OBJECT: &str = "acme/secsync/state.json";

const WEB: &str = "\
provider: enkryptify
project: prj_web
syncs:
  web: { destination: vercel }
";

/// A workspace whose state is in an object store.
struct Workspace {
    tree: Tree,
    server: Server,
    objects: Objects,
}

impl Workspace {
    fn new() -> Self {
        Self {
            tree: Tree::new(&[
                (
                    "secsync.yaml",
                    &format!("include: [\"syncs/*.yaml\"]\nstate: {PLACE}\n"),
                ),
                ("syncs/web.yaml", WEB),
            ]),
            server: Server::new(&world()),
            objects: Objects::new(),
        }
    }

    fn begun() -> Self {
        let workspace = Self::new();
        workspace.run("state init").exits_with(0);
        workspace
    }

    /// With credentials for everything, and nothing that names the state.
    fn unnamed(&self, arguments: &str) -> Invocation {
        self.objects
            .reached_by(self.tree.secsync(arguments).on(&self.server))
    }

    fn invocation(&self, arguments: &str) -> Invocation {
        self.unnamed(arguments).variable("SECSYNC_STATE", PLACE)
    }

    fn run(&self, arguments: &str) -> Output {
        let output = self.invocation(arguments).run();
        assert!(!output.to_string().contains("hunter2"), "{output}");
        output
    }

    fn apply(&self) -> Output {
        self.run("apply --auto-approve")
    }

    /// The recorded start of `web`.
    fn record(&self) -> Value {
        let state: Value = serde_json::from_str(&self.objects.text(OBJECT).unwrap()).unwrap();
        state["starts"][0].clone()
    }
}

/// A state in which another run recorded a start of that name.
fn by_another_run(name: &str) -> String {
    format!(
        "{{\"version\": 1, \"starts\": [{{\"server\": \"https://api.enkryptify.com\", \
         \"destination\": \"vercel\", \"project\": \"prj_web\", \"name\": \"{name}\", \
         \"recordedAt\": \"2026-01-01T00:00:00Z\", \"run\": \"another\"}}]}}"
    )
}

#[test]
fn a_remote_state_that_only_a_file_names_gets_no_request() {
    let workspace = Workspace::new();
    for command in ["plan", "apply --auto-approve", "state init", "state list"] {
        let output = workspace.unnamed(command).run().exits_with(4);
        assert!(output.stderr.contains("which only secsync.yaml names"));
    }
    assert_snapshot!(workspace.unnamed("plan").run().exits_with(4), @"
    $ secsync plan
    --- stderr
    Error: No credential is sent to the state s3://acme/secsync/state.json, which only secsync.yaml names.
      If that place is yours, set SECSYNC_STATE=s3://acme/secsync/state.json in the environment.
    --- exit 4
    ");
    assert_eq!(workspace.objects.requests(), [""; 0]);
    assert_eq!(workspace.server.starts(), 0);
}

#[test]
fn following_the_advice_of_the_refusal_reaches_it_by_the_variable_and_by_the_flag() {
    let workspace = Workspace::new();
    let refused = workspace.unnamed("state init").run().exits_with(4);
    let advice = refused
        .stderr
        .split_whitespace()
        .find_map(|word| word.strip_prefix("SECSYNC_STATE="))
        .unwrap();
    let reached = workspace
        .unnamed("state init")
        .variable("SECSYNC_STATE", advice);
    reached.run().exits_with(0);
    let by_flag = workspace.unnamed(&format!("state list --state {PLACE}"));
    by_flag.run().exits_with(0);
    let by_flag = workspace.unnamed(&format!("plan --state {PLACE}"));
    by_flag.run().exits_with(0);
}

#[test]
fn a_state_that_the_file_and_the_environment_name_differently_stops_everything() {
    let workspace = Workspace::begun();
    for other in [
        "s3://acme/secsync/other.json",
        "gs://acme/secsync/state.json",
        "s3://acme/secsync/State.json",
        ".secsync/state.json",
    ] {
        let by_variable = workspace.unnamed("plan").variable("SECSYNC_STATE", other);
        by_variable.run().exits_with(1);
        let by_flag = workspace.unnamed(&format!("plan --state {other}"));
        by_flag.run().exits_with(1);
    }
    let other = workspace
        .unnamed("plan")
        .variable("SECSYNC_STATE", "s3://acme/other.json");
    assert_snapshot!(other.run().exits_with(1), @"
    $ secsync plan
    --- stderr
    Error: The `state:` of secsync.yaml is s3://acme/secsync/state.json, but SECSYNC_STATE names s3://acme/other.json.
      Make them the same, or remove one of the two.
    --- exit 1
    ");
}

#[test]
fn a_remote_state_can_be_named_outside_the_files_alone() {
    let workspace = Workspace::new();
    workspace
        .tree
        .write("secsync.yaml", "include: [\"syncs/*.yaml\"]\n");
    workspace.run("state init").exits_with(0);
    workspace.apply().exits_with(0);
    assert_eq!(workspace.record()["name"], "web");
    assert!(!workspace.tree.has(".secsync/state.json"));
}

#[test]
fn reports_a_place_that_names_no_object() {
    let workspace = Workspace::new();
    let by_variable = |place: &str| {
        workspace
            .unnamed("state list")
            .variable("SECSYNC_STATE", place)
            .run()
    };
    assert_snapshot!(by_variable("https://user:hunter2@acme.example/state.json").exits_with(1), @r#"
    $ secsync state list
    --- stderr
    Error: SECSYNC_STATE "…@acme.example/state.json" is not in a supported store; use s3://, gs:// or az://.
      Write it like s3://bucket/path/state.json.
    --- exit 1
    "#);
    assert_snapshot!(by_variable("s3://acme").exits_with(1), @r#"
    $ secsync state list
    --- stderr
    Error: SECSYNC_STATE "s3://acme" names no object in its bucket.
      Write it like s3://bucket/path/state.json.
    --- exit 1
    "#);
    let by_flag = workspace.unnamed("state list --state az://acme/state?sig=hunter2");
    assert_snapshot!(by_flag.run().exits_with(64), @r#"
    $ secsync state list --state az://acme/state?sig=hunter2
    --- stderr
    Error: --state "az://acme/state" has a query or a fragment.
      Write it like s3://bucket/path/state.json.
    --- exit 64
    "#);
    workspace.tree.write(
        "secsync.yaml",
        "include: [\"syncs/*.yaml\"]\nstate: s3://acme/$(id)\n",
    );
    assert_snapshot!(workspace.unnamed("state list").run().exits_with(3), @r#"
    $ secsync state list
    --- stderr
    Error: The `state:` of secsync.yaml "s3://acme/$(id)" has a character other than letters, digits and . - _ = @ + in its path.
      Write it like s3://bucket/path/state.json.
    --- exit 3
    "#);
}

#[test]
fn the_state_commands_work_on_a_remote_one() {
    let workspace = Workspace::new();
    assert_snapshot!(workspace.run("state list").exits_with(1), @"
    $ secsync state list
    --- stderr
    Error: There is no state in s3://acme/secsync/state.json.
      Begin one with `secsync state init`.
    --- exit 1
    ");
    assert_snapshot!(workspace.run("state init").exits_with(0), @"
    $ secsync state init
    Began a state in s3://acme/secsync/state.json.
    --- exit 0
    ");
    assert_snapshot!(workspace.run("state init").exits_with(1), @"
    $ secsync state init
    --- stderr
    Error: The state s3://acme/secsync/state.json already exists.
      Look at it with `secsync state list`.
    --- exit 1
    ");
    workspace.apply().exits_with(0);
    assert_snapshot!(workspace.run("state list").exits_with(0), @"
    $ secsync state list
    prj_web/web (vercel at http://127.0.0.1:[PORT]): started as [UUID]
    --- exit 0
    ");
    assert_snapshot!(workspace.run("state rm web").exits_with(0), @"
    $ secsync state rm web
    Forgot the start of `web`. As long as a file declares it, the next apply starts it.
    --- exit 0
    ");
    workspace
        .objects
        .put(OBJECT, by_another_run("web").as_bytes());
    assert_snapshot!(workspace.run("state resolve web --started-as cfg_1").exits_with(0), @"
    $ secsync state resolve web --started-as cfg_1
    Recorded `web` as started with the id cfg_1.
    --- exit 0
    ");
    assert_eq!(workspace.record()["syncConfigId"], "cfg_1");
    assert!(!workspace.tree.has(".secsync/state.json"));
}

#[test]
fn without_a_remote_state_nothing_is_started() {
    let workspace = Workspace::new();
    let output = workspace.apply().exits_with(5);
    assert!(output.stdout.contains("There is no state"), "{output}");
    assert_eq!(workspace.server.starts(), 0);
    assert_eq!(workspace.objects.text(OBJECT), None);
}

#[test]
fn a_start_is_recorded_before_its_request_and_with_its_id_after() {
    let workspace = Workspace::begun();
    workspace.apply().exits_with(0);
    assert!(workspace.record()["syncConfigId"].is_string());
    workspace.apply().exits_with(0);
    assert_eq!(workspace.server.starts(), 1);
    // Refused before it is recorded, it is not sent.
    let workspace = Workspace::begun();
    workspace
        .objects
        .at_puts([Happening::Refused(403, "AccessDenied")]);
    assert_snapshot!(workspace.apply().exits_with(4), @"
    $ secsync apply --auto-approve
    secsync will perform the following actions:

      # enkryptify/prj_web/web will be started  (syncs/web.yaml:4)
      > vercel sync

    Plan: 0 to add, 0 to change, 0 to destroy, 1 to start.
    enkryptify/prj_web/web: Starting...
    enkryptify/prj_web/web: Failed

    Failed: enkryptify/prj_web/web: It was not started, because that cannot be recorded. The state s3://acme/secsync/state.json cannot be written: http://127.0.0.1:[PORT] answered 403 Forbidden (AccessDenied).
      Check the bucket, AWS_REGION (or AWS_ENDPOINT_URL), and that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the machine's role, may read and write the object.

    Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 failed.
    Run `secsync apply` again to continue.
    --- exit 4
    ");
    assert_eq!(workspace.server.starts(), 0);
}

#[test]
fn of_two_runs_that_begin_the_same_start_one_sends_it() {
    let workspace = Workspace::begun();
    let other = by_another_run("web")
        .replace("https://api.enkryptify.com", &workspace.server.origin())
        .replace(
            "\"recordedAt\"",
            "\"syncConfigId\": \"cfg_other\", \"recordedAt\"",
        );
    workspace.objects.at_puts([Happening::Before(other)]);
    assert_snapshot!(workspace.apply().exits_with(0), @"
    $ secsync apply --auto-approve
    secsync will perform the following actions:

      # enkryptify/prj_web/web will be started  (syncs/web.yaml:4)
      > vercel sync

    Plan: 0 to add, 0 to change, 0 to destroy, 1 to start.
    enkryptify/prj_web/web: Starting...
    enkryptify/prj_web/web: Started [id=cfg_other]

    Note: enkryptify/prj_web/web: Another run has started it at the same time.

    Apply complete! Resources: 0 added, 0 changed, 0 destroyed, 1 started.
    --- exit 0
    ");
    assert_eq!(workspace.server.starts(), 0);
    assert_eq!(workspace.record()["run"], "another");
}

/// Two whole runs at the same time, on as many syncs as there can be conflicts about.
#[test]
fn of_two_runs_at_once_each_start_is_sent_once_recorded_and_called_done_by_both() {
    let workspace = Workspace::begun();
    let mut syncs = "provider: enkryptify\nproject: prj_web\nsyncs:\n".to_owned();
    for number in 0..40 {
        syncs.push_str(&format!("  web-{number:02}: {{ destination: vercel }}\n"));
    }
    workspace.tree.write("syncs/web.yaml", syncs);
    let runs = [(); 2].map(|()| workspace.invocation("apply --auto-approve --parallelism 8"));
    let children = runs.each_ref().map(Invocation::spawn);
    for (run, child) in runs.into_iter().zip(children) {
        let output = run.finish(child).exits_with(0);
        // A run that comes late finds a part of it done, or all of it.
        let ends = [
            " started.\n",
            "All 40 declared syncs are as they should be.",
        ];
        assert!(
            ends.iter().any(|end| output.stdout.contains(end)),
            "{output}"
        );
    }
    assert_eq!(workspace.server.starts(), 40);
    let state: Value = serde_json::from_str(&workspace.objects.text(OBJECT).unwrap()).unwrap();
    let starts = state["starts"].as_array().unwrap();
    assert_eq!(starts.len(), 40);
    for start in starts {
        assert!(start["syncConfigId"].is_string(), "{start}");
    }
    workspace.run("plan --detailed-exitcode").exits_with(0);
}

#[test]
fn what_another_run_records_in_between_is_kept() {
    let workspace = Workspace::begun();
    workspace
        .objects
        .at_puts([Happening::Before(by_another_run("api"))]);
    workspace.apply().exits_with(0);
    let listed = workspace.run("state list").exits_with(0);
    assert!(
        listed
            .stdout
            .contains("prj_web/api (vercel at https://api.enkryptify.com): unknown")
    );
    assert!(listed.stdout.contains("prj_web/web"), "{listed}");
    assert_eq!(workspace.server.starts(), 1);
}

#[test]
fn a_record_whose_answer_was_lost_is_looked_up_and_the_start_sent_once() {
    let workspace = Workspace::begun();
    let lost = || Happening::DoneButFails;
    workspace
        .objects
        .at_puts([lost(), Happening::Nothing, lost()]);
    workspace.apply().exits_with(0);
    assert!(workspace.record()["syncConfigId"].is_string());
    assert_eq!(workspace.server.starts(), 1);
}

#[test]
fn an_interrupted_start_is_unknown_to_the_next_run_and_never_repeated() {
    let workspace = Workspace::begun();
    workspace
        .objects
        .at_puts([Happening::Nothing, Happening::Refused(403, "AccessDenied")]);
    assert_snapshot!(workspace.apply().exits_with(5), @"
    $ secsync apply --auto-approve
    secsync will perform the following actions:

      # enkryptify/prj_web/web will be started  (syncs/web.yaml:4)
      > vercel sync

    Plan: 0 to add, 0 to change, 0 to destroy, 1 to start.
    enkryptify/prj_web/web: Starting...
    enkryptify/prj_web/web: Unknown

    Unknown: enkryptify/prj_web/web: It was started as [UUID], but that cannot be recorded. The state s3://acme/secsync/state.json cannot be written: http://127.0.0.1:[PORT] answered 403 Forbidden (AccessDenied).
      Note the id, fix the state, and run `secsync state resolve` with it. Check the bucket, AWS_REGION (or AWS_ENDPOINT_URL), and that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the machine's role, may read and write the object.

    Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 unknown.
    A start that is unknown is not repeated: record with `secsync state resolve` what became of it.
    --- exit 5
    ");
    // A start that was recorded just now is waited for.
    let mut state: Value = serde_json::from_str(&workspace.objects.text(OBJECT).unwrap()).unwrap();
    state["version"] = 1.into();
    state.as_object_mut().unwrap().remove("checksum");
    state["starts"][0]["recordedAt"] = "2026-01-01T00:00:00Z".into();
    workspace.objects.put(OBJECT, state.to_string().as_bytes());
    let next = workspace.apply().exits_with(5);
    assert!(
        next.stdout.contains("An earlier start was interrupted"),
        "{next}"
    );
    assert_eq!(workspace.server.starts(), 1);
}

#[test]
fn never_takes_a_failing_or_missing_store_for_an_empty_state() {
    let workspace = Workspace::begun();
    let refusing = |status, code| {
        workspace
            .objects
            .at_gets((0..3).map(|_| Happening::Refused(status, code)));
        workspace.apply()
    };
    assert_snapshot!(refusing(403, "AccessDenied").exits_with(4), @"
    $ secsync apply --auto-approve
    --- stderr
    Error: The state s3://acme/secsync/state.json cannot be read: http://127.0.0.1:[PORT] answered 403 Forbidden (AccessDenied).
      Check the bucket, AWS_REGION (or AWS_ENDPOINT_URL), and that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the machine's role, may read and write the object.
    --- exit 4
    ");
    assert_snapshot!(refusing(503, "SlowDown").exits_with(1), @"
    $ secsync apply --auto-approve
    --- stderr
    Error: The state s3://acme/secsync/state.json cannot be read: http://127.0.0.1:[PORT] answered 503 Service Unavailable (SlowDown).
      Try again later.
    --- exit 1
    ");
    assert_snapshot!(refusing(301, "PermanentRedirect").exits_with(1), @"
    $ secsync apply --auto-approve
    --- stderr
    Error: The state s3://acme/secsync/state.json cannot be read: http://127.0.0.1:[PORT] answered 301 Moved Permanently (PermanentRedirect).
      Check the bucket, AWS_REGION (or AWS_ENDPOINT_URL), and that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the machine's role, may read and write the object.
    --- exit 1
    ");
    workspace.objects.at_gets([]);
    let wrong_key = workspace
        .invocation("apply --auto-approve")
        .variable("AWS_ACCESS_KEY_ID", "AKIAOTHER");
    assert_snapshot!(wrong_key.run().exits_with(4), @"
    $ secsync apply --auto-approve
    --- stderr
    Error: The state s3://acme/secsync/state.json cannot be read: http://127.0.0.1:[PORT] answered 403 Forbidden (InvalidAccessKeyId).
      Check the bucket, AWS_REGION (or AWS_ENDPOINT_URL), and that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the machine's role, may read and write the object.
    --- exit 4
    ");
    let elsewhere = workspace
        .invocation("apply --auto-approve")
        .variable("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    assert_snapshot!(elsewhere.run().exits_with(1), @"
    $ secsync apply --auto-approve
    --- stderr
    Error: The state s3://acme/secsync/state.json cannot be read: http://127.0.0.1:[PORT] refused the connection.
      Check that the server is running, and that host and port are right.
    --- exit 1
    ");
    assert_eq!(workspace.server.starts(), 0);
}

#[test]
fn without_a_credential_of_its_own_the_machine_is_asked_for_one() {
    let workspace = Workspace::begun();
    let machine = Canned::new(404, "text/plain", "hunter2");
    let run = workspace
        .invocation("state list")
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY")
        .variable("AWS_METADATA_ENDPOINT", &machine.origin());
    assert_snapshot!(run.run().exits_with(4), @"
    $ secsync state list
    --- stderr
    Error: The state s3://acme/secsync/state.json cannot be read: there is no credential in the environment, and this machine provides none (http://127.0.0.1:[PORT] answered 404 Not Found).
      Check the bucket, AWS_REGION (or AWS_ENDPOINT_URL), and that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the machine's role, may read and write the object.
    --- exit 4
    ");
    assert!(machine.count() > 0);
}

#[test]
fn rejects_a_bucket_that_does_not_exist() {
    let workspace = Workspace::new();
    let place = "s3://nowhere/state.json";
    workspace.tree.write(
        "secsync.yaml",
        format!("include: [\"syncs/*.yaml\"]\nstate: {place}\n"),
    );
    let run = workspace
        .unnamed("state list")
        .variable("SECSYNC_STATE", place);
    assert_snapshot!(run.run().exits_with(1), @"
    $ secsync state list
    --- stderr
    Error: The state s3://nowhere/state.json cannot be read: http://127.0.0.1:[PORT] answered 404 Not Found (NoSuchBucket).
      Check the bucket, AWS_REGION (or AWS_ENDPOINT_URL), and that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the machine's role, may read and write the object.
    --- exit 1
    ");
}

#[test]
fn a_damaged_remote_state_stops_everything_and_stays_as_it_is() {
    let workspace = Workspace::begun();
    for damaged in [
        b"".as_slice(),
        b"{\"version\": 1, \"starts\": [",
        b"<html>hunter2</html>",
        b"\xff\xfe",
        b"{\"version\": 9, \"starts\": []}",
    ] {
        workspace.objects.put(OBJECT, damaged);
        let output = workspace.apply().exits_with(1);
        assert!(output.stderr.contains(PLACE), "{output}");
    }
    assert_eq!(workspace.server.starts(), 0);
    let kept = workspace.objects.text(OBJECT).unwrap();
    assert_eq!(kept, "{\"version\": 9, \"starts\": []}");
}

#[test]
fn a_run_without_enkryptify_syncs_never_touches_the_state() {
    let workspace = Workspace::new();
    workspace
        .tree
        .write("syncs/web.yaml", payments(&[("api", "")]));
    // Not even to find out that it is not trusted.
    for command in ["plan", "apply --auto-approve", "status"] {
        workspace.unnamed(command).run().exits_with(0);
    }
    assert_eq!(workspace.objects.requests(), [""; 0]);
}

#[test]
fn plain_http_to_another_machine_is_refused_whatever_the_stores_own_variable_says() {
    let workspace = Workspace::new();
    let run = workspace
        .invocation("state list")
        .variable("AWS_ENDPOINT_URL", "http://objects.corp.example")
        .variable("AWS_ALLOW_HTTP", "true");
    assert_snapshot!(run.run().exits_with(1), @"
    $ secsync state list
    --- stderr
    Error: The state s3://acme/secsync/state.json cannot be read: http://objects.corp.example would be spoken to without encryption.
      Use https, or set SECSYNC_ALLOW_HTTP=objects.corp.example if the network is safe.
    --- exit 1
    ");
}

#[test]
fn no_file_that_a_run_writes_holds_the_credential_of_the_state() {
    let workspace = Workspace::begun();
    workspace
        .run("apply --auto-approve -vv -o json=report.json")
        .exits_with(0);
    for file in workspace.tree.files() {
        assert!(!workspace.tree.read(&file).contains(SECRET_KEY), "{file}");
    }
    assert!(!workspace.objects.text(OBJECT).unwrap().contains("hunter2"));
}

#[test]
fn the_sandbox_keeps_its_own_state_and_leaves_the_remote_one_alone() {
    let workspace = Workspace::new();
    let run = workspace.unnamed("apply --auto-approve --sandbox");
    run.run().exits_with(0);
    assert_eq!(workspace.objects.requests(), [""; 0]);
    assert!(workspace.tree.has(".secsync/sandbox/state.json"));
}
