//! Starts on Enkryptify: at most once each, whatever happens in between.

use insta::assert_snapshot;

use super::harness::{Output, Server, Tree, world};

const WEB: &str = "\
provider: enkryptify
project: prj_web
syncs:
  web: { destination: vercel }
";

struct Workspace {
    tree: Tree,
    server: Server,
}

impl Workspace {
    fn new(rules: &[&str]) -> Self {
        Self {
            tree: Tree::new(&[("syncs/web.yaml", WEB)]),
            server: Server::failing(&world(), rules),
        }
    }

    fn begun(rules: &[&str]) -> Self {
        let workspace = Self::new(rules);
        workspace.run("state init").exits_with(0);
        workspace
    }

    fn run(&self, arguments: &str) -> Output {
        self.tree.secsync(arguments).on(&self.server).run()
    }

    fn apply(&self) -> Output {
        self.run("apply syncs --auto-approve")
    }
}

#[test]
fn without_a_state_nothing_is_started() {
    let workspace = Workspace::new(&[]);
    assert_snapshot!(workspace.run("plan syncs --detailed-exitcode").exits_with(2), @"
    $ secsync plan syncs --detailed-exitcode
    secsync cannot perform any of the following actions:

      # enkryptify/prj_web/web cannot be started  (syncs/web.yaml:4)
      x vercel sync
          Blocked: There is no state, so it is unknown which syncs were started before.
          Run `secsync state init` if nothing was started yet; otherwise restore the state file.

    Plan: 0 to add, 0 to change, 0 to destroy, 1 blocked.
    --- exit 2
    ");
    assert_snapshot!(workspace.apply().exits_with(5), @"
    $ secsync apply syncs --auto-approve
    secsync cannot perform any of the following actions:

      # enkryptify/prj_web/web cannot be started  (syncs/web.yaml:4)
      x vercel sync
          Blocked: There is no state, so it is unknown which syncs were started before.
          Run `secsync state init` if nothing was started yet; otherwise restore the state file.

    Plan: 0 to add, 0 to change, 0 to destroy, 1 blocked.

    Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 blocked.
    Blocked actions were not carried out: the plan says why, and what to do.
    --- exit 5
    ");
    assert_eq!(workspace.server.starts(), 0);
    assert!(!workspace.tree.has(".secsync/state.json"));
}

#[test]
fn a_state_is_begun_once() {
    let workspace = Workspace::new(&[]);
    assert_snapshot!(workspace.run("state list").exits_with(1), @"
    $ secsync state list
    --- stderr
    Error: There is no state in .secsync/state.json.
      Begin one with `secsync state init`.
    --- exit 1
    ");
    assert_snapshot!(workspace.run("state init").exits_with(0), @"
    $ secsync state init
    Began a state in .secsync/state.json. Commit it, or keep it where every run finds it.
    --- exit 0
    ");
    assert_snapshot!(workspace.run("state init").exits_with(1), @"
    $ secsync state init
    --- stderr
    Error: The state .secsync/state.json already exists.
      Look at it with `secsync state list`.
    --- exit 1
    ");
    assert_snapshot!(workspace.run("state list").exits_with(0), @"
    $ secsync state list
    No start is recorded.
    --- exit 0
    ");
}

#[test]
fn a_start_is_recorded_with_its_id() {
    let workspace = Workspace::begun(&[]);
    workspace.apply().exits_with(0);
    assert_snapshot!(workspace.run("state list").exits_with(0), @"
    $ secsync state list
    prj_web/web (vercel at http://127.0.0.1:[PORT]): started as [UUID]
    --- exit 0
    ");
    let state: serde_json::Value =
        serde_json::from_str(&workspace.tree.read(".secsync/state.json")).unwrap();
    assert_eq!(state["starts"][0]["name"], "web");
    assert!(state["starts"][0]["syncConfigId"].is_string(), "{state}");
    workspace.apply().exits_with(0);
    assert_eq!(workspace.server.starts(), 1);
}

#[test]
fn an_interrupted_start_is_unknown_and_never_repeated() {
    let workspace = Workspace::begun(&["start=drop@1"]);
    assert_snapshot!(workspace.apply().exits_with(5), @r#"
    $ secsync apply syncs --auto-approve
    secsync will perform the following actions:

      # enkryptify/prj_web/web will be started  (syncs/web.yaml:4)
      > vercel sync

    Plan: 0 to add, 0 to change, 0 to destroy, 1 to start.
    enkryptify/prj_web/web: Starting...
    enkryptify/prj_web/web: Unknown

    Unknown: enkryptify/prj_web/web: Cannot start the sync "web": the connection to http://127.0.0.1:[PORT] broke (connection closed before message completed). It may have been started anyway.
      Look in the dashboard, then record what you find with `secsync state resolve`.

    Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 unknown.
    A start that is unknown is not repeated: record with `secsync state resolve` what became of it.
    --- exit 5
    "#);
    assert_snapshot!(workspace.run("plan syncs --detailed-exitcode").exits_with(2), @"
    $ secsync plan syncs --detailed-exitcode
    secsync cannot perform any of the following actions:

      # enkryptify/prj_web/web cannot be started  (syncs/web.yaml:4)
      x vercel sync
          Blocked: An earlier start was interrupted, and may have taken effect. A second start would make a second configuration.
          Look in the dashboard, then record what you find with `secsync state resolve`.

    Plan: 0 to add, 0 to change, 0 to destroy, 1 blocked.
    --- exit 2
    ");
    workspace.apply().exits_with(5);
    assert_snapshot!(workspace.run("state list").exits_with(0), @"
    $ secsync state list
    prj_web/web (vercel at http://127.0.0.1:[PORT]): unknown: say what happened with `secsync state resolve`
    --- exit 0
    ");
    assert_eq!(workspace.server.starts(), 1);

    assert_snapshot!(workspace.run("state resolve web --started-as cfg_1").exits_with(0), @"
    $ secsync state resolve web --started-as cfg_1
    Recorded `web` as started with the id cfg_1.
    --- exit 0
    ");
    workspace
        .run("plan syncs --detailed-exitcode")
        .exits_with(0);
    assert_eq!(workspace.server.starts(), 1);
}

#[test]
fn a_start_that_did_not_take_effect_is_started_again_once_somebody_says_so() {
    let workspace = Workspace::begun(&["start=refuse@1"]);
    workspace.apply().exits_with(5);
    assert_eq!(workspace.server.starts(), 0);
    assert_snapshot!(workspace.run("state resolve web --not-started").exits_with(0), @"
    $ secsync state resolve web --not-started
    Forgot the start of `web`; the next apply starts it.
    --- exit 0
    ");
    workspace.apply().exits_with(0);
    assert_eq!(workspace.server.starts(), 1);
}

#[test]
fn a_server_error_leaves_a_start_unknown() {
    for rule in [
        "start=409@1",
        "start=500@1",
        "start=lost@1",
        "start=truncate@1",
        "start=html@1",
        "start=nonsense@1",
    ] {
        let workspace = Workspace::begun(&[rule]);
        let output = workspace.apply().exits_with(5);
        assert!(output.stdout.contains("1 unknown"), "{rule}: {output}");
        workspace.apply();
        assert!(workspace.server.starts() <= 1, "{rule}");
    }
}

#[test]
fn a_refused_start_can_be_tried_again() {
    for rule in ["start=400@1", "start=404@1"] {
        let workspace = Workspace::begun(&[rule]);
        workspace.apply().exits_with(5);
        workspace.apply().exits_with(0);
        assert_eq!(workspace.server.starts(), 1, "{rule}");
    }
}

#[test]
fn a_forgotten_start_is_started_again() {
    let workspace = Workspace::begun(&[]);
    workspace.apply().exits_with(0);
    assert_snapshot!(workspace.run("state rm web").exits_with(0), @"
    $ secsync state rm web
    Forgot the start of `web`. As long as a file declares it, the next apply starts it.
    --- exit 0
    ");
    assert_snapshot!(workspace.run("state rm web").exits_with(1), @"
    $ secsync state rm web
    --- stderr
    Error: No start of `web` is recorded.
      `secsync state list` shows what is.
    --- exit 1
    ");
    workspace.apply().exits_with(0);
    assert_eq!(workspace.server.starts(), 2);
}

#[test]
fn a_known_start_needs_no_resolving() {
    let workspace = Workspace::begun(&[]);
    workspace.apply().exits_with(0);
    assert_snapshot!(workspace.run("state resolve web --not-started").exits_with(1), @"
    $ secsync state resolve web --not-started
    --- stderr
    Error: The start of `web` is not unknown: it was answered with [UUID].
      To forget it, use `secsync state rm`.
    --- exit 1
    ");
    assert_snapshot!(workspace.run("state resolve web").exits_with(64), @"
    $ secsync state resolve web
    --- stderr
    error: the following required arguments were not provided:
      <--started-as <ID>|--not-started>

    Usage: secsync state resolve <--started-as <ID>|--not-started> <NAME>

    For more information, try '--help'.
    --- exit 64
    ");
}

#[test]
fn a_damaged_state_stops_everything() {
    let workspace = Workspace::begun(&[]);
    for damaged in [
        "",
        "{\"version\": 1, \"starts\": [",
        "[]",
        "{\"version\": 9, \"starts\": []}",
    ] {
        workspace.tree.write(".secsync/state.json", damaged);
        let output = workspace.apply().exits_with(1);
        assert!(output.stderr.contains("state.json"), "{output}");
        assert_eq!(workspace.tree.read(".secsync/state.json"), damaged);
    }
    assert_snapshot!(workspace.apply().exits_with(1), @"
    $ secsync apply syncs --auto-approve
    --- stderr
    Error: The state .secsync/state.json has version 9, and this program reads version 1 and 2.
      Use the version of secsync that wrote it, or a newer one.
    --- exit 1
    ");
    assert_eq!(workspace.server.starts(), 0);
}

#[test]
fn a_state_that_cannot_be_written_keeps_from_starting() {
    let workspace = Workspace::new(&[]);
    workspace.tree.write(
        "secsync.yaml",
        "include: [\"syncs/*.yaml\"]\nstate: ../outside.json\n",
    );
    assert_snapshot!(workspace.run("apply --auto-approve").exits_with(3), @"
    $ secsync apply --auto-approve
    --- stderr
    Error: `state: ../outside.json` leaves the workspace.
      Name a file inside the workspace.
    --- exit 3
    ");
    assert_eq!(workspace.server.starts(), 0);
}

#[test]
fn a_declared_absence_cannot_be_carried_out() {
    let workspace = Workspace::begun(&[]);
    workspace.apply().exits_with(0);
    workspace.tree.write(
        "syncs/web.yaml",
        WEB.replace("vercel }", "vercel, ensure: absent }"),
    );
    assert_snapshot!(workspace.run("plan syncs --detailed-exitcode").exits_with(2), @"
    $ secsync plan syncs --detailed-exitcode
    secsync cannot perform any of the following actions:

      # enkryptify/prj_web/web cannot be deleted  (syncs/web.yaml:4)
      x vercel sync
          Blocked: The platform publishes no way to delete a sync.
          Delete it in the dashboard, then remove it from the state with `secsync state rm`.

    Plan: 0 to add, 0 to change, 0 to destroy, 1 blocked.
    --- exit 2
    ");
}

#[test]
fn a_started_sync_cannot_be_renamed_as_that_would_start_another() {
    let tree = Tree::new(&[(
        "web.yaml",
        "provider: enkryptify\nproject: prj\nsyncs:\n  new: { destination: vercel, renamedFrom: old }\n",
    )]);
    let refused = tree.secsync("plan web.yaml --sandbox").run().exits_with(3);
    assert!(
        refused
            .stderr
            .contains("Syncs of Enkryptify cannot be renamed."),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("secsync state rm"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_start_that_is_no_longer_declared_is_shown_everywhere_and_left_alone() {
    let workspace = Workspace::begun(&[]);
    workspace.apply().exits_with(0);
    workspace.tree.write(
        "syncs/web.yaml",
        WEB.replace("  web: {", "  other: {")
            .replace("vercel", "render"),
    );
    assert_snapshot!(workspace.run("plan").exits_with(0), @"
    $ secsync plan
    secsync will perform the following actions:

      # enkryptify/prj_web/other will be started  (syncs/web.yaml:4)
      > render sync

    Plan: 0 to add, 0 to change, 0 to destroy, 1 to start.

    Note: A start of enkryptify/prj_web/web (vercel) is recorded, but it is not declared. What was started goes on running: declare it, or remove it in the dashboard, then run `secsync state rm enkryptify/prj_web/web`.
    --- exit 0
    ");
    assert_snapshot!(workspace.run("status").exits_with(0), @"
    $ secsync status
    SYNC                      DESTINATION  JOB  RESULT       LAST SUCCESS
    enkryptify/prj_web/other  render            not started

    1 sync: 1 not started.

    Note: A start of enkryptify/prj_web/web (vercel) is recorded, but it is not declared. What was started goes on running: declare it, or remove it in the dashboard, then run `secsync state rm enkryptify/prj_web/web`.
    --- exit 0
    ");
    assert_snapshot!(workspace.run("drift").exits_with(2), @"
    $ secsync drift
    enkryptify/prj_web/other (render)  (syncs/web.yaml:4)
      - is not recorded as started

    Drift: 1 sync is not as declared, 0 as declared.
    `secsync apply` makes them as declared. To keep what is remote, write it into the files.

    Note: A start of enkryptify/prj_web/web (vercel) is recorded, but it is not declared. What was started goes on running: declare it, or remove it in the dashboard, then run `secsync state rm enkryptify/prj_web/web`.
    --- exit 2
    ");
    assert_snapshot!(workspace.run("plan --prune").exits_with(0), @"
    $ secsync plan --prune
    secsync will perform the following actions:

      # enkryptify/prj_web/other will be started  (syncs/web.yaml:4)
      > render sync

    Plan: 0 to add, 0 to change, 0 to destroy, 1 to start.

    Note: A start of enkryptify/prj_web/web (vercel) is recorded, but it is not declared. What was started goes on running: declare it, or remove it in the dashboard, then run `secsync state rm enkryptify/prj_web/web`.
    --- exit 0
    ");
    // Nothing that needs the state is declared any more.
    workspace.tree.write(
        "syncs/web.yaml",
        "provider: enkryptify\nproject: prj_web\nsyncs: {}\n",
    );
    for command in ["plan", "plan --prune", "status", "drift"] {
        let output = workspace.run(command).exits_with(0);
        assert!(output.stdout.contains("goes on running"), "{output}");
    }
    let plan = workspace.run("plan -o json").exits_with(0).json();
    assert_eq!(plan["unmanaged"][0]["name"], "web");
    let markdown = workspace.run("plan -o markdown").exits_with(0);
    assert!(markdown.stdout.contains("goes on running"), "{markdown}");
    workspace.run("apply --prune --auto-approve").exits_with(0);
    assert_eq!(workspace.server.starts(), 1);
    workspace
        .run("state rm enkryptify/prj_web/web")
        .exits_with(0);
    let output = workspace.run("plan").exits_with(0);
    assert!(!output.stdout.contains("goes on running"), "{output}");
}

#[test]
fn a_start_under_a_new_name_says_that_it_makes_a_second_configuration() {
    let workspace = Workspace::begun(&[]);
    workspace.apply().exits_with(0);
    let renamed = WEB.replace("  web: {", "  site: {");
    workspace.tree.write("syncs/web.yaml", renamed);
    assert_snapshot!(workspace.run("plan --out plan.json").exits_with(0), @"
    $ secsync plan --out plan.json
    secsync will perform the following actions:

      # enkryptify/prj_web/site will be started  (syncs/web.yaml:4)
      > vercel sync
          Note: A start of `web` to this destination is recorded, and it is no longer declared. If this is the same sync under a new name, a second configuration is made, and the first goes on running.

    Plan: 0 to add, 0 to change, 0 to destroy, 1 to start.

    Note: A start of enkryptify/prj_web/web (vercel) is recorded, but it is not declared. What was started goes on running: declare it, or remove it in the dashboard, then run `secsync state rm enkryptify/prj_web/web`.

    Saved the plan to plan.json. To apply exactly this plan:
      secsync apply plan.json --expect-digest sha256:[DIGEST]
    --- exit 0
    ");
    for command in ["show plan.json", "plan -o markdown", "plan syncs"] {
        let output = workspace.run(command).exits_with(0);
        assert!(
            output.stdout.contains("a second configuration is made"),
            "{output}"
        );
    }
    // An ignored name is nobody's concern, and a selection looks at nothing else.
    workspace
        .tree
        .write("secsync.yaml", "unmanaged: { ignore: [\"web\"] }\n");
    let output = workspace.run("plan").exits_with(0);
    assert!(!output.stdout.contains("goes on running"), "{output}");
}

#[test]
fn a_destination_that_nothing_knows_is_pointed_out_before_it_is_started() {
    let workspace = Workspace::begun(&[]);
    workspace
        .tree
        .write("syncs/web.yaml", WEB.replace("vercel", "vercle"));
    assert_snapshot!(workspace.run("validate").exits_with(0), @"
    $ secsync validate
    Success! 1 sync in 1 file can be planned.
    --- stderr
    unfamiliar-destination

      ⚠ `vercle` is not a destination that secsync knows.
       ╭─[syncs/web.yaml:4:23]
     3 │ syncs:
     4 │   web: { destination: vercle }
       ·                       ──────
       ╰────
      help: Did you mean `vercel`?

    Found 1 warning.
    Run `secsync explain unfamiliar-destination` to see why it matters and how to fix it.
    --- exit 0
    ");
    workspace
        .tree
        .write("secsync.yaml", "lint: { unfamiliar-destination: deny }\n");
    workspace.run("apply --auto-approve").exits_with(3);
    assert_eq!(workspace.server.starts(), 0);
    // Once it was started it is a destination like any other.
    workspace.tree.write("secsync.yaml", "");
    workspace.run("apply --auto-approve").exits_with(0);
    let output = workspace.run("validate").exits_with(0);
    assert!(!output.to_string().contains("vercle"), "{output}");
    workspace
        .tree
        .write("syncs/web.yaml", WEB.replace("vercel", "acme-shop"));
    assert_snapshot!(workspace.run("validate").exits_with(0), @"
    $ secsync validate
    Success! 1 sync in 1 file can be planned.
    --- stderr
    unfamiliar-destination

      ⚠ `acme-shop` is not a destination that secsync knows.
       ╭─[syncs/web.yaml:4:23]
     3 │ syncs:
     4 │   web: { destination: acme-shop }
       ·                       ─────────
       ╰────
      help: Enkryptify publishes no list of its destinations. If it has this one, allow it: `lint: { unfamiliar-destination: allow }` in secsync.yaml.

    Found 1 warning.
    Run `secsync explain unfamiliar-destination` to see why it matters and how to fix it.
    --- exit 0
    ");
}
