//! What happens between the program and a server: answers that get lost, come late, or are another's;
//! and interruptions in the middle of it. Whatever happens, every word about it is true.
#![cfg(unix)]

use std::process::Child;
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::harness::{Act, Gateway, Output, Reply, Server, Tree, payments, world};
use super::interrupts::signal;

const SYNCS: &str = "/api/v1/secret-syncs";
const CREATE: &str = "/api/v1/secret-syncs/humanitec";
const ONE: &str = "/api/v1/secret-syncs/humanitec/";
const LIST: &str = "/api/v1/secret-syncs?";
const START: &str = "/v1/sync/vercel/start";
const CHECKLY: &str = "destination: checkly\nconnection: checkly-main\ndestinationConfig: { scope: null, org: null, app: null, accountId: \"7\" }";

struct Site {
    tree: Tree,
    server: Server,
    gateway: Gateway,
}

impl Site {
    /// With these syncs applied, and then with these lines declared for each.
    fn after(names: &[&str], lines: &str) -> Self {
        let site = Self::with(Server::new(&world()));
        site.declare(names, "");
        site.run("apply --auto-approve --wait").exits_with(0);
        site.declare(names, lines);
        site
    }

    fn new(names: &[&str]) -> Self {
        let site = Self::with(Server::new(&world()));
        site.declare(names, "");
        site
    }

    fn with(server: Server) -> Self {
        Self {
            tree: Tree::new(&[("secsync.yaml", "include: [\"syncs/*.yaml\"]\n")]),
            gateway: Gateway::before(&server),
            server,
        }
    }

    fn starting() -> Self {
        let site = Self::with(Server::new(&world()));
        site.tree.write(
            "syncs/web.yaml",
            "provider: enkryptify\nproject: prj_web\nsyncs:\n  web: { destination: vercel }\n",
        );
        site.run("state init").exits_with(0);
        site
    }

    fn declare(&self, names: &[&str], lines: &str) {
        let syncs: Vec<_> = names.iter().map(|name| (*name, lines)).collect();
        self.tree.write("syncs/payments.yaml", payments(&syncs));
    }

    fn invocation(&self, arguments: &str) -> super::harness::Invocation {
        let invocation = self.tree.secsync(arguments).on(&self.server);
        self.gateway.before_server_of(invocation)
    }

    fn run(&self, arguments: &str) -> Output {
        self.invocation(arguments).run()
    }

    fn apply(&self) -> Output {
        self.run("apply --auto-approve")
    }

    /// The result of the only action of an apply in JSON.
    fn result(&self) -> Value {
        let document = self.run("apply --auto-approve -o json").json();
        document["results"][0].clone()
    }

