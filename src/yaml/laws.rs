//! What holds for every text and every value.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::{Parsed, load, to_string};
use crate::core::sources::Sources;
use crate::core::span::Span;
use crate::core::text::is_invisible;
use crate::core::value::{Node, Value};

fn read(text: &str) -> Parsed {
    load(Sources::default().add("test.yaml", text), text)
}

fn check_span(text: &str, span: Span) {
    assert!(
        text.get(span.start..span.end).is_some(),
        "{span:?} is no part of {text:?}"
    );
}

/// `within` is `None` inside a copy, whose parts are where the anchor is.
fn check_node(text: &str, node: &Node, within: Option<Span>) {
    check_span(text, node.span);
    if let Some(within) = within {
        assert!(
            within.start <= node.span.start && node.span.end <= within.end,
            "{node:?} is outside of its parent in {text:?}"
        );
    }
    let is_alias = text[node.span.start..].starts_with('*');
    let within = within.and((!is_alias).then_some(node.span));
    match &node.value {
        Value::Sequence(items) => {
            for item in items {
                check_node(text, item, within);
            }
        }
        Value::Mapping(mapping) => {
            for (at, entry) in mapping.entries().iter().enumerate() {
                check_span(text, entry.key_span);
                check_node(text, &entry.value, within);
                assert!(
                    mapping.entries()[..at]
                        .iter()
                        .all(|other| other.key != entry.key),
                    "the key {:?} is there twice",
                    entry.key
                );
            }
        }
        _ => {}
    }
}

fn check(text: &str) {
    let loaded = read(text);
    for document in &loaded.documents {
        check_node(text, document, Some(document.span));
    }
    for comment in &loaded.comments {
        check_span(text, comment.span);
    }
    for diagnostic in &loaded.diagnostics {
        assert!(!diagnostic.labels.is_empty());
        for label in &diagnostic.labels {
            check_span(text, label.span);
        }
    }
}

/// Text that is made of what YAML has a meaning for.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            " ",
            "  ",
            "    ",
            "\n",
            "\r\n",
            "\r",
            "\t",
            ": ",
            ":",
            "- ",
            "-",
            "? ",
            "[",
            "]",
            "{",
            "}",
            ",",
            "#",
            " # ",
            "&a ",
            "*a ",
            "&b ",
            "*b",
            "!",
            "!!str ",
            "!!int ",
            "!x ",
            "'",
            "\"",
            "|\n",
            ">-\n",
            "|2\n",
            "---\n",
            "...\n",
            "--- ",
            "%YAML 1.2\n",
            "%TAG ! x\n",
            "{{",
            "}}",
            "${",
            "${var.A}",
            "<<",
            "~",
            "a",
            "b: ",
            "é",
            "😀",
            "\u{feff}",
            "\u{85}",
            "\u{2028}",
            "\\",
            "\\u",
            "010",
            "1e400",
            ".inf",
            "@",
            "`",
            "\0",
            "\u{7f}",
        ])
        .prop_map(str::to_owned),
        "\\PC{1,4}",
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

const SAMPLE: &str = "# é\nversion: 1\nprovider: infisical\ndefaults: &d\n  environment: prod\nsyncs:\n  a-b: # c\n    destination: humanitec\n    syncOptions: {keySchema: \"P_{{secretKey}}\", x: [1, 2.5, ~]}\n    list:\n    - a: 1\n      b: |\n        text ü\n\n    - - *d\n      - 'it''s'\n    destinationConfig: *d\n---\n? k\n: ${var.A}\n";

/// A real file with one piece replaced by another.
fn mutated() -> impl Strategy<Value = String> {
    (
        any::<proptest::sample::Index>(),
        0_usize..12,
        prop_oneof![soup(), Just(String::new())],
    )
        .prop_map(|(at, length, with)| {
            let boundaries: Vec<usize> = SAMPLE
                .char_indices()
                .map(|(at, _)| at)
                .chain([SAMPLE.len()])
                .collect();
            let first = at.index(boundaries.len());
            let last = (first + length).min(boundaries.len() - 1);
            format!(
                "{}{with}{}",
                &SAMPLE[..boundaries[first]],
                &SAMPLE[boundaries[last]..]
            )
        })
}

/// Strings with a bias to those that YAML could misread.
fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,8}",
        "\\PC{0,12}",
        any::<String>(),
        soup(),
        proptest::sample::select(vec![
            "no",
            "on",
            "010",
            "1e3",
            "~",
            "null",
            "2024-01-01",
            "12:30",
            "1_000",
            "0x1F",
            "0o7",
            ".inf",
            ".NaN",
            "<<",
            "=",
            "{{x}}",
            "P_{{x}}",
            "${var.A}",
            "a: b",
            "a #b",
            "- a",
            "a\nb",
            "a\n\n",
            " a",
            "a ",
            "\n",
            "---",
            "",
            "a\u{202e}b",
            "a\n\u{200b}\n",
            "\u{e0041}",
            "\"\u{feff}\u{e0001}",
            "\\\u{2066}\"",
            "{{x\u{ad}}}",
        ])
        .prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        string().prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            proptest::collection::vec((string(), inner), 0..6)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

fn read_back(text: &str) -> Json {
    let loaded = read(text);
    assert_eq!(loaded.diagnostics, [], "{text}");
    assert_eq!(loaded.documents.len(), 1, "{text}");
    loaded.documents[0].to_json()
}

/// The keys of all maps, in their order: equality of JSON maps does not look at it.
fn key_order(value: &Json) -> Vec<&str> {
    match value {
        Json::Array(items) => items.iter().flat_map(key_order).collect(),
        Json::Object(entries) => entries
            .iter()
            .flat_map(|(key, value)| std::iter::once(key.as_str()).chain(key_order(value)))
            .collect(),
        _ => Vec::new(),
    }
}

proptest! {
    #[test]
    fn no_soup_breaks_the_loader_or_its_places(text in soup()) {
        check(&text);
    }

    #[test]
    fn no_string_breaks_the_loader_or_its_places(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn no_change_to_a_file_breaks_the_loader_or_its_places(text in mutated()) {
        check(&text);
    }

    #[test]
    fn what_is_written_is_read_back(value in value()) {
        let text = to_string(&value);
        let is_seen = |c: char| matches!(c, '\n' | '\t') || !is_invisible(c);
        prop_assert!(text.chars().all(is_seen), "{text:?}");
        let back = read_back(&text);
        prop_assert_eq!(&back, &value, "{}", text);
        prop_assert_eq!(key_order(&back), key_order(&value));
    }

    #[test]
    fn what_the_plain_serializer_writes_is_read_back(value in value()) {
        let text = serde_yaml::to_string(&value).unwrap();
        prop_assert_eq!(read_back(&text), value, "{}", text);
    }

    #[test]
    fn json_is_yaml(value in value()) {
        prop_assert_eq!(read_back(&value.to_string()), value.clone());
        prop_assert_eq!(read_back(&format!("{value:#}")), value);
    }
}
