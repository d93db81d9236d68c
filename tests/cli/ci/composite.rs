//! The steps of `action.yml`, played as a runner of GitHub would: their conditions, their environment
//! and their scripts, with the expressions evaluated.

use std::collections::BTreeMap;

use super::code_host::{CodeHost, HEAD};
use super::reviewed_plan::{run, zip};
use super::script::{Ran, Script};
use crate::harness::{Server, Tree, payments, repository, world};

/// A step.
#[derive(Default)]
struct Step {
    name: String,
    id: String,
    condition: String,
    environment: Vec<(String, String)>,
    script: String,
}

/// The steps of the Action, and the defaults of its inputs.
fn action() -> (Vec<Step>, BTreeMap<String, String>) {
    let text = repository("action.yml");
    let (head, steps) = text.split_once("  steps:\n").unwrap();
    let (mut defaults, mut input) = (BTreeMap::new(), "");
    for line in head.split("\noutputs:").next().unwrap().lines() {
        if let Some(value) = line.strip_prefix("    default: ") {
            defaults.insert(input.to_owned(), value.trim_matches('"').to_owned());
        } else if let Some(name) = line
            .strip_prefix("  ")
            .and_then(|line| line.strip_suffix(':'))
        {
            input = name;
        }
    }
    let steps = steps.split("    - name: ").skip(1).map(step).collect();
    (steps, defaults)
}

fn step(text: &str) -> Step {
    let mut step = Step::default();
    let mut lines = text.lines();
    step.name.push_str(lines.next().unwrap());
    let mut key = "";
    for line in lines {
        let depth = line.len() - line.trim_start().len();
        let line = line.trim();
        if depth == 6 && !line.starts_with('#') {
            let (name, value) = line.split_once(':').unwrap();
            key = name;
            match name {
                "id" => step.id.push_str(value.trim()),
                "if" => step.condition.push_str(value.trim()),
                "run" => step.script.push_str(value.trim().trim_start_matches(">-")),
                _ => {}
            }
        } else if key == "run" {
            step.script = format!("{} {line}", step.script);
        } else if key == "env" && depth == 8 {
            let (name, value) = line.split_once(": ").unwrap();
            let value = value.trim_start_matches(">-").to_owned();
            step.environment.push((name.to_owned(), value));
        } else if key == "env" && depth > 8 {
            let (_, value) = step.environment.last_mut().unwrap();
            value.push_str(line);
        }
    }
    step
}

/// What expressions are about: `inputs.…`, `steps.….outputs.…`, `github.…`.
type Context = BTreeMap<String, String>;

/// The value of an expression: the part of the language that `action.yml` uses.
fn evaluate(expression: &str, context: &Context) -> String {
    let mut rest = expression.trim();
    let value = any(&mut rest, context);
    assert!(rest.trim().is_empty(), "{expression}: {rest}");
    value
}

fn take(rest: &mut &str, token: &str) -> bool {
    let found = rest.trim_start().strip_prefix(token);
    *rest = found.unwrap_or(rest);
    found.is_some()
}

fn is_true(value: &str) -> bool {
    !value.is_empty() && value != "false"
}

fn any(rest: &mut &str, context: &Context) -> String {
    let mut value = all(rest, context);
    while take(rest, "||") {
        let other = all(rest, context);
        if !is_true(&value) {
            value = other;
        }
    }
    value
}

fn all(rest: &mut &str, context: &Context) -> String {
    let mut value = comparison(rest, context);
    while take(rest, "&&") {
        let other = comparison(rest, context);
        if is_true(&value) {
            value = other;
        }
    }
    value
}

fn comparison(rest: &mut &str, context: &Context) -> String {
    let value = atom(rest, context);
    if take(rest, "==") {
        return (value == atom(rest, context)).to_string();
    }
    if take(rest, "!=") {
        return (value != atom(rest, context)).to_string();
    }
    value
}

