//! `show`: saved plans in every format, several of them in one document.

use super::harness::{Output, Server, Tree, payments, world};
use serde_json::json;

/// A plan of each of two projects' files, in `a.json` and `b.json`.
fn two_plans() -> Tree {
    let server = Server::new(&world());
    let tree = Tree::new(&[]);
    let saves = |syncs: &[(&str, &str)], file: &str| {
        tree.write("syncs/payments.yaml", payments(syncs));
        tree.secsync(&format!("plan syncs --out {file}"))
            .on(&server)
            .run()
            .exits_with(0);
    };
    saves(
        &[
            ("zoo", ""),
            (
                "api",
                "syncOptions: { disableSecretDeletion: false }\nsecretPath: /api",
            ),
        ],
        "a.json",
    );
    saves(&[("web", "secretPath: /web")], "b.json");
    tree
}

fn show(tree: &Tree, arguments: &str) -> Output {
    tree.secsync(&format!("show {arguments}")).run()
}

fn shown(output: &Output) -> String {
    let digest = regex::Regex::new("sha256:[0-9a-f]{64}").unwrap();
    let text = output.harmless(&output.stdout);
    digest.replace_all(&text, "sha256:[DIGEST]").into_owned()
}

#[test]
fn several_plans_are_one_document_in_every_format() {
    let tree = two_plans();
    let of =
        |format: &str| shown(&show(&tree, &format!("a.json b.json -o {format}")).exits_with(0));
    for format in [
        "human", "unified", "markdown", "html", "sarif", "github", "junit",
    ] {
        let text = of(format);
        // Code scanning and test reports have no sentence for the result.
        let has_headline = !matches!(format, "sarif" | "junit");
        assert_eq!(text.contains("Plan: 3 to add"), has_headline, "{text}");
        assert_eq!(text.matches("sha256:[DIGEST]").count(), 2, "{text}");
    }
    let document = show(&tree, "b.json a.json -o json").json();
    assert_eq!(document["summary"]["add"], 3);
    let names: Vec<&str> = document["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| action["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["api", "web", "zoo"]);
    assert_eq!(
        document["actions"][0]["place"]["file"],
        "syncs/payments.yaml"
    );
    let digest = |file: &str| -> serde_json::Value {
        serde_json::from_str::<serde_json::Value>(&tree.read(file)).unwrap()["digest"].clone()
    };
    for (index, file) in ["b.json", "a.json"].into_iter().enumerate() {
        assert_eq!(
            document["plans"][index]["planFile"],
            json!({"file": file, "digest": digest(file)})
        );
    }
}

