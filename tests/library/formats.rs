//! No text from a file or a server breaks out of the format that it is printed in.
//!
//! A review is made twice, once with hostile texts and once with harmless ones. What a reader of
//! the format sees as its structure must be the same.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;
use pulldown_cmark::{Event, Options, Parser, Tag};
use regex::Regex;
use secsync::core::code::Code;
use secsync::core::diagnostic::Diagnostic;
use secsync::core::problem::Problem;
use secsync::core::sources::Sources;
use secsync::core::span::Span;
use secsync::provider::codes;
use secsync::render::review::{Flow, Group, Item, Review, Risk, Verdict, remote_and_declared};
use secsync::render::{github, html, junit, markdown, sarif, unified};
use serde_json::{Value, json};

/// What would become a link, or notify a person.
static MENTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"@\w|#\d|(^|[^\\])(https?://|www\.)").unwrap());
static TAG: LazyLock<Regex> = LazyLock::new(|| Regex::new("<[^>]*>").unwrap());
static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    let properties = "((file|line|endLine|col|endColumn|title)=[^,:]*,?)+";
    Regex::new(&format!("^::(error|warning|notice) {properties}::.*$")).unwrap()
});
static SARIF: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| jsonschema::validator_for(&sarif_shape()).unwrap());

/// What a hostile text is made of.
const PIECES: [&str; 40] = [
    "\n",
    "\r\n",
    "::",
    "::error file=x::",
    "%0A",
    "%",
    "-->",
    "<!--",
    "<script>",
    "</script>",
    "</details>",
    "<img src=x onerror=y>",
    "]]>",
    "&lt;",
    "&",
    "\"",
    "'",
    "`",
    "```",
    "````",
    "|",
    "~~~",
    "](https://evil.example)",
    "[a",
    "![",
    "@octocat",
    "#1",
    "https://evil.example",
    "www.evil.example",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{2066}",
    "\u{2028}",
    "\u{fffe}",
    "# ",
    "- ",
    "1. ",
    "* * *",
    "+++ b/x",
    "word",
];

fn hostile() -> impl Strategy<Value = String> {
    // It ends with a word, because an empty text makes no line at all.
    prop::collection::vec(select(PIECES.to_vec()), 0..7).prop_map(|pieces| pieces.concat() + "word")
}

/// The texts of a review.
#[derive(Debug, Clone)]
struct Texts {
    message: String,
    name: String,
    file: String,
    value: String,
}

fn texts() -> impl Strategy<Value = Texts> {
    (hostile(), hostile(), hostile(), hostile()).prop_map(|(message, name, file, value)| Texts {
        message,
        name,
        file,
        value,
    })
}

fn harmless() -> Texts {
    let word = || "word".to_owned();
    Texts {
        message: word(),
        name: word(),
        file: word(),
        value: word(),
    }
}

/// A review with the texts everywhere, shown by a format.
fn shown(texts: &Texts, format: fn(&Review<'_>) -> String) -> String {
    let mut sources = Sources::default();
    let source = sources.add(format!("a{}.yaml", texts.file), "syncs:\n  a: 1\n");
    let span = Span::new(source, 7, 8);
    let findings = [
        Diagnostic::new(Code::WrongValue, span, &texts.message)
            .help(&texts.value)
            .sync(&texts.name)
            .also(span, &texts.message),
        Diagnostic::about_file(
            Code::NotUtf8,
            format!("b{}", texts.file),
            "`".to_owned() + &texts.message,
        ),
    ];
    let problems = [Problem {
        message: texts.message.clone(),
        help: Some(texts.value.clone()),
    }];
    let item = |word, verdict| Item {
        sign: "~",
        word,
        address: format!("infisical/{}", texts.name),
        destination: texts.name.clone(),
        what: format!("will be renamed from {}", texts.name),
        place: Some(span),
        warnings: vec![texts.message.clone()],
        notes: vec![texts.message.clone()],
        hints: vec![texts.message.clone()],
        deleted: Some(texts.value.clone()),
        diff: String::new(),
        verdict,
        flow: Some(Flow {
            source: texts.value.clone(),
            target: texts.message.clone(),
            place: texts.value.clone(),
            name: texts.name.clone(),
            risk: Risk::DeletesSecrets,
        }),
    };
    format(&Review {
        command: "plan",
        is_sandbox: true,
        findings: &findings,
        sources: &sources,
        problems: &problems,
        files: vec![sources.get(source).name.as_str()],
        exit_code: 1,
        headline: Some(texts.message.clone()),
        facts: vec![texts.message.clone()],
        items: vec![
            item("update", Verdict::Good),
            item("update", Verdict::Differs),
            item("update", Verdict::Blocked(texts.message.clone())),
            item("update", Verdict::Skipped(texts.message.clone())),
            item("update", Verdict::Failed(texts.value.clone())),
            item("update", Verdict::Unknown(texts.value.clone())),
        ],
        groups: vec![Group {
            place: Some(span),
            items: vec![0, 1],
            diff: String::new(),
        }],
        notes: vec![texts.message.clone()],
        sides: [texts.value.clone(), "declared".to_owned()],
        checkout: None,
        code_host: None,
        longest_comment: 65_536,
    })
}

/// What a reader of Markdown takes for structure: everything but texts, code and line breaks.
fn markdown_structure(text: &str) -> Vec<String> {
    let mut structure = Vec::new();
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Text(text) => {
                // A block of code is shown as it is.
                assert!(
                    structure
                        .last()
                        .is_some_and(|last: &String| last.contains("CodeBlock"))
                        || !MENTION.is_match(&text),
                    "{text}"
                );
            }
            Event::Code(_) | Event::SoftBreak => {}
            Event::InlineHtml(html) if ["<br>", "<!-- -->"].contains(&&*html) => {}
            Event::Start(tag @ (Tag::Link { .. } | Tag::Image { .. })) => panic!("{tag:?}"),
            other => structure.push(format!("{other:?}")),
        }
    }
    structure
}

