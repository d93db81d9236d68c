//! The one issue about drift.

use super::code_host::{BOT, CodeHost};
use super::script::{Ran, Script};
use crate::harness::Tree;

fn write(tree: &Tree, exit_code: u8, text: &str) {
    let changes = exit_code == 2;
    let outputs =
        format!(r#"{{"command": "drift", "exit-code": {exit_code}, "changes": {changes}}}"#);
    tree.write("secsync-results/outputs.json", outputs);
    let text = format!("<!-- secsync:drift -->\n{text}\n");
    tree.write("secsync-results/comment.md", text);
}

fn report(tree: &Tree, host: &CodeHost) -> Ran {
    let script = Script::new(tree, "comment.py", &[]);
    host.after_merge(tree, script).run().exits_with(0)
}

fn open(host: &CodeHost) -> Vec<String> {
    let content = host.content();
    let open = content.issues.iter().filter(|issue| issue.is_open);
    open.map(|issue| issue.text.clone()).collect()
}

#[test]
fn drift_opens_one_issue_keeps_it_up_to_date_and_closes_it() {
    let (tree, host) = (Tree::new(&[]), CodeHost::new());
    write(&tree, 2, "one drifted");
    report(&tree, &host);
    write(&tree, 2, "two drifted");
    report(&tree, &host);
    let texts = open(&host);
    assert_eq!(texts.len(), 1);
    assert!(texts[0].starts_with("<!-- secsync:drift -->\n") && texts[0].contains("two drifted"));
    let requests = host.content().requests.join("\n");
    assert!(
        requests.contains("creator=github-actions%5Bbot%5D"),
        "{requests}"
    );

    // A run that failed knows nothing.
    write(&tree, 4, "refused");
    report(&tree, &host).says("The issue stays as it is.");
    assert_eq!(open(&host), texts);

    write(&tree, 0, "No drift");
    report(&tree, &host).says("The issue is closed.");
    assert!(open(&host).is_empty());
    assert!(host.content().issues[0].text.contains("No drift"));
    report(&tree, &host);

    // Later drift is another matter.
    write(&tree, 2, "three drifted");
    report(&tree, &host);
    assert_eq!(open(&host).len(), 1);
    assert_eq!(host.content().issues.len(), 2);
}

#[test]
fn issues_of_others_and_pull_requests_are_left_alone() {
    let (tree, host) = (Tree::new(&[]), CodeHost::new());
    let marked = "<!-- secsync:drift -->\nnot yours";
    host.issue("mallory", marked);
    host.issue(BOT, marked);
    host.content().issues[1].is_pull_request = true;
    write(&tree, 2, "drifted");
    report(&tree, &host);
    assert_eq!(host.content().issues.len(), 3);
    write(&tree, 0, "No drift");
    report(&tree, &host);
    assert_eq!(open(&host), [marked, marked]);
}

#[test]
fn gitlab_has_one_issue_too() {
    let (tree, host) = (Tree::new(&[]), CodeHost::new());
    for (exit_code, expected) in [(2, 1), (2, 1), (0, 0)] {
        write(&tree, exit_code, "text");
        let script = Script::new(&tree, "comment.py", &[]);
        host.in_merge_request(script).run().exits_with(0);
        assert_eq!(open(&host).len(), expected);
    }
    assert_eq!(host.content().issues.len(), 1);
}
