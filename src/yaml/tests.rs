//! What loading holds, feature by feature.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::{Parsed, load};
use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::core::sources::Sources;
use crate::core::value::{Node, Style, Value};

fn read(text: &str) -> Parsed {
    load(Sources::default().add("test.yaml", text), text)
}

/// The documents' values; nothing may be wrong.
fn values(text: &str) -> Vec<Json> {
    let loaded = read(text);
    assert_eq!(loaded.diagnostics, [], "{text:?}");
    loaded.documents.iter().map(Node::to_json).collect()
}

fn value(text: &str) -> Json {
    let mut values = values(text);
    assert_eq!(values.len(), 1, "{text:?}");
    values.remove(0)
}

fn root(text: &str) -> Node {
    let mut documents = read(text).documents;
    assert_eq!(documents.len(), 1, "{text:?}");
    documents.remove(0)
}

/// Every finding as its code and the text that it points at.
fn findings(text: &str) -> Vec<(Code, &str)> {
    read(text)
        .diagnostics
        .iter()
        .map(|diagnostic| (diagnostic.code, pointed_at(text, diagnostic)))
        .collect()
}

fn only_finding(text: &str) -> Diagnostic {
    let mut diagnostics = read(text).diagnostics;
    assert_eq!(diagnostics.len(), 1, "{text:?}: {diagnostics:?}");
    diagnostics.remove(0)
}

fn pointed_at<'t>(text: &'t str, diagnostic: &Diagnostic) -> &'t str {
    let span = diagnostic.span().unwrap();
    &text[span.start..span.end]
}

/// Every key and value below a node as source text.
fn pieces<'t>(text: &'t str, node: &Node) -> Vec<&'t str> {
    let mut found = vec![&text[node.span.start..node.span.end]];
    match &node.value {
        Value::Sequence(items) => {
            found.extend(items.iter().flat_map(|item| pieces(text, item)));
        }
        Value::Mapping(mapping) => {
            for entry in mapping.entries() {
                found.push(&text[entry.key_span.start..entry.key_span.end]);
                found.extend(pieces(text, &entry.value));
            }
        }
        _ => {}
    }
    found
}

mod places {
    use super::*;

    #[test]
    fn spans_count_bytes_with_crlf_and_characters_of_several_bytes() {
        let text = "é: ü x # ö\r\nb:\r\n  c: [1, {d: 'é'}]\r\n  e: \"ß\"\r\n";
        assert_eq!(
            pieces(text, &root(text)),
            [
                "é: ü x # ö\r\nb:\r\n  c: [1, {d: 'é'}]\r\n  e: \"ß\"",
                "é",
                "ü x",
                "b",
                "c: [1, {d: 'é'}]\r\n  e: \"ß\"",
                "c",
                "[1, {d: 'é'}]",
                "1",
                "{d: 'é'}",
                "d",
                "'é'",
                "e",
                "\"ß\"",
            ]
        );
    }

    #[test]
    fn a_list_starts_at_its_first_dash_indented_or_not() {
        let text = "a:\n- - -1\nb: # - x\n  - y\nc: &anchor # - z\n- - 2\n";
        let root = root(text);
        let mapping = root.as_mapping().unwrap();
        let at = |key| {
            let span = mapping.get(key).unwrap().span;
            &text[span.start..span.end]
        };
        assert_eq!(at("a"), "- - -1");
        assert_eq!(at("b"), "- y");
        assert_eq!(at("c"), "- - 2");
    }

    #[test]
    fn a_block_of_nothing_but_blank_lines_is_where_it_was_written() {
        let text = "a: |+\n\n\nb: 1\n";
        assert_eq!(pieces(text, &root(text))[1..], ["a", "|", "b", "1"]);
        assert_eq!(value(text), json!({"a": "\n\n", "b": 1}));
    }

    #[test]
    fn a_block_of_text_spans_its_lines() {
        let text = "a: |\n  x\n\n  y\n\n\nb: >-\n  z\n";
        assert_eq!(pieces(text, &root(text))[1..], ["a", "x\n\n  y", "b", "z"]);
        assert_eq!(value(text), json!({"a": "x\n\ny\n", "b": "z"}));
    }