fn tags(text: &str) -> Vec<String> {
    TAG.find_iter(text)
        .map(|tag| tag.as_str().to_owned())
        .collect()
}

/// Neither control characters nor invisible ones.
fn assert_visible(text: &str) {
    let hidden = |character: char| {
        character.is_control() && character != '\n'
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}')
    };
    assert!(!text.contains(hidden), "{text:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_text_changes_the_structure_of_markdown(texts in texts()) {
        let text = shown(&texts, markdown::text);
        assert_visible(&text);
        assert!(text.starts_with("<!-- secsync:plan -->\n"));
        assert_eq!(markdown_structure(&text), markdown_structure(&shown(&harmless(), markdown::text)), "{text}");
    }

    #[test]
    fn no_text_is_a_tag_of_html(texts in texts()) {
        let text = shown(&texts, html::text);
        assert_visible(&text);
        // What is quoted is code, wherever it is.
        let structure = |text: &str| -> Vec<String> {
            tags(text).into_iter().filter(|tag| !["<code>", "</code>"].contains(&tag.as_str())).collect()
        };
        assert_eq!(structure(&text), structure(&shown(&harmless(), html::text)), "{text}");
        assert_eq!(text.matches("<code>").count(), text.matches("</code>").count());
        assert_eq!(text.matches("<script").count(), 1);
    }

    #[test]
    fn no_text_is_a_command_to_the_runner(texts in texts()) {
        let text = shown(&texts, github::text);
        assert_visible(&text);
        assert!(text.lines().all(|line| COMMAND.is_match(line)), "{text}");
        assert_eq!(text.lines().count(), shown(&harmless(), github::text).lines().count());
    }

    #[test]
    fn every_text_of_a_test_report_is_text(texts in texts()) {
        let text = shown(&texts, junit::text);
        assert_visible(&text);
        let structure = |text: &str| -> Vec<String> {
            let document = roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
            document
                .descendants()
                .filter(roxmltree::Node::is_element)
                .map(|node| {
                    let attributes: Vec<_> = node.attributes().map(|attribute| attribute.name()).collect();
                    format!("{} {attributes:?}", node.tag_name().name())
                })
                .collect()
        };
        assert_eq!(structure(&text), structure(&shown(&harmless(), junit::text)));
    }

    #[test]
    fn every_text_of_sarif_is_a_string(texts in texts()) {
        let text = shown(&texts, sarif::text);
        assert_visible(&text);
        let log: Value = serde_json::from_str(&text).unwrap();
        assert!(SARIF.is_valid(&log), "{text}");
        assert!(!log["runs"][0]["results"].to_string().contains("]("));
    }

    #[test]
    fn no_text_is_a_line_of_a_diff(texts in texts()) {
        let text = shown(&texts, unified::text);
        assert_visible(&text);
        assert!(text.lines().all(|line| line.starts_with("# ")), "{text}");
    }
}