    /// The names of the remote syncs, whatever stands in between.
    fn remote(&self) -> Vec<String> {
        self.gateway.clear();
        let listed = self.run("status -o json").json();
        let syncs = listed["syncs"].as_array().cloned().unwrap_or_default();
        syncs
            .iter()
            .filter(|sync| sync["state"] != "missing")
            .map(|sync| sync["name"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    #[track_caller]
    fn is_settled(&self) {
        self.gateway.clear();
        self.run("plan --detailed-exitcode").exits_with(0);
    }
}

/// Answers that are not Infisical's, whatever they look like.
fn not_infisical() -> Vec<Reply> {
    let mut replies: Vec<Reply> = [403, 404, 500, 502].map(Reply::page).into();
    for status in [400, 403, 404, 408, 409, 499] {
        replies.push(Reply::json(
            status,
            &json!({"statusCode": status, "error": "Not Found", "message": "No such route"}),
        ));
    }
    for status in [408, 409, 499] {
        replies.push(Reply::refusal(status, "Conflict", "Busy"));
    }
    replies.push(Reply::json(200, &json!({"status": "ok"})));
    replies.push(Reply::page(302).with_headers("location: https://login.example/\r\n"));
    replies.push(Reply::page(304));
    replies
}

#[test]
fn a_start_that_something_in_between_answers_is_unknown_and_kept() {
    let mut replies = not_infisical();
    replies.push(Reply::json(401, &json!({"error": "Unauthorized"})));
    replies.push(Reply::page(429));
    for (index, reply) in replies.into_iter().enumerate() {
        for act in [Act::After(reply.clone()), Act::Instead(reply)] {
            let site = Site::starting();
            let takes_effect = matches!(act, Act::After(_));
            site.gateway.does("POST", START, 1, act);
            let output = site.apply().exits_with(5);
            assert!(output.stdout.contains("1 unknown"), "{index}: {output}");
            let again = site.apply();
            assert!(again.stdout.contains("1 blocked"), "{index}: {again}");
            assert_eq!(site.server.starts(), usize::from(takes_effect), "{index}");
        }
    }
}

#[test]
fn a_delete_that_something_in_between_answers_is_looked_up_before_it_is_called_done() {
    for (index, reply) in not_infisical().into_iter().enumerate() {
        let site = Site::after(&["api"], "ensure: absent");
        site.gateway
            .does("DELETE", ONE, 9, Act::After(reply.clone()));
        let output = site.apply().exits_with(0);
        assert!(output.stdout.contains("Deleted [id="), "{index}: {output}");
        site.is_settled();
        if index > 5 {
            continue;
        }
        let site = Site::after(&["api"], "ensure: absent");
        site.gateway.does("DELETE", ONE, 9, Act::Instead(reply));
        let output = site.apply().exits_with(5);
        assert!(!output.stdout.contains("Deleted"), "{index}: {output}");
        assert!(output.stdout.contains("1 unknown"), "{index}: {output}");
    }
}

#[test]
fn a_delete_that_meets_no_route_is_looked_up() {
    let reply = Reply::refusal(
        404,
        "NotFound",
        "Route DELETE /api/v1/secret-syncs not found",
    );
    let site = Site::after(&["api"], "ensure: absent");
    site.gateway.does("DELETE", ONE, 9, Act::After(reply));
    let output = site.apply().exits_with(0);
    assert!(output.stdout.contains("Deleted [id="), "{output}");
    site.is_settled();
}

#[test]
fn a_create_that_something_in_between_answers_is_looked_up_and_not_doubled() {
    for (index, reply) in not_infisical().into_iter().enumerate() {
        let site = Site::new(&["api"]);
        site.gateway
            .does("POST", CREATE, 1, Act::After(reply.clone()));
        let output = site.apply().exits_with(0);
        assert!(output.stdout.contains("Created [id="), "{index}: {output}");
        assert_eq!(site.gateway.heard("POST", CREATE), 1, "{index}");
        site.is_settled();
    }
    let site = Site::new(&["api"]);
    site.gateway.does("POST", CREATE, 1, Act::Lost);
    site.apply().exits_with(0);
    assert_eq!(site.gateway.heard("POST", CREATE), 1);
    let site = Site::new(&["api"]);
    site.gateway
        .does("POST", CREATE, 9, Act::Instead(Reply::page(403)));
    assert_eq!(site.result()["result"], "unknown");
    assert_eq!(site.gateway.heard("POST", CREATE), 2);
    assert!(site.remote().is_empty());
}

#[test]
fn an_update_that_something_in_between_answers_is_looked_up() {
    for (index, reply) in not_infisical().into_iter().enumerate() {
        let site = Site::after(&["api"], "description: new");
        site.gateway
            .does("PATCH", ONE, 9, Act::After(reply.clone()));
        let output = site.apply().exits_with(0);
        assert!(output.stdout.contains("Updated [id="), "{index}: {output}");
        site.is_settled();
    }
    let site = Site::after(&["api"], "description: new");
    let conflict = Reply::json(409, &json!({"message": "Conflict"}));
    site.gateway.does("PATCH", ONE, 9, Act::Instead(conflict));
    assert_eq!(site.result()["result"], "unknown");
}

#[test]
fn a_first_try_that_arrives_late_is_the_sync_that_was_created() {
    let site = Site::new(&["api"]);
    let late = Act::Late(Duration::from_millis(1200));
    site.gateway.does("POST", CREATE, 1, late);
    site.apply().exits_with(0);
    assert_eq!(site.gateway.heard("POST", CREATE), 1);
    site.is_settled();
}

#[test]
fn a_doubt_about_a_first_try_outlives_a_refusal_of_the_second() {
    let site = Site::new(&["api"]);
    // Later than the program looks for it.
    let late = Act::Late(Duration::from_secs(20));
    let refused = Reply::refusal(400, "BadRequest", "No.");
    site.gateway
        .does("POST", CREATE, 1, late)
        .does("POST", CREATE, 1, Act::Instead(refused));
    let output = site.apply().exits_with(5);
    assert!(output.stdout.contains("1 unknown"), "{output}");
    assert!(!output.stdout.contains("failed"), "{output}");
}

#[test]
fn a_doubt_outlives_the_login_that_a_second_try_needs() {
    let expired = Reply::refusal(403, "TokenError", "Your token has expired.");
    let site = Site::after(&["api"], "description: new");
    site.gateway
        .does("PATCH", ONE, 1, Act::After(Reply::page(502)))
        .does("PATCH", ONE, 99, Act::Instead(expired))
        // The first one is the plan's.
        .does("GET", LIST, 1, Act::Edited("", ""))
        .does("GET", LIST, 99, Act::Instead(Reply::page(403)));
    let result = site.result();
    assert_eq!(result["result"], "unknown", "{result}");
}

/// The first word about each result, in the formats that say it in words of their own.
fn words_of_a_write_that_is_not_as_declared(site: &Site) -> String {
    let formats = "-o human -o json=apply.json -o junit=apply.xml -o markdown=apply.md";
    let output = site.run(&format!("apply --auto-approve {formats}"));
    let output = output.exits_with(5);
    let json: Value = serde_json::from_str(&site.tree.read("apply.json")).unwrap();
    let [junit, markdown] = ["apply.xml", "apply.md"].map(|file| site.tree.read(file));
    let is_result = |line: &&str| line.contains("<failure") || line.contains("**Not as declared");
    let reviews: Vec<&str> = junit
        .lines()
        .chain(markdown.lines())
        .filter(is_result)
        .collect();
    let result = &json["results"][0];
    let said = output.stdout.split_once("...\n").unwrap().1;
    output.harmless(&format!("{said}\n{result:#}\n{}\n", reviews.join("\n")))
}

#[test]
fn a_write_that_was_made_but_not_as_declared_is_not_said_to_have_failed() {
    // The server drops what was sent.
    let site = Site::after(&["api"], "description: new");
    let dropped = Act::Edited("\"description\":\"new\"", "\"description\":\"\"");
    site.gateway.does("PATCH", ONE, 1, dropped);
    assert_snapshot!(words_of_a_write_that_is_not_as_declared(&site), @r#"
    infisical/payments/api: Updated, but not as declared [id=[UUID]]

    Not as declared: infisical/payments/api: The server accepted the request but did not keep `description` as sent.
      This version of the server may not support it: run `secsync schema pull --from-server` and correct the file.
    1 job left running; --wait follows them.

    Apply incomplete! Resources: 0 added, 1 changed, 0 destroyed, 1 not as declared.

    {
      "result": "not-as-declared",
      "id": "[UUID]",
      "message": "The server accepted the request but did not keep `description` as sent.",
      "help": "This version of the server may not support it: run `secsync schema pull --from-server` and correct the file.",
      "errorKind": null,
      "lostDefinition": null,
      "oldSync": null
    }
          <failure type="update" message="The server accepted the request but did not keep `description` as sent.">The server accepted the request but did not keep `description` as sent.
    - `~` `infisical/payments/api` (`humanitec`) was updated. **Not as declared:** The server accepted the request but did not keep `description` as sent.<br>This version of the server may not support it: run `secsync schema pull --from-server` and correct the file.
    "#);
    // Somebody else has changed what was not sent.
    let site = Site::after(&["api"], "description: new");
    let other = Act::Edited("\"isAutoSyncEnabled\":true", "\"isAutoSyncEnabled\":false");
    site.gateway.does("PATCH", ONE, 1, other);
    assert_snapshot!(words_of_a_write_that_is_not_as_declared(&site), @r#"
    infisical/payments/api: Updated, but not as declared [id=[UUID]]

    Not as declared: infisical/payments/api: Meanwhile somebody else or the server itself changed `isAutoSyncEnabled`, so the sync is not as declared.
      Run `secsync plan` to see what is left to do.
    1 job left running; --wait follows them.

    Apply incomplete! Resources: 0 added, 1 changed, 0 destroyed, 1 not as declared.

    {
      "result": "not-as-declared",
      "id": "[UUID]",
      "message": "Meanwhile somebody else or the server itself changed `isAutoSyncEnabled`, so the sync is not as declared.",
      "help": "Run `secsync plan` to see what is left to do.",
      "errorKind": null,
      "lostDefinition": null,
      "oldSync": null
    }
          <failure type="update" message="Meanwhile somebody else or the server itself changed `isAutoSyncEnabled`, so the sync is not as declared.">Meanwhile somebody else or the server itself changed `isAutoSyncEnabled`, so the sync is not as declared.
    - `~` `infisical/payments/api` (`humanitec`) was updated. **Not as declared:** Meanwhile somebody else or the server itself changed `isAutoSyncEnabled`, so the sync is not as declared.<br>Run `secsync plan` to see what is left to do.
    "#);
    let site = Site::new(&["api"]);
    let dropped = Act::Edited(
        "\"disableSecretDeletion\":true",
        "\"disableSecretDeletion\":false",
    );
    site.gateway.does("POST", CREATE, 1, dropped);
    assert_snapshot!(words_of_a_write_that_is_not_as_declared(&site), @r#"
    infisical/payments/api: Created, but not as declared [id=[UUID]]

    Not as declared: infisical/payments/api: The server accepted the request but did not keep `syncOptions.disableSecretDeletion` as sent.
      This version of the server may not support it: run `secsync schema pull --from-server` and correct the file.
    1 job left running; --wait follows them.

    Apply incomplete! Resources: 1 added, 0 changed, 0 destroyed, 1 not as declared.

    {
      "result": "not-as-declared",
      "id": "[UUID]",
      "message": "The server accepted the request but did not keep `syncOptions.disableSecretDeletion` as sent.",
      "help": "This version of the server may not support it: run `secsync schema pull --from-server` and correct the file.",
      "errorKind": null,
      "lostDefinition": null,
      "oldSync": null
    }
          <failure type="create" message="The server accepted the request but did not keep `syncOptions.disableSecretDeletion` as sent.">The server accepted the request but did not keep `syncOptions.disableSecretDeletion` as sent.
    - `+` `infisical/payments/api` (`humanitec`) was created. **Not as declared:** The server accepted the request but did not keep `syncOptions.disableSecretDeletion` as sent.<br>This version of the server may not support it: run `secsync schema pull --from-server` and correct the file.
    "#);
}

/// Starts an apply and stops it when the gateway hears a request.
fn interrupted(site: &Site, arguments: &str, (method, part): (&str, &str)) -> Output {
    let run = site.invocation(arguments);
    let child = run.spawn();
    site.gateway.wait_for(1, method, part);
    // The answer is on its way, and the pause after it is long.
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, "INT");
    run.finish(child)
}

#[test]
fn what_was_sent_is_never_called_not_tried() {
    let busy = || Reply::page(503).with_headers("retry-after: 60\r\n");
    for (lines, request) in [
        ("description: new", ("PATCH", ONE)),
        ("ensure: absent", ("DELETE", ONE)),
        (CHECKLY, ("DELETE", ONE)),
    ] {
        let site = Site::after(&["api"], lines);
        site.gateway.does(request.0, ONE, 9, Act::After(busy()));
        let output = interrupted(&site, "apply --auto-approve", request).exits_with(130);
        assert!(output.stdout.contains("1 unknown"), "{output}");
        assert!(!output.stdout.contains("Not tried"), "{output}");
    }
}

#[test]
fn a_limit_that_is_not_waited_out_is_a_failure_of_what_was_sent() {
    let site = Site::after(&["api"], "description: new");
    let limited = Reply::refusal(429, "RateLimitExceeded", "Slower.");
    let limited = limited.with_headers("retry-after: 60\r\n");
    site.gateway.does("PATCH", ONE, 9, Act::Instead(limited));
    let output = interrupted(&site, "apply --auto-approve", ("PATCH", ONE)).exits_with(130);
    assert!(output.stdout.contains("1 failed"), "{output}");
}

fn killed(mut child: Child) -> (String, String) {
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn the_old_definition_is_out_before_the_delete_is_sent() {
    for (flags, is_on_stdout) in [("", true), ("-q", false), ("-o json", false)] {
        let site = Site::after(&["api"], CHECKLY);
        site.gateway.does("DELETE", ONE, 1, Act::Silence);
        let run = site.invocation(&format!("apply --auto-approve {flags}"));
        let child = run.spawn();
        site.gateway.wait_for(1, "DELETE", ONE);
        let (stdout, stderr) = killed(child);
        let said = if is_on_stdout { stdout } else { stderr };
        let (_, said) = said.split_once("Deleting the old sync").unwrap();
        assert!(said.contains("destination: humanitec"), "{flags}: {said}");
        assert!(said.contains("app: payments"), "{flags}: {said}");
    }
}

#[test]
fn a_plan_shows_the_whole_sync_that_a_replacement_deletes() {
    let site = Site::after(&["api"], CHECKLY);
    let plan = site.run("plan").exits_with(0);
    assert_snapshot!(plan, @r#"
    $ secsync plan
    secsync will perform the following actions:

      # infisical/payments/api must be replaced, because its destination changes from humanitec to checkly  (syncs/payments.yaml:11)
    -/+ checkly sync
          ~ destination:                       "humanitec" -> "checkly"
          + connection:                        "checkly-main"
          + destinationConfig.accountId:       "7"
          + environment:                       "prod"
          + secretPath:                        "/"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: Its secrets stay at the destination.
          Note: The first sync overwrites secrets at the destination that have the same keys.
          The old sync, which is deleted first, is:
            api:
              destination: humanitec
              projectId: [UUID]
              connection: humanitec-main
              environment: prod
              secretPath: /
              isAutoSyncEnabled: true
              syncOptions:
                initialSyncBehavior: overwrite-destination
                disableSecretDeletion: true
              destinationConfig:
                scope: application
                app: payments
                org: acme

    Plan: 1 to add, 0 to change, 1 to destroy.
    --- exit 0
    "#);
    let json = site.run("plan -o json").json();
    let definition = json["actions"][0]["oldDefinition"].as_str().unwrap();
    assert!(definition.contains("org: acme"), "{definition}");
    let unified = site.run("plan -o unified").exits_with(0);
    assert_snapshot!(unified, @r#"
    $ secsync plan -o unified
    # infisical/payments/api must be replaced, because its destination changes from humanitec to checkly
    # Note: Its secrets stay at the destination.
    # Note: The first sync overwrites secrets at the destination that have the same keys.
    --- remote/infisical/payments/api
    +++ declared/infisical/payments/api
    @@ -1,12 +1,10 @@
     environment: prod
     secretPath: /
     syncOptions:
       disableSecretDeletion: true
       initialSyncBehavior: overwrite-destination
     destinationConfig:
    -  scope: application
    -  app: payments
    -  org: acme
    -destination: humanitec
    +  accountId: "7"
    +destination: checkly
     isAutoSyncEnabled: true
    -connection: humanitec-main
    +connection: checkly-main
    # Plan: 1 to add, 0 to change, 1 to destroy.
    --- exit 0
    "#);
}

/// A site whose old sync goes only when its removal job has ended, which takes an hour.
fn removing() -> Site {
    let site = Site::with(Server::with(&world(), |options| {
        options.job_duration = Duration::from_secs(3600);
    }));
    site.declare(&["api"], "isAutoSyncEnabled: false");
    site.run("apply --auto-approve").exits_with(0);
    site.declare(
        &["api"],
        &format!("{CHECKLY}\nonDelete: remove-secrets\nisAutoSyncEnabled: false"),
    );
    site
}

#[test]
fn an_interrupted_wait_for_a_removal_tells_the_old_definition() {
    for name in ["INT", "TERM", "HUP"] {
        let site = removing();
        let run = site.invocation("apply --auto-approve -o json");
        let child = run.spawn();
        site.gateway.wait_for(1, "GET", ONE);
        signal(&child, name);
        let output = run.finish(child).exits_with(130);
        let document = output.json();
        let result = &document["results"][0];
        assert_eq!(result["oldSync"], "being-deleted", "{name}: {result}");
        let definition = result["lostDefinition"].as_str().unwrap();
        assert!(definition.contains("app: payments"), "{definition}");
        assert!(output.stderr.contains("app: payments"), "{output}");
    }
}

#[test]
fn a_second_interrupt_leaves_the_old_definition_on_the_screen() {
    let site = removing();
    let run = site.invocation("apply --auto-approve");
    let child = run.spawn();
    site.gateway.wait_for(1, "GET", ONE);
    signal(&child, "INT");
    signal(&child, "INT");
    let output = run.finish(child).exits_with(130);
    let (_, said) = output
        .stdout
        .split_once("Deleting the old sync")
        .unwrap_or_else(|| panic!("{output}"));
    assert!(said.contains("app: payments"), "{output}");
}

#[test]
fn a_bad_answer_while_a_removal_goes_on_is_asked_for_again() {
    for reply in [
        Reply::page(200),
        Reply::page(403),
        Reply::json(404, &json!({"error": "Not Found", "message": "Gone?"})),
        Reply::json(200, &json!({})),
        Reply::page(502),
    ] {
        let lines = format!("{CHECKLY}\nonDelete: remove-secrets");
        let site = Site::after(&["api"], &lines);
        site.gateway.does("GET", ONE, 2, Act::Instead(reply));
        let output = site.apply().exits_with(0);
        assert!(output.stdout.contains("Replaced [id="), "{output}");
        site.is_settled();
    }
}

#[test]
fn a_bad_answer_while_jobs_are_followed_is_asked_for_again() {
    for reply in [
        Reply::page(200),
        Reply::page(403),
        Reply::json(404, &json!({"error": "Not Found", "message": "Gone?"})),
        Reply::json(403, &json!({"error": "Forbidden", "message": "Blocked"})),
    ] {
        let site = Site::after(&["api"], "ensure: absent\nonDelete: remove-secrets");
        site.gateway
            // The first one is the plan's.
            .does("GET", LIST, 1, Act::Edited("", ""))
            .does("GET", LIST, 2, Act::Instead(reply));
        let output = site.run("apply --auto-approve --wait").exits_with(0);
        assert!(
            output.stdout.contains("removal of secrets succeeded"),
            "{output}"
        );
        assert_eq!(site.gateway.heard("DELETE", SYNCS), 1);
    }
}

#[test]
fn half_a_list_is_never_taken_for_the_whole() {
    for (from, to) in [
        (
            "{\"secretSyncs\":",
            "{\"nextCursor\":\"abc\",\"secretSyncs\":",
        ),
        ("{\"secretSyncs\":", "{\"totalCount\":7,\"secretSyncs\":"),
        (
            "{\"secretSyncs\":",
            "{\"pagination\":{\"hasMore\":true},\"secretSyncs\":",
        ),
        (
            "{\"workspaces\":",
            "{\"nextCursor\":\"abc\",\"workspaces\":",
        ),
        (
            "{\"appConnections\":",
            "{\"totalCount\":7,\"appConnections\":",
        ),
        ("{\"projects\":", "{\"totalCount\":7,\"projects\":"),
    ] {
        let site = Site::new(&["api"]);
        site.gateway.does("GET", "/api/", 99, Act::Edited(from, to));
        let output = site.run("plan");
        let is_asked = output.code != Some(0);
        // Which route lists the projects is the server's to say.
        assert!(
            is_asked || from.contains("workspaces") || from.contains("projects"),
            "{to}: {output}"
        );
        if is_asked {
            assert!(output.stderr.contains("is not whole"), "{output}");
        }
    }
    let site = Site::new(&["api"]);
    let whole = Act::Edited("{\"secretSyncs\":", "{\"totalCount\":0,\"secretSyncs\":");
    site.gateway.does("GET", LIST, 99, whole);
    site.run("plan").exits_with(0);
}

#[test]
fn a_destination_that_is_taken_is_not_a_name_that_is_taken() {
    let site = Site::new(&["api"]);
    let message = "A secret sync with this destination already exists in project ID.";
    let refused = Reply::refusal(400, "BadRequest", message);
    site.gateway.does("POST", CREATE, 9, Act::Instead(refused));
    let output = site.apply().exits_with(5);
    assert!(
        output.stdout.contains(message.trim_end_matches('.')),
        "{output}"
    );
    assert!(!output.stdout.contains("since the plan"), "{output}");

    // A sync is not its own rival under the name that it leaves.
    let site = Site::after(&["api"], "");
    site.declare(&["web"], "renamedFrom: api");
    let refused = Reply::refusal(400, "BadRequest", message);
    site.gateway.does("PATCH", ONE, 9, Act::Instead(refused));
    let output = site.apply().exits_with(5);
    let rival = "has the same destination";
    assert!(!output.stdout.contains(rival), "{output}");
}

#[test]
fn a_refused_login_is_sent_once() {
    for reply in [
        Reply::refusal(401, "UnauthorizedError", "Invalid credentials"),
        Reply::refusal(401, "UnauthorizedError", "temporarily locked"),
        Reply::page(403),
        Reply::page(401),
        Reply::json(400, &json!({"message": "no"})),
    ] {
        let site = Site::new(&["api"]);
        site.tree.write(
            "syncs/more.yaml",
            payments(&[("web", ""), ("bot", "")]).replace("project: payments", "project: shop"),
        );
        let login = "/api/v1/auth/universal-auth/login";
        site.gateway.does("POST", login, 99, Act::Instead(reply));
        let output = site.run("plan");
        assert_ne!(output.code, Some(0), "{output}");
        assert_eq!(site.gateway.heard("POST", login), 1, "{output}");
    }
}