    #[test]
    fn an_absent_value_is_after_its_colon() {
        let text = "a:\nb : # c\n\"d\":\n- e:\n-\n";
        let root = root(text);
        let mapping = root.as_mapping().unwrap();
        let at = |key| mapping.get(key).unwrap().span;
        assert_eq!((at("a").start, at("a").end), (2, 2));
        assert_eq!((at("b").start, at("b").end), (6, 6));
        assert!(mapping.get("a").unwrap().is_null());
        let list = &text[at("d").start..];
        assert_eq!(list, "- e:\n-\n");
    }

    #[test]
    fn a_byte_order_mark_is_accepted_and_counted() {
        let text = "\u{feff}a: 1\n";
        assert_eq!(value(text), json!({"a": 1}));
        assert_eq!(pieces(text, &root(text)), ["a: 1", "a", "1"]);
    }

    #[test]
    fn comments_keep_their_places() {
        let text = "# é\na: 1 # secsync: allow(x) why\nb: '# no'\n  # c\n";
        let comments: Vec<_> = read(text)
            .comments
            .into_iter()
            .map(|comment| {
                let span = comment.span;
                assert_eq!(text[span.start + 1..span.end], comment.text);
                comment.text
            })
            .collect();
        assert_eq!(comments, [" é", " secsync: allow(x) why", " c"]);
    }

    #[test]
    fn a_thousand_comment_lines_before_a_key_are_comments() {
        let text = format!("a:\n{}  b: 1\n", "  # x\n".repeat(1_000));
        assert_eq!(value(&text), json!({"a": {"b": 1}}));
    }
}

mod scalars {
    use super::*;

    #[test]
    fn plain_words_are_typed_and_quoted_ones_are_strings() {
        let text = "[1, '1', \"1\", true, no, 2024-01-01, ~, '', ]";
        assert_eq!(
            value(text),
            json!([1, "1", "1", true, "no", "2024-01-01", null, ""])
        );
        let styles: Vec<_> = root(text)
            .as_sequence()
            .unwrap()
            .iter()
            .map(|item| item.style)
            .collect();
        assert_eq!(
            styles[..4],
            [Style::Plain, Style::Quoted, Style::Quoted, Style::Plain]
        );
        assert_eq!(root(text).style, Style::Collection);
        assert_eq!(root("|\n  1\n").style, Style::Quoted);
        assert_eq!(root(">\n  1\n").style, Style::Quoted);
    }

    #[test]
    fn a_leading_zero_is_pointed_out_and_read_as_decimal() {
        let text = "a: 010\nb: '010'\nc: 0\n010: d\n";
        assert_eq!(findings(text), [(Code::AmbiguousScalar, "010")]);
        let finding = only_finding(text);
        assert_eq!(finding.span().unwrap().start, 3);
        assert_eq!(
            finding.help.as_deref(),
            Some("Write `10` for the number, or \"010\" for the text.")
        );
        assert_eq!(
            root(text).to_json(),
            json!({"a": 10, "b": "010", "c": 0, "010": "d"})
        );
    }

    #[test]
    fn numbers_that_would_change_are_errors_and_the_rest_is_still_read() {
        let text = "a: 123456789012345678901\nb: .inf\nc: 1e999\nd: 1\nd: 2\n";
        assert_eq!(
            findings(text),
            [
                (Code::NumberNotExact, "123456789012345678901"),
                (Code::NumberNotExact, ".inf"),
                (Code::NumberNotExact, "1e999"),
                (Code::DuplicateKey, "d"),
            ]
        );
    }

    #[test]
    fn core_tags_are_honoured() {
        assert_eq!(
            value(
                "[!!str 1, !!int '2', !!float 3, !!bool true, !!null ~, !!map {a: 1}, !!seq [1], !!str ]"
            ),
            json!(["1", 2, 3.0, true, null, {"a": 1}, [1], ""])
        );
        assert_eq!(
            value("%TAG !y! tag:yaml.org,2002:\n---\n!y!str 1: !<tag:yaml.org,2002:str> 2\n"),
            json!({"1": "2"})
        );
    }