/// What SARIF 2.1.0 asks of the parts that are written.
fn sarif_shape() -> Value {
    let message =
        json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}});
    let line = json!({"type": "integer", "minimum": 1});
    let location = json!({
        "type": "object", "required": ["physicalLocation"],
        "properties": {"message": message, "physicalLocation": {
            "type": "object", "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {"type": "object", "required": ["uri"], "properties": {
                    "uri": {"type": "string", "pattern": "^[A-Za-z0-9._~/%:-]+$"},
                }},
                "region": {"type": "object", "required": ["startLine"], "properties": {
                    "startLine": line, "startColumn": line, "endLine": line, "endColumn": line,
                }},
            },
        }},
    });
    let level = json!({"enum": ["none", "note", "warning", "error"]});
    json!({
        "type": "object", "required": ["version", "runs"],
        "properties": {
            "$schema": {"type": "string", "format": "uri"},
            "version": {"const": "2.1.0"},
            "runs": {"type": "array", "minItems": 1, "items": {
                "type": "object", "required": ["tool", "results"],
                "additionalProperties": false,
                "properties": {
                    "tool": {"type": "object", "required": ["driver"], "properties": {"driver": {
                        "type": "object", "required": ["name"], "properties": {
                            "name": {"type": "string"},
                            "informationUri": {"type": "string", "format": "uri"},
                            "rules": {"type": "array", "uniqueItems": true, "items": {
                                "type": "object", "required": ["id"], "properties": {
                                    "id": {"type": "string"},
                                    "shortDescription": message,
                                    "fullDescription": message,
                                    "help": message,
                                    "defaultConfiguration": {"properties": {"level": level}},
                                },
                            }},
                        },
                    }}},
                    "automationDetails": {"type": "object", "required": ["id"]},
                    "invocations": {"type": "array", "items": {
                        "type": "object", "required": ["executionSuccessful"], "properties": {
                            "executionSuccessful": {"type": "boolean"},
                            "exitCode": {"type": "integer"},
                            "toolExecutionNotifications": {"type": "array", "items": {
                                "type": "object", "required": ["message"], "properties": {"message": message, "level": level},
                            }},
                        },
                    }},
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {"type": "array", "items": {
                        "type": "object", "required": ["message"],
                        "additionalProperties": false,
                        "properties": {
                            "ruleId": {"type": "string"},
                            "ruleIndex": {"type": "integer", "minimum": 0},
                            "level": level,
                            "message": message,
                            "locations": {"type": "array", "items": location},
                            "relatedLocations": {"type": "array", "items": location},
                        },
                    }},
                },
            }},
        },
    })
}

#[test]
fn every_rule_of_sarif_has_its_page_as_help() {
    let log: Value = serde_json::from_str(&shown(&harmless(), sarif::text)).unwrap();
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 2);
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let code = codes::find(result["ruleId"].as_str().unwrap()).unwrap();
        assert_eq!(rules[index]["help"]["markdown"], code.page());
    }
}

#[test]
fn a_comment_stays_within_the_limit_and_says_what_it_leaves_out() {
    let sources = Sources::default();
    let of = |count: usize, size: usize| {
        let items = (0..count)
            .map(|index| Item {
                sign: "+",
                word: "create",
                address: format!("infisical/payments/app-{index}"),
                destination: "humanitec".to_owned(),
                what: "will be created".to_owned(),
                place: None,
                warnings: vec!["It deletes.".to_owned()],
                notes: Vec::new(),
                hints: Vec::new(),
                deleted: None,
                diff: format!("+description: {}\n", "ü".repeat(size)),
                verdict: Verdict::Good,
                flow: Some(Flow {
                    source: "payments prod /".to_owned(),
                    target: format!("humanitec {index}"),
                    place: format!("humanitec {index}"),
                    name: format!("app-{index}"),
                    risk: Risk::Low,
                }),
            })
            .collect();
        markdown::text(&Review {
            command: "plan",
            is_sandbox: false,
            findings: &[],
            sources: &sources,
            problems: &[],
            files: Vec::new(),
            exit_code: 0,
            headline: Some(format!("Plan: {count} to add.")),
            facts: Vec::new(),
            items,
            groups: Vec::new(),
            notes: Vec::new(),
            sides: remote_and_declared(),
            checkout: None,
            code_host: None,
            longest_comment: 65_536,
        })
    };
    let whole = of(20, 100);
    assert!(!whole.contains("Not shown"), "{whole}");
    assert_eq!(whole.matches("-->|").count(), 20, "{whole}");
    let most = of(41, 10);
    assert_eq!(most.matches("-->|").count(), 40, "{most}");
    assert!(most.contains("The graph leaves out 1 sync."), "{most}");
    for (count, size, reported) in [
        (400, 100, "syncs' details"),
        (1, 70_000, "1 of 1 syncs' details"),
        (5_000, 10, "of 5000 syncs"),
    ] {
        let comment = of(count, size);
        assert!(comment.len() <= 65_536, "{} bytes", comment.len());
        let end = comment.lines().last().unwrap();
        assert!(
            end.starts_with("**Not shown: ") && end.contains(reported),
            "{end}"
        );
        assert!(comment.contains("This deletes or overwrites secrets"));
        // The graph is the last thing to go.
        assert_eq!(comment.matches("-->|").count(), count.min(40), "{comment}");
        // What is folded is unfolded again.
        assert_eq!(
            comment.matches("<details").count(),
            comment.matches("</details>").count()
        );
        assert_eq!(comment.matches("```").count() % 2, 0);
    }
}