#[test]
fn what_was_found_when_a_plan_was_made_is_shown_with_it() {
    let server = Server::new(&world());
    let deletes = "syncOptions: { disableSecretDeletion: false }";
    let syncs = payments(&[("api", deletes), ("web", "")]);
    let tree = Tree::new(&[("infra/syncs/payments.yaml", &syncs)]);
    for name in ["api", "web"] {
        tree.secsync(&format!("plan --target {name} --out ../{name}.json"))
            .inside("infra")
            .on(&server)
            .run()
            .exits_with(0);
    }
    // The files are not read again.
    std::fs::remove_dir_all(tree.root().join("infra")).unwrap();
    insta::assert_snapshot!(show(&tree, "api.json").exits_with(0).stderr, @"
    same-destination

      ⚠ `infisical/payments/api` and `infisical/payments/web` push to the same destination through the same connection, and their keys can meet: `infisical/payments/api` deletes the secrets of `infisical/payments/web` at each sync.
      help: Give each its own `keySchema`, such as `A_{{secretKey}}` and `B_{{secretKey}}`; or set `disableSecretDeletion: true` on each; or choose different destinations.
            `api` deletes what it does not know: syncs/payments.yaml:11:3
            `web` deletes nothing: syncs/payments.yaml:13:3

    Found 1 warning.
    Run `secsync explain same-destination` to see why it matters and how to fix it.
    ");
    for format in ["json", "markdown", "html", "sarif", "github", "junit"] {
        let shown = show(&tree, &format!("api.json web.json -o {format}")).exits_with(0);
        let found = "push to the same destination through the same connection";
        assert_eq!(shown.stdout.matches(found).count(), 1, "{shown}");
    }
    let document = show(&tree, "api.json web.json -o json").json();
    let found = &document["diagnostics"][0];
    assert_eq!(found["code"], "same-destination");
    assert_eq!(found["places"][0]["file"], "syncs/payments.yaml");
    assert_eq!(found["places"][1]["line"], 13);
    // It is part of what the digest is of.
    let edited = tree
        .read("api.json")
        .replace("through the same connection", "by chance");
    tree.write("edited.json", edited);
    let refused = show(&tree, "edited.json").exits_with(1);
    assert!(
        refused.stderr.contains("is damaged or was edited"),
        "{refused}"
    );
    // What is applied is the same as before, and it was for those who made the plan.
    let applied = tree
        .secsync("apply api.json --auto-approve")
        .on(&server)
        .run()
        .exits_with(0);
    assert!(!applied.stderr.contains("same-destination"), "{applied}");
}

#[test]
fn plans_that_cannot_be_one_document_are_named() {
    let server = Server::new(&world());
    let tree = Tree::new(&[]);
    let saves = |syncs: &[(&str, &str)], server: &Server, file: &str| {
        tree.write("syncs/payments.yaml", payments(syncs));
        tree.secsync(&format!("plan syncs --out {file}"))
            .on(server)
            .run()
            .exits_with(0);
    };
    saves(&[("api", ""), ("zoo", "")], &server, "a.json");
    saves(&[("web", "")], &server, "b.json");
    saves(&[("web", "secretPath: /other")], &server, "c.json");
    saves(&[("bee", "")], &Server::new(&world()), "elsewhere.json");
    tree.secsync("plan syncs --sandbox --out sandbox.json")
        .run()
        .exits_with(0);
    tree.write("copy.json", tree.read("a.json"));
    for (files, message) in [
        (
            "a.json b.json c.json",
            "Both b.json and c.json plan infisical/payments/web.",
        ),
        (
            "a.json copy.json",
            "a.json and copy.json are the same plan.",
        ),
        (
            "a.json sandbox.json",
            "The plan sandbox.json was made in the sandbox, and a.json was not.",
        ),
        (
            "a.json b.json elsewhere.json",
            "The provider infisical is http://127.0.0.1:[PORT] in a.json, and \
             http://127.0.0.1:[PORT] in elsewhere.json.",
        ),
    ] {
        let refused = show(&tree, files).exits_with(64);
        assert!(shown_problem(&refused).contains(message), "{refused}");
        // Every format has the reason.
        let comment = show(&tree, &format!("{files} -o markdown")).exits_with(64);
        assert!(comment.stdout.contains("### Errors"), "{comment}");
    }
}

/// Its problems in one line.
fn shown_problem(output: &Output) -> String {
    let text = output.harmless(&output.stderr);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn syncs_link_to_their_lines_on_the_code_host() {
    let tree = two_plans();
    let sha = "0123456789abcdef0123456789abcdef01234567";
    let on_github = |repository: &str| {
        let run = tree
            .secsync("show b.json -o markdown")
            .variable("GITHUB_SERVER_URL", "https://github.com")
            .variable("GITHUB_REPOSITORY", repository)
            .variable("GITHUB_SHA", sha);
        run.run().exits_with(0).stdout
    };
    let page = format!("https://github.com/acme/infra/blob/{sha}/syncs/payments.yaml#L11");
    let text = on_github("acme/infra");
    assert!(
        text.contains(&format!(
            "- `+` [`infisical/payments/web`]({page}) (`humanitec`)"
        )),
        "{text}"
    );
    assert!(
        text.contains(&format!(
            "Declared at [`syncs/payments.yaml:11:3`]({page})."
        )),
        "{text}"
    );
    assert!(!on_github("acme/infra) [x](https://evil.example").contains("](https://"));
}

#[test]
fn a_plan_names_its_files_from_the_root_of_the_repository() {
    let server = Server::new(&world());
    let tree = Tree::new(&[("infra/syncs/payments.yaml", &payments(&[("web", "")]))]);
    std::fs::create_dir(tree.root().join(".git")).unwrap();
    tree.secsync("plan syncs --out ../plan.json")
        .inside("infra")
        .on(&server)
        .run()
        .exits_with(0);
    let document = show(&tree, "plan.json -o json").json();
    let file = &document["actions"][0]["place"]["file"];
    assert_eq!(file, "infra/syncs/payments.yaml");
}

#[test]
fn a_comment_is_as_long_as_the_code_host_of_the_job_takes() {
    let names: Vec<String> = (0..500).map(|index| format!("web-{index}")).collect();
    let syncs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let tree = Tree::new(&[("syncs/payments.yaml", &payments(&syncs))]);
    tree.secsync("plan syncs --out plan.json")
        .on(&Server::new(&world()))
        .run()
        .exits_with(0);
    let comment = |variables: &[(&str, &str)]| {
        let run = tree.secsync("show plan.json -o markdown");
        let run = variables
            .iter()
            .fold(run, |run, (name, value)| run.variable(name, value));
        run.run().exits_with(0).stdout
    };
    let cut = |variables: &[(&str, &str)], longest: usize| {
        let text = comment(variables);
        let length = text.len();
        assert!(length <= longest && length > longest / 2, "{length}");
        let said = format!("A comment takes at most {longest} characters;");
        assert!(text.contains(&said), "{said}:\n{text}");
    };
    let github = [
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "acme/infra"),
    ];
    cut(&[], 65_536);
    cut(&github, 65_536);
    // Also if the variables name no page to link to.
    let bitbucket = [(
        "BITBUCKET_GIT_HTTP_ORIGIN",
        "http://bitbucket.org/acme/infra",
    )];
    cut(&bitbucket, 32_768);
    let whole = comment(&[("CI_PROJECT_URL", "https://gitlab.com/acme/infra")]);
    assert!(!whole.contains("Not shown"), "{whole}");
}