    #[test]
    fn foreign_tags_and_wrong_content_are_errors() {
        let text = "a: !foo b\nc: !!int x\nd: !!map [1]\ne: !!seq x\nf: !!binary aGk=\ng: !!str [1]\nh: !!set {a}\n!x i: 1\n!!bool j: 1\nk: ! l\n";
        assert_eq!(
            findings(text),
            [
                (Code::UnknownTag, "!foo"),
                (Code::WrongType, "!!int"),
                (Code::WrongType, "!!map"),
                (Code::WrongType, "!!seq"),
                (Code::UnknownTag, "!!binary"),
                (Code::WrongType, "!!str"),
                (Code::UnknownTag, "!!set"),
                (Code::UnknownTag, "!x"),
                (Code::WrongType, "!!bool"),
                (Code::UnknownTag, "!"),
            ]
        );
        assert_eq!(findings("!e!x a\n"), [(Code::UnknownTag, "!")]);
    }
}

mod keys {
    use super::*;

    #[test]
    fn keys_are_the_text_that_is_written() {
        assert_eq!(
            value("123: a\ntrue: b\n~: c\n0x1: d\n\"e\\n\": f\n'g': h\n? i\n: j\n1.0: k\n"),
            json!({"123": "a", "true": "b", "~": "c", "0x1": "d", "e\n": "f", "g": "h", "i": "j", "1.0": "k"})
        );
    }

    #[test]
    fn the_first_of_two_equal_keys_counts_and_both_are_shown() {
        let text = "a: 1\nb: {c: 2, \"c\": [3]}\na: {d: 4}\nA: 5\na: 6\n";
        let diagnostics = read(text).diagnostics;
        let places: Vec<_> = diagnostics
            .iter()
            .map(|diagnostic| {
                assert_eq!(diagnostic.code, Code::DuplicateKey);
                let starts: Vec<_> = diagnostic
                    .labels
                    .iter()
                    .map(|label| label.span.start)
                    .collect();
                starts
            })
            .collect();
        assert_eq!(places, [vec![15, 9], vec![25, 0], vec![40, 0]]);
        assert_eq!(root(text).to_json(), json!({"a": 1, "b": {"c": 2}, "A": 5}));
    }

    #[test]
    fn duplicates_are_found_among_many_keys() {
        let mut text = String::new();
        for number in 0..1_000 {
            writeln!(text, "key{}: {number}", number % 990).unwrap();
        }
        let loaded = read(&text);
        assert_eq!(loaded.diagnostics.len(), 10);
        let mapping = loaded.documents[0].as_mapping().unwrap();
        assert_eq!(mapping.len(), 990);
        assert_eq!(mapping.get("key5").unwrap().to_json(), json!(5));
    }

    #[test]
    fn rejects_collections_and_null_as_keys() {
        let text = "? [a, b]\n: 1\n? {c: d}\n: 2\n? - e\n: 3\n: 4\nf: 5\n";
        assert_eq!(
            findings(text),
            [
                (Code::InvalidKey, "[a, b]"),
                (Code::InvalidKey, "{c: d}"),
                (Code::InvalidKey, "- e"),
                (Code::InvalidKey, ":"),
            ]
        );
        assert_eq!(root(text).to_json(), json!({"f": 5}));
    }

    #[test]
    fn merge_keys_point_to_defaults() {
        let text = "base: &base {a: 1}\nx:\n  <<: *base\n  b: 2\ny: {'<<': 3}\n";
        let finding = only_finding(text);
        assert_eq!(finding.code, Code::MergeKey);
        assert_eq!(pointed_at(text, &finding), "<<");
        assert!(finding.help.unwrap().contains("`defaults:`"));
        assert_eq!(
            root(text).to_json(),
            json!({"base": {"a": 1}, "x": {"b": 2}, "y": {"<<": 3}})
        );
    }
}

mod aliases {
    use super::*;

    #[test]
    fn an_alias_is_a_copy() {
        assert_eq!(
            value("a: &x {b: &y [1, 2], c: &z 'q'}\nd: *x\ne: [*y, *z]\n&k f: *k\n*z : g\n"),
            json!({
                "a": {"b": [1, 2], "c": "q"},
                "d": {"b": [1, 2], "c": "q"},
                "e": [[1, 2], "q"],
                "f": "f",
                "q": "g",
            })
        );
    }

    #[test]
    fn an_alias_takes_the_latest_anchor_of_its_name_in_its_document() {
        assert_eq!(value("[&a 1, *a, &a 2, *a]"), json!([1, 1, 2, 2]));
        assert_eq!(
            findings("a: &a 1\n---\nb: *a\n"),
            [(Code::UnknownAlias, "*a")]
        );
    }