fn atom(rest: &mut &str, context: &Context) -> String {
    if take(rest, "(") {
        let value = any(rest, context);
        assert!(take(rest, ")"));
        return value;
    }
    if take(rest, "'") {
        let (text, after) = rest.split_once('\'').unwrap();
        *rest = after;
        return text.to_owned();
    }
    let end = rest
        .trim_start()
        .find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c));
    let (name, after) = rest
        .trim_start()
        .split_at(end.unwrap_or(rest.trim_start().len()));
    *rest = after;
    match name {
        "always" => {
            assert!(take(rest, "()"));
            "true".to_owned()
        }
        "format" => {
            assert!(take(rest, "("));
            let mut text = atom(rest, context)
                .replace("{{", "\0")
                .replace("}}", "\u{1}");
            let mut index = 0;
            while take(rest, ",") {
                text = text.replace(&format!("{{{index}}}"), &atom(rest, context));
                index += 1;
            }
            assert!(take(rest, ")"));
            text.replace('\0', "{").replace('\u{1}', "}")
        }
        name => context.get(name).cloned().unwrap_or_default(),
    }
}

/// A text with its expressions evaluated.
fn filled(text: &str, context: &Context) -> String {
    let mut parts = text.split("${{");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (expression, after) = part.split_once("}}\n").map_or_else(
            || part.rsplit_once("}}").unwrap(),
            |(expression, after)| (expression, after),
        );
        out.push_str(&evaluate(expression, context));
        out.push_str(after);
    }
    out
}

/// Plays the Action with these inputs. `around` makes a script one of a job; what the steps say is
/// returned, and the outputs of its steps are left in the context.
fn play(
    tree: &Tree,
    inputs: &[(&str, &str)],
    around: impl Fn(Script) -> Script,
) -> (Vec<(String, Ran)>, Context) {
    let (steps, defaults) = action();
    let mut context = Context::from([
        ("github.token".to_owned(), "unused".to_owned()),
        (
            "github.server_url".to_owned(),
            "https://github.com".to_owned(),
        ),
        (
            "github.action_repository".to_owned(),
            "acme/secsync".to_owned(),
        ),
    ]);
    for (name, value) in &defaults {
        context.insert(format!("inputs.{name}"), value.clone());
    }
    for (name, value) in inputs {
        assert!(defaults.contains_key(*name) || *name == "command", "{name}");
        context.insert(format!("inputs.{name}"), (*value).to_owned());
    }
    let (mut ran, mut has_failed) = (Vec::new(), false);
    for step in steps {
        let is_wanted = match step.condition.as_str() {
            "" => !has_failed,
            condition => {
                let is_always = condition.contains("always()");
                (is_always || !has_failed) && is_true(&evaluate(condition, &context))
            }
        };
        if !is_wanted || step.script.is_empty() {
            continue;
        }
        tree.write(".git/job/output", "");
        let root = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        let mut script = around(Script::shell(tree, &step.script))
            .variable("GITHUB_ACTION_PATH", root)
            .variable("RUNNER_TEMP", tree.root().join(".git"));
        for (name, value) in &step.environment {
            // The token of the job is the host's to know.
            if name != "GITHUB_TOKEN" {
                script = script.variable(name, filled(value, &context));
            }
        }
        let result = script.run();
        has_failed |= result.code != Some(0);
        for line in tree.read(".git/job/output").lines() {
            let (name, value) = line.split_once('=').unwrap();
            let name = format!("steps.{}.outputs.{name}", step.id);
            context.insert(name, value.to_owned());
        }
        ran.push((step.name, result));
    }
    (ran, context)
}

