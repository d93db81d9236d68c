//! The one comment of a pull request.

use axum::http::Method;
use insta::assert_snapshot;

use super::code_host::{BOT, CodeHost, Happening};
use super::script::{Ran, Script};
use crate::harness::Tree;

const MARKER: &str = "<!-- secsync:pull-request -->";

/// A tree with the results of a plan that said this.
fn planned(text: &str) -> Tree {
    let tree = Tree::new(&[]);
    write(&tree, text);
    tree
}

fn write(tree: &Tree, text: &str) {
    let digest = format!("sha256:{}", "a".repeat(64));
    let outputs =
        format!(r#"{{"command": "plan", "exit-code": 2, "changes": true, "digest": "{digest}"}}"#);
    tree.write("secsync-results/outputs.json", outputs);
    let text = format!("<!-- secsync:plan -->\n{text}");
    tree.write("secsync-results/comment.md", text);
}

fn comment(tree: &Tree, host: &CodeHost, arguments: &[&str]) -> Ran {
    let script = Script::new(tree, "comment.py", arguments);
    host.in_pull_request(tree, script).run()
}

#[test]
fn a_comment_is_made_and_then_kept_up_to_date() {
    let (tree, host) = (planned("## secsync plan\n\nOne.\n"), CodeHost::new());
    assert_snapshot!(comment(&tree, &host, &[]).exits_with(0), @"
    secsync ci: The comment of pull request 7 is up to date.
    --- stderr
    ");
    assert_snapshot!(host.comment_of_bot(), @"
    <!-- secsync:pull-request -->
    <!-- run:100 -->
    ## secsync plan

    One.

    ---
    Commit 1111111111111111111111111111111111111111 · plan `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` · exit code 2 · [run](https://github.com/acme/infra/actions/runs/100)
    ");
    write(&tree, "## secsync plan\n\nTwo.\n");
    comment(&tree, &host, &[]).exits_with(0);
    assert!(host.comment_of_bot().contains("\nTwo.\n"));
}

#[test]
fn a_marker_of_somebody_else_or_in_another_line_is_not_ours() {
    let (tree, host) = (planned("new\n"), CodeHost::new());
    let theirs = format!("{MARKER}\nsha256:forged");
    host.comment("mallory", &theirs);
    host.comment("github-actions", &theirs);
    let quoted = format!("I quote\n{MARKER}\n");
    host.comment(BOT, &quoted);
    host.comment(BOT, "<!-- secsync:pull-request other -->\nother");
    comment(&tree, &host, &[]).exits_with(0);
    comment(&tree, &host, &[]).exits_with(0);
    assert_eq!(host.texts_of("mallory").concat(), theirs);
    assert_eq!(host.texts_of("github-actions").concat(), theirs);
    let ours = host.texts_of(BOT);
    assert_eq!(ours.len(), 3, "{ours:#?}");
    assert_eq!(ours[0], quoted);
    assert!(ours[2].contains("new"));
}

#[test]
fn a_key_tells_the_comments_of_workspaces_apart() {
    let (tree, host) = (planned("one\n"), CodeHost::new());
    comment(&tree, &host, &["--key", "eu"]).exits_with(0);
    comment(&tree, &host, &["--key", "us"]).exits_with(0);
    comment(&tree, &host, &["--key", "eu"]).exits_with(0);
    let firsts: Vec<String> = host
        .texts_of(BOT)
        .iter()
        .map(|text| text.lines().next().unwrap().to_owned())
        .collect();
    assert_eq!(
        firsts,
        [
            "<!-- secsync:pull-request eu -->",
            "<!-- secsync:pull-request us -->"
        ]
    );
    comment(&tree, &host, &["--key", "a --> b"])
        .exits_with(1)
        .says("`a --> b` is not a valid key.");
}

#[test]
fn the_result_of_an_apply_takes_the_place_of_the_plan_in_the_same_comment() {
    let (tree, host) = (planned("## secsync plan\n\nOne.\n"), CodeHost::new());
    comment(&tree, &host, &[]).exits_with(0);
    let outputs =
        r#"{"command": "apply", "exit-code": 0, "changes": true, "digest": "sha256:abc"}"#;
    tree.write("secsync-results/outputs.json", outputs);
    tree.write(
        "secsync-results/comment.md",
        "<!-- secsync:apply -->\n## secsync apply\n\nDone.\n",
    );
    let plan = "<!-- secsync:show -->\n## secsync show\n\n**Plan: 1 to add.**\n";
    tree.write("secsync-results/plan.md", plan);
    comment(&tree, &host, &[]).exits_with(0);
    assert_snapshot!(host.comment_of_bot(), @"
    <!-- secsync:pull-request -->
    <!-- run:100 -->
    ## secsync apply

    Done.

    <details><summary>The plan that was applied</summary>

    **Plan: 1 to add.**

    </details>

    ---
    Commit 1111111111111111111111111111111111111111 · plan `sha256:abc` · exit code 0 · [run](https://github.com/acme/infra/actions/runs/100)
    ");
    // A plan that does not fit is left out whole.
    let long = format!("{plan}{}", "- a\n".repeat(20_000));
    tree.write("secsync-results/plan.md", long);
    comment(&tree, &host, &[]).exits_with(0);
    let text = host.comment_of_bot();
    assert!(
        text.contains("Done.") && text.contains("**Shortened:**"),
        "{text}"
    );
    assert!(!text.contains("<details>"), "{text}");
}

#[test]
fn a_comment_on_a_later_page_is_found() {
    let (tree, host) = (planned("one\n"), CodeHost::new());
    for index in 0..7 {
        host.comment("alice", &format!("{index}"));
    }
    comment(&tree, &host, &[]).exits_with(0);
    for index in 0..4 {
        host.comment("alice", &format!("{index}"));
    }
    comment(&tree, &host, &[]).exits_with(0);
    host.comment_of_bot();
    let requests = host.content().requests.join("\n");
    assert!(requests.contains("page=4"), "{requests}");
}

#[test]
fn two_runs_at_once_leave_one_comment_with_the_text_of_the_later_run() {
    for happening in [Happening::RivalBefore, Happening::RivalAfter] {
        let (tree, host) = (planned("one\n"), CodeHost::new());
        host.next(Method::POST, "comments", happening);
        comment(&tree, &host, &[]).exits_with(0);
        // The later run looks again, too.
        let script = Script::new(&tree, "comment.py", &[]);
        let later = host.in_pull_request(&tree, script);
        later.variable("GITHUB_RUN_ID", "101").run().exits_with(0);
        assert!(host.comment_of_bot().contains("<!-- run:101 -->"));
    }
}

#[test]
fn what_a_later_run_wrote_stays() {
    let (tree, host) = (planned("old\n"), CodeHost::new());
    let newer = format!("{MARKER}\n<!-- run:101 -->\nnew\n");
    host.comment(BOT, &newer);
    comment(&tree, &host, &[])
        .exits_with(0)
        .says("A newer run has written the comment already.");
    assert_eq!(host.comment_of_bot(), newer);
}

#[test]
fn comments_that_are_too_many_are_removed() {
    let (tree, host) = (planned("one\n"), CodeHost::new());
    for text in ["a", "b", "c"] {
        host.comment(BOT, &format!("{MARKER}\n{text}"));
    }
    host.next(
        Method::DELETE,
        "comments",
        Happening::refused(404, "Not Found"),
    );
    comment(&tree, &host, &[]).exits_with(0);
    comment(&tree, &host, &[]).exits_with(0);
    assert!(host.comment_of_bot().contains("one"));
}

#[test]
fn a_comment_that_is_deleted_meanwhile_is_made_again() {
    let (tree, host) = (planned("one\n"), CodeHost::new());
    comment(&tree, &host, &[]).exits_with(0);
    host.next(Method::PATCH, "comments", Happening::Deleted);
    comment(&tree, &host, &[]).exits_with(0);
    assert!(host.comment_of_bot().contains("one"));
}

#[test]
fn an_answer_that_is_lost_does_not_lead_to_a_second_comment() {
    let (tree, host) = (planned("one\n"), CodeHost::new());
    host.next(Method::POST, "comments", Happening::DoneButFails);
    comment(&tree, &host, &[]).exits_with(0);
    host.comment_of_bot();
    let requests = host.content().requests.join("\n");
    assert_eq!(requests.matches("POST /repos").count(), 1, "{requests}");
}

#[test]
fn limits_and_failures_of_the_host_are_waited_for() {
    let (tree, host) = (planned("one\n"), CodeHost::new());
    let wait = |seconds: &str| vec![("retry-after", seconds.to_owned())];
    host.next(
        Method::GET,
        "comments",
        Happening::Refused(429, wait("1"), "slow down"),
    );
    host.next(
        Method::GET,
        "comments",
        Happening::Refused(
            403,
            vec![
                ("x-ratelimit-remaining", "0".to_owned()),
                ("x-ratelimit-reset", "0".to_owned()),
            ],
            "rate limit exceeded",
        ),
    );
    host.next(
        Method::POST,
        "comments",
        Happening::Refused(403, wait("0"), "secondary rate limit"),
    );
    host.next(Method::GET, "comments", Happening::refused(503, "hiccup"));
    comment(&tree, &host, &[])
        .exits_with(0)
        .says("Trying again in 1 s.");
    host.comment_of_bot();
    host.next(
        Method::GET,
        "comments",
        Happening::Refused(429, wait("3600"), "come back tomorrow"),
    );
    comment(&tree, &host, &[])
        .exits_with(1)
        .says("was refused with 429 (come back tomorrow).");
}

#[test]
fn a_refusal_is_a_sentence_with_advice_and_no_command_of_the_log() {
    let cases = [
        (
            401,
            "Bad credentials",
            "The token is invalid or has expired.",
        ),
        (
            403,
            "Resource not accessible by integration",
            "Give the job's token the permission",
        ),
        (
            404,
            "Not Found",
            "It does not exist, or the token may not see it.",
        ),
        (
            422,
            "a\n::set-output name=x::y ##[error]z ghs_hunter2hunter2hunter2",
            "was refused with 422",
        ),
    ];
    for (status, message, advice) in cases {
        let (tree, host) = (planned("one\n"), CodeHost::new());
        host.next(
            Method::POST,
            "comments",
            Happening::refused(status, message),
        );
        let ran = comment(&tree, &host, &[]).exits_with(1).says(advice);
        assert!(
            ran.stdout.starts_with("::error title=secsync::POST "),
            "{ran}"
        );
        assert_eq!(ran.stdout.lines().count(), 1, "{ran}");
        assert!(!ran.stdout.contains("##["), "{ran}");
        assert!(host.texts_of(BOT).is_empty());
    }
}

#[test]
fn a_list_that_is_no_list_is_never_taken_for_an_empty_one() {
    let (tree, host) = (planned("one\n"), CodeHost::new());
    host.next(
        Method::GET,
        "comments",
        Happening::refused(200, "all is well"),
    );
    comment(&tree, &host, &[])
        .exits_with(1)
        .says("is not a list.");
    assert!(host.texts_of(BOT).is_empty());
}

#[test]
fn a_comment_is_shortened_to_what_the_host_takes() {
    let item = "- `+` `infisical/payments/x` (`humanitec`) will be created\n\n  <details><summary>Details</summary>\n\n  ```diff\n  +- a: ü\n  ```\n\n  </details>\n\n";
    let text = format!("## secsync plan\n\n{}", item.repeat(900));
    for longest in [65_536, 20_000] {
        let (tree, host) = (planned(&text), CodeHost::new());
        host.content().longest = longest;
        comment(&tree, &host, &[]).exits_with(0);
        let comment = host.comment_of_bot();
        let length = comment.chars().count();
        assert!(length <= longest && length > longest / 3, "{length}");
        assert!(comment.starts_with(MARKER));
        assert!(comment.contains("**Shortened:**") && comment.contains("plan `sha256:aaaa"));
        assert_eq!(
            comment.matches("<details>").count(),
            comment.matches("</details>").count()
        );
        assert_eq!(comment.matches("```").count() % 2, 0);
    }
}

#[test]
fn a_comment_is_not_cut_within_a_block() {
    let block = format!("```mermaid\nflowchart\n{}```\n", "- a --> b\n".repeat(9000));
    let (tree, host) = (
        planned(&format!("## secsync plan\n\n{block}")),
        CodeHost::new(),
    );
    comment(&tree, &host, &[]).exits_with(0);
    let comment = host.comment_of_bot();
    assert!(
        !comment.contains("```") && comment.contains("**Shortened:**"),
        "{comment}"
    );
}

#[test]
fn a_comment_is_never_cut_below_a_title_or_before_the_result() {
    let top = "## secsync plan\n\n**Plan: 1 to add.**\n\n> Sandbox: an emulator answered.\n";
    let long = "x".repeat(70_000);
    for (rest, last) in [
        (format!("\n### Errors\n\n- {long}\n"), "answered."),
        (
            format!("\n> [!WARNING]\n> This deletes:\n>\n> - a\n> - {long}\n"),
            "> - a",
        ),
        (
            format!("\n> [!WARNING]\n> This deletes:\n>\n> - {long}\n"),
            "answered.",
        ),
        (
            format!("\n- a\n\n<details open>\n\n```mermaid\n{long}\n```\n\n</details>\n"),
            "- a",
        ),
    ] {
        let (tree, host) = (planned(&format!("{top}{rest}")), CodeHost::new());
        comment(&tree, &host, &[]).exits_with(0);
        let comment = host.comment_of_bot();
        assert!(comment.contains(top.trim_end()), "{comment}");
        let (kept, _) = comment.split_once("\n\n**Shortened:**").unwrap();
        assert!(kept.trim_end().ends_with(last), "{kept}");
    }
}

#[test]
fn what_is_missing_or_wrong_is_a_sentence() {
    let (tree, host) = (planned("one\n"), CodeHost::new());
    for (arguments, sentence) in [
        (["--results=nope"], "`nope` holds no results"),
        (
            ["--pull-request=abc"],
            "`abc` is not the number of a pull request",
        ),
        (
            ["--pull-request=-1"],
            "`-1` is not the number of a pull request",
        ),
    ] {
        let ran = comment(&tree, &host, &arguments)
            .exits_with(1)
            .says(sentence);
        assert_eq!(ran.to_string().lines().count(), 2, "{ran}");
    }
    for outputs in ["", "[]", "{}", "nonsense", r#"{"command": "plan"}"#] {
        tree.write("secsync-results/outputs.json", outputs);
        comment(&tree, &host, &[])
            .exits_with(1)
            .says("`secsync-results` holds no results");
    }
    // What nobody thought of is one, too.
    write(&tree, "one\n");
    tree.write("list.json", "[]");
    for (event, sentence) in [
        ("gone.json", "No such file or directory: 'gone.json'."),
        ("list.json", "Something unexpected stops it at comment.py:"),
    ] {
        let script = Script::new(&tree, "comment.py", &[]);
        let script = host.in_pull_request(&tree, script);
        let ran = script.variable("GITHUB_EVENT_PATH", event).run();
        let ran = ran.exits_with(1).says(sentence);
        assert_eq!(ran.to_string().lines().count(), 2, "{ran}");
    }
}

#[test]
fn a_job_for_a_fork_does_not_try_to_comment() {
    let (tree, host) = (planned("one\n"), CodeHost::new());
    let script = Script::new(&tree, "comment.py", &[]);
    host.in_fork(&tree, script)
        .run()
        .exits_with(0)
        .says("A job for a fork's pull request may not write comments.");
    assert!(host.content().requests.is_empty());
}

#[test]
fn after_the_merge_the_pull_request_that_was_merged_gets_the_comment() {
    let (tree, host) = (planned("one\n"), CodeHost::new());
    let comment = || {
        let script = Script::new(&tree, "comment.py", &[]);
        host.after_merge(&tree, script).run().exits_with(0)
    };
    comment();
    host.comment_of_bot();
    host.content().pull_requests[0]["merge_commit_sha"] = "another".into();
    comment().says("This commit belongs to no pull request.");
}

#[test]
fn a_merge_request_of_gitlab_has_one_note_too() {
    let (tree, host) = (planned("one\n"), CodeHost::new());
    let comment = || {
        let script = Script::new(&tree, "comment.py", &[]);
        host.in_merge_request(script).run()
    };
    host.comment("mallory", &format!("{MARKER}\nforged"));
    comment().exits_with(0);
    write(&tree, "two\n");
    comment().exits_with(0);
    let text = host.comment_of_bot();
    assert!(
        text.contains("two") && text.contains("/acme/infra/-/jobs/5"),
        "{text}"
    );
    host.next(
        Method::PUT,
        "notes",
        Happening::refused(403, "insufficient_scope"),
    );
    let ran = comment().exits_with(1);
    assert!(
        ran.stderr.starts_with("Error: PUT /projects/acme%2Finfra/"),
        "{ran}"
    );
}