    #[test]
    fn a_copy_is_where_the_alias_is_and_its_parts_where_they_were() {
        let text = "a: &x [1]\nb: *x\n";
        assert_eq!(
            pieces(text, &root(text)),
            ["a: &x [1]\nb: *x", "a", "[1]", "1", "b", "*x", "1"]
        );
    }

    #[test]
    fn anchors_are_found_whatever_is_open_around_them() {
        assert_eq!(
            value("- - &a\n    - 1\n  - - *a\n    - &b {c: [*a]}\n- *b\n- *a\n"),
            json!([[[1], [[1], {"c": [[1]]}]], {"c": [[1]]}, [1]])
        );
    }

    #[test]
    fn unknown_and_cyclic_aliases_are_errors() {
        let text = "a: *nope\nb: &b [1, *b]\nc: &c {d: {e: *c}}\n*no : f\ng: *.yaml\n";
        assert_eq!(
            findings(text),
            [
                (Code::UnknownAlias, "*nope"),
                (Code::UnknownAlias, "*b"),
                (Code::UnknownAlias, "*c"),
                (Code::UnknownAlias, "*no"),
                (Code::UnknownAlias, "*.yaml"),
            ]
        );
        assert_eq!(findings("&a [*a]"), [(Code::UnknownAlias, "*a")]);
        assert_eq!(findings("a: &x [1]\n*x : b\n"), [(Code::InvalidKey, "*x")]);
    }

    #[test]
    fn an_anchor_in_a_refused_value_does_not_name_another_value() {
        let text = "a: 1\na: &x [2]\nb: [3]\nc: *x\n";
        assert_eq!(findings(text), [(Code::DuplicateKey, "a")]);
        assert_ne!(root(text).to_json()["c"], json!([3]));
    }

    #[test]
    fn aliases_that_explode_are_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..30 {
            let before = format!("*a{}, ", level - 1).repeat(10);
            writeln!(text, "a{level}: &a{level} [{before}]").unwrap();
        }
        text.push_str("---\nb: 1\n");
        let loaded = read(&text);
        assert_eq!(loaded.diagnostics.len(), 1);
        assert_eq!(loaded.diagnostics[0].code, Code::TooManyAliases);
        assert_eq!(loaded.documents.len(), 1);
        assert_eq!(loaded.documents[0].to_json(), json!({"b": 1}));
    }

    #[test]
    fn aliases_of_a_long_string_are_refused() {
        let text = format!(
            "a: &a {}\nb: [{}]\n",
            "x".repeat(100_000),
            "*a, ".repeat(1_000)
        );
        let codes: Vec<_> = read(&text).diagnostics.iter().map(|one| one.code).collect();
        assert_eq!(codes, [Code::TooManyAliases]);
    }

    #[test]
    fn aliases_cannot_nest_deeper_than_what_is_written() {
        let mut text = String::from("a0: &a0 [[[[[[[[x]]]]]]]]\n");
        for level in 1..10 {
            let before = level - 1;
            writeln!(text, "a{level}: &a{level} [[[[[[[*a{before}]]]]]]]").unwrap();
        }
        let codes: Vec<_> = read(&text).diagnostics.iter().map(|one| one.code).collect();
        assert_eq!(codes, [Code::TooDeep]);
    }
}

mod depth {
    use super::*;

    #[test]
    fn sixty_four_levels_are_read_and_one_more_is_not() {
        let nested = |levels: usize| format!("{}x{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(findings(&nested(64)), []);
        let text = nested(65);
        let finding = only_finding(&text);
        assert_eq!(finding.code, Code::TooDeep);
        assert_eq!(finding.span().unwrap().start, 64);
        assert_eq!(findings(&"- ".repeat(64)), []);
        assert_eq!(findings(&"- ".repeat(65)).len(), 1);
    }

    #[test]
    fn absurd_depths_are_refused() {
        let mut indented = String::new();
        for level in 0..1_000 {
            indented.push_str(&" ".repeat(level));
            indented.push_str("a:\n");
        }
        for text in [
            "[".repeat(20_000),
            "{".repeat(20_000),
            "[\n".repeat(20_000),
            "{a: ".repeat(20_000),
            "- ".repeat(20_000),
            "? ".repeat(20_000),
            format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)),
            indented,
        ] {
            let loaded = read(&text);
            let codes: Vec<_> = loaded.diagnostics.iter().map(|one| one.code).collect();
            assert_eq!(codes, [Code::TooDeep], "{}", &text[..8]);
            assert!(loaded.documents.is_empty());
        }
    }
}