fn names(ran: &[(String, Ran)]) -> Vec<&str> {
    ran.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn the_action_plans_comments_and_applies_the_reviewed_plan() {
    let files = [("syncs/payments.yaml", &*payments(&[("web", "")]))];
    let (tree, host, server) = (Tree::new(&files), CodeHost::new(), Server::new(&world()));
    let in_pull_request = |script: Script| host.in_pull_request(&tree, script.on(&server));
    let inputs = [
        ("command", "plan"),
        ("arguments", "--target\nweb"),
        ("comment-key", "eu"),
    ];
    let (ran, context) = play(&tree, &inputs, in_pull_request);
    assert_eq!(names(&ran), ["Install secsync", "Run secsync", "Comment"]);
    assert!(
        ran.iter().all(|(_, ran)| ran.code == Some(0)),
        "{}",
        ran[1].1
    );
    assert!(
        host.comment_of_bot()
            .starts_with("<!-- secsync:pull-request eu -->")
    );
    assert_eq!(context["steps.run.outputs.changes"], "true");

    // What the step with actions/upload-artifact keeps.
    let results = context["steps.run.outputs.results"].clone();
    let read = |name: &str| std::fs::read_to_string(format!("{results}/{name}")).unwrap();
    let (plan, digest) = (read("plan.json"), read("digest"));
    host.content().runs = vec![run(10)];
    let archive = zip(&[("plan.json", &plan), ("digest", &digest)]);
    host.content()
        .artifacts
        .insert(5, ("secsync-plan", archive));

    let after_merge = |script: Script| host.after_merge(&tree, script.on(&server));
    let inputs = [
        ("command", "apply"),
        ("plan-workflow", "secsync-plan.yml"),
        ("arguments", "--wait"),
        ("comment-key", "eu"),
    ];
    let (ran, context) = play(&tree, &inputs, after_merge);
    let steps = [
        "Install secsync",
        "Get the plan that was reviewed",
        "Run secsync",
        "Comment",
    ];
    assert_eq!(names(&ran), steps);
    assert!(
        ran.iter().all(|(_, ran)| ran.code == Some(0)),
        "{}",
        ran[2].1
    );
    assert_eq!(context["steps.run.outputs.digest"], digest.trim());
    assert_eq!(context["steps.run.outputs.add"], "1");
    let text = host.comment_of_bot();
    assert!(text.contains("Apply complete!"), "{text}");
    assert!(
        text.contains("<summary>The plan that was applied</summary>"),
        "{text}"
    );

    // A plan that nobody reviewed is not looked for elsewhere.
    host.content().runs[0]["head_sha"] = "another".into();
    let (ran, _) = play(&tree, &inputs, after_merge);
    assert_eq!(names(&ran), steps[..2]);
    assert!(ran[1].1.stdout.contains(HEAD));
}

#[test]
fn the_action_comments_a_failure_and_can_do_without_comments() {
    let files = [("syncs/payments.yaml", "syncs: { web: { nonsense: 1 } }")];
    let (tree, host, server) = (Tree::new(&files), CodeHost::new(), Server::new(&world()));
    let in_pull_request = |script: Script| host.in_pull_request(&tree, script.on(&server));
    let (ran, context) = play(&tree, &[("command", "plan")], in_pull_request);
    assert_eq!(names(&ran), ["Install secsync", "Run secsync", "Comment"]);
    assert_eq!(ran[1].1.code, Some(3));
    assert_eq!(context["steps.run.outputs.exit-code"], "3");
    assert!(host.comment_of_bot().contains("### Findings"));
    let inputs = [("command", "validate"), ("comment", "false")];
    let (ran, _) = play(&tree, &inputs, in_pull_request);
    assert_eq!(names(&ran), ["Install secsync", "Run secsync"]);
}

#[test]
fn the_action_installs_the_release_of_its_own_repository_or_of_another_place() {
    let (steps, _) = action();
    let (_, url) = &steps[0].environment[2];
    let mut context = Context::from([
        ("inputs.version".to_owned(), "1.2.3".to_owned()),
        (
            "github.server_url".to_owned(),
            "https://github.com".to_owned(),
        ),
        (
            "github.action_repository".to_owned(),
            "acme/secsync".to_owned(),
        ),
    ]);
    assert_eq!(
        filled(url, &context),
        "https://github.com/acme/secsync/releases/download/v{version}/secsync-{version}-{target}.tar.gz"
    );
    context.insert("inputs.url".to_owned(), "file:///a".to_owned());
    assert_eq!(filled(url, &context), "file:///a");
    context.remove("inputs.version");
    assert_eq!(filled(url, &context), "");
}