mod syntax {
    use super::*;

    #[test]
    fn a_broken_document_does_not_hide_the_others() {
        let text = "a: [1\n---\nb: 1\nb: 2\n---\nc: 'x\n---\nd: 3\n";
        assert_eq!(
            findings(text)
                .iter()
                .map(|(code, _)| *code)
                .collect::<Vec<_>>(),
            [Code::YamlSyntax, Code::DuplicateKey, Code::YamlSyntax]
        );
        let documents: Vec<_> = read(text).documents.iter().map(Node::to_json).collect();
        assert_eq!(documents, [json!({"b": 1}), json!({"d": 3})]);
    }

    #[test]
    fn documents_can_be_empty() {
        assert_eq!(values(""), Vec::<Json>::new());
        assert_eq!(values("# only a comment\n"), Vec::<Json>::new());
        assert_eq!(
            values("---\n---\na: 1\n...\n"),
            [Json::Null, json!({"a": 1})]
        );
    }

    #[test]
    fn tabs_for_indentation_are_shown() {
        for (text, at) in [
            ("a:\n\tb: c\n", 3),
            ("a: 1\n\tb: 2\n", 5),
            ("a:\n  b: 1\n\tc: 2\n", 10),
            ("a:\n  b: 1\n  \tc: 2\n", 12),
            ("a:\r\n\t- b\r\n", 4),
            ("a: |\n\tb\n", 5),
        ] {
            let finding = only_finding(text);
            assert_eq!(finding.code, Code::TabIndentation, "{text:?}: {finding:?}");
            let span = finding.span().unwrap();
            assert_eq!((span.start, span.end), (at, at + 1), "{text:?}");
        }
        assert_eq!(value("a:\t1\t# b\n"), json!({"a": 1}));
    }

    #[test]
    fn an_error_inside_of_brackets_shows_where_they_were_opened() {
        let finding = only_finding("a: [1,\n  2 {b}]\n");
        let places: Vec<_> = finding
            .labels
            .iter()
            .map(|label| label.span.start)
            .collect();
        assert_eq!(places, [11, 3]);
    }

    #[test]
    fn errors_have_words_and_places() {
        for (text, at, words) in [
            ("a: b\nc\nd: e\n", 5, "A key is not followed by `:`."),
            ("a: b: c\n", 4, "A `:` starts a value here"),
            ("a: @b\n", 3, "A value cannot start with `@`."),
            ("é: [1, 2\n", 4, "The `[` is not closed."),
            ("a: \"b\n", 3, "A quoted string is not closed."),
            ("a: \"b\" c\n", 7, "There is text after the closing quote."),
            ("a: \"\\q\"\n", 3, "A backslash in double quotes"),
            (
                "a: b\n c: d\n",
                7,
                "This line is read as a part of the value above",
            ),
            (
                "a:b\nc: d\n",
                5,
                "This line is read as a part of the value above",
            ),
            ("a: 'it's'\n", 7, "There is text after the closing quote."),
            ("a: [1\nb: 2\n", 7, "There is a `:` inside brackets"),
            ("a: [1}\n", 3, "The `[` is closed by a `}`."),
            ("a: 'b'\n- c\n", 9, "A key is expected here."),
        ] {
            let finding = only_finding(text);
            assert_eq!(finding.code, Code::YamlSyntax, "{text:?}");
            assert!(
                finding.message.starts_with(words),
                "{text:?}: {}",
                finding.message
            );
            assert_eq!(finding.span().unwrap().start, at, "{text:?}");
        }
    }
}

mod templates {
    use super::*;

    /// Text, what must be quoted, and the line as it should be.
    const UNQUOTED: &[(&str, &str, &str)] = &[
        ("k: {{x}}", "{{x}}", "k: \"{{x}}\""),
        ("k: {{ x }} # why", "{{ x }}", "k: \"{{ x }}\" # why"),
        ("k: {{x}}_y", "{{x}}_y", "k: \"{{x}}_y\""),
        ("k: {{x}}_y # why", "{{x}}_y", "k: \"{{x}}_y\" # why"),
        ("k: {{x}}/{{y}}", "{{x}}/{{y}}", "k: \"{{x}}/{{y}}\""),
        ("k: {{x}}: y", "{{x}}: y", "k: \"{{x}}: y\""),
        ("k: {{x}}, {{y}}", "{{x}}, {{y}}", "k: \"{{x}}, {{y}}\""),
        ("k: {{}}", "{{}}", "k: \"{{}}\""),
        ("k: {{\"x\"}}", "{{\"x\"}}", "k: '{{\"x\"}}'"),
        ("k: {{x: y}}", "{{x: y}}", "k: \"{{x: y}}\""),
        ("k: {{x}", "{{x}", "k: \"{{x}\""),
        ("k: {{x", "{{x", "k: \"{{x\""),
        (
            "k: {{#if x}}y{{/if}}",
            "{{#if x}}y{{/if}}",
            "k: \"{{#if x}}y{{/if}}\"",
        ),
        ("k: {{ #x }}", "{{ #x }}", "k: \"{{ #x }}\""),
        ("k: {{*x}}", "{{*x}}", "k: \"{{*x}}\""),
        ("k: {{!x}}", "{{!x}}", "k: \"{{!x}}\""),
        ("k: {{@x}}", "{{@x}}", "k: \"{{@x}}\""),
        ("k: [{{x}}]", "{{x}}", "k: [\"{{x}}\"]"),
        ("k: [{{x}}_y, z]", "{{x}}_y", "k: [\"{{x}}_y\", z]"),
        ("k: [P_{{x}}]", "P_{{x}}", "k: [\"P_{{x}}\"]"),
        ("k: [${var.A}]", "${var.A}", "k: [\"${var.A}\"]"),
        ("k: {a: ${var.A}}", "${var.A}", "k: {a: \"${var.A}\"}"),
        ("k: {a: {{x}}, b: c}", "{{x}}", "k: {a: \"{{x}}\", b: c}"),
        ("k: ${var.A}: b", "${var.A}: b", "k: \"${var.A}: b\""),
        ("k: P_{{x}}: b", "P_{{x}}: b", "k: \"P_{{x}}: b\""),
        ("k: ${{ a: b }}", "${{ a: b }}", "k: \"${{ a: b }}\""),
        ("k: @{{x}}", "@{{x}}", "k: \"@{{x}}\""),
        ("k: %{{x}}", "%{{x}}", "k: \"%{{x}}\""),
        ("- {{x}}", "{{x}}", "- \"{{x}}\""),
        ("- {{x}}_y", "{{x}}_y", "- \"{{x}}_y\""),
        ("{{x}}: y", "{{x}}", "\"{{x}}\": y"),
        ("{{x}}_y: z", "{{x}}_y", "\"{{x}}_y\": z"),
        ("k: !!str {{x}}_y", "{{x}}_y", "k: !!str \"{{x}}_y\""),
        ("k: {{ü}}é", "{{ü}}é", "k: \"{{ü}}é\""),
        ("{{x}}", "{{x}}", "\"{{x}}\""),
    ];

    #[test]
    fn every_unquoted_template_is_found_and_shown_quoted() {
        for (line, value, quoted) in UNQUOTED {
            for text in [
                (*line).to_owned(),
                format!("{line}\n"),
                format!("{line}\r\n"),
                format!("---\nok: 1\n---\n{line}\n---\nlast: 2\n"),
            ] {
                let loaded = read(&text);
                let [finding] = &loaded.diagnostics[..] else {
                    panic!("{text:?}: {:?}", loaded.diagnostics);
                };
                assert_eq!(
                    finding.code,
                    Code::UnquotedTemplate,
                    "{text:?}: {finding:?}"
                );
                assert_eq!(pointed_at(&text, finding), *value, "{text:?}");
                assert_eq!(
                    finding.help.as_deref(),
                    Some(format!("Quote it: `{quoted}`").as_str()),
                    "{text:?}"
                );
            }
            assert_eq!(findings(quoted), [], "{quoted:?}");
        }
    }

    #[test]
    fn what_was_meant_is_read_and_the_next_mistake_is_found() {
        for (line, ..) in UNQUOTED.iter().filter(|(line, ..)| line.starts_with("k: ")) {
            let text = format!("a: 1\n{line}\nb: 2\nb: 3\n");
            let loaded = read(&text);
            let codes: Vec<_> = loaded.diagnostics.iter().map(|one| one.code).collect();
            assert_eq!(
                codes,
                [Code::UnquotedTemplate, Code::DuplicateKey],
                "{text:?}"
            );
            let corrected = loaded.diagnostics[0].help.clone().unwrap();
            let corrected = corrected
                .trim_start_matches("Quote it: `")
                .trim_end_matches('`');
            assert_eq!(
                loaded.documents[0].to_json()["k"],
                value(corrected)["k"],
                "{text:?}"
            );
        }
    }

    #[test]
    fn several_in_one_file_are_all_found() {
        let text =
            "a:\n  - {{x}}_1\n  - [${var.A}, {{y}}_2,\n     ${var.B}]\nb: ${var.C}: 3\n{{z}}: 4\n";
        assert_eq!(
            findings(text),
            [
                (Code::UnquotedTemplate, "{{x}}_1"),
                (Code::UnquotedTemplate, "${var.A}"),
                (Code::UnquotedTemplate, "{{y}}_2"),
                (Code::UnquotedTemplate, "${var.B}"),
                (Code::UnquotedTemplate, "${var.C}: 3"),
                (Code::UnquotedTemplate, "{{z}}"),
            ]
        );
        assert_eq!(
            root(text).to_json(),
            json!({
                "a": ["{{x}}_1", ["${var.A}", "{{y}}_2", "${var.B}"]],
                "b": "${var.C}: 3",
                "{{z}}": 4,
            })
        );
    }

    #[test]
    fn templates_that_yaml_reads_as_text_are_fine() {
        assert_eq!(
            value(
                "a: ${var.A}\nb: P_{{x}}\nc: $${var.A}\nd: x ${var.A} {{y}} z\ne: \"{{x}}\"\nf: ['${var.A}']\ng: |\n  {{x}}: y\nh: ${{ secrets.X }}\n"
            ),
            json!({
                "a": "${var.A}",
                "b": "P_{{x}}",
                "c": "$${var.A}",
                "d": "x ${var.A} {{y}} z",
                "e": "{{x}}",
                "f": ["${var.A}"],
                "g": "{{x}}: y\n",
                "h": "${{ secrets.X }}",
            })
        );
    }

    #[test]
    fn a_template_is_not_blamed_for_another_mistake() {
        for text in [
            "a: 1\n  b: ${var.A}\n",
            "a: \"${var.A}\" b\n",
            "a: [1, 2 # {{x}}\nb: 3\n",
            "a: '{{x}}\n",
            "a:\n\tb: ${var.A}\n",
        ] {
            assert!(
                findings(text)
                    .iter()
                    .all(|(code, _)| *code != Code::UnquotedTemplate),
                "{text:?}"
            );
        }
    }
}

mod json_files {
    use super::*;

    #[test]
    fn json_with_tabs_and_escapes_is_yaml() {
        let text = "{\n\t\"a\":\t\"\\/\\ud83d\\ude00\\u00e9\\b\\f\",\r\n\t\"b\"\t: [1E5,\n\t-0,\n-1.5e-3\t]\t,\"c\"\n:\n{},\n\"\":[\n]}\n";
        let expected: Json = serde_json::from_str(text).unwrap();
        let mut actual = value(text);
        // JSON's -0 is a double; in YAML it is the integer 0.
        assert_eq!(actual["b"][1], json!(0));
        actual["b"][1] = expected["b"][1].clone();
        assert_eq!(actual, expected);
    }

    #[test]
    fn characters_that_only_json_allows_are_read() {
        let text = "\u{feff}[{\"a\u{7f}\": \"\u{9f}\\n\u{ffff}\"}]";
        assert_eq!(value(text), json!([{"a\u{7f}": "\u{9f}\n\u{ffff}"}]));
        assert_eq!(findings("a: \"\u{7f}\"\n"), [(Code::YamlSyntax, "\u{7f}")]);
    }

    #[test]
    fn a_minified_file_with_long_keys_is_read() {
        let long = "k".repeat(5_000);
        let text = format!("{{\"{long}\":{{\"a\":[{}1]}}}}", "0,".repeat(5_000));
        assert_eq!(value(&text), serde_json::from_str::<Json>(&text).unwrap());
    }
}
