//! A test report in the form of `JUnit`: a case for each file that was checked and each sync.

use std::fmt::Write as _;

use super::review::{Item, Review, Verdict, advice, file_of, sentences_of};
use crate::core::diagnostic::{Diagnostic, Severity};
use crate::core::text::visible_lines;

/// One test.
struct Case {
    name: String,
    class: String,
    file: Option<String>,
    line: Option<usize>,
    /// The element's name, its type, and the text; nothing if the test passed.
    outcome: Option<(&'static str, String, String)>,
    /// What was said besides.
    output: String,
}

/// A whole report.
pub fn text(review: &Review<'_>) -> String {
    let mut cases = of_files(review);
    cases.extend(review.items.iter().map(|item| of_item(item, review)));
    cases.extend(of_problems(review));
    let count = |element: &str| {
        let outcomes = cases.iter().filter_map(|case| case.outcome.as_ref());
        outcomes.filter(|(name, _, _)| *name == element).count()
    };
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
        cases.len(),
        count("failure"),
        count("error"),
        count("skipped")
    );
    let name = format!("secsync {}", review.command);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"secsync\" {counts}>\n  \
         <testsuite name=\"{name}\" {counts}>\n"
    );
    for case in &cases {
        write_case(&mut out, case);
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn write_case(out: &mut String, case: &Case) {
    let mut attributes = format!(
        "name=\"{}\" classname=\"{}\"",
        escaped(&case.name),
        escaped(&case.class)
    );
    if let Some(file) = &case.file {
        let _ = write!(attributes, " file=\"{}\"", escaped(file));
    }
    if let Some(line) = case.line {
        let _ = write!(attributes, " line=\"{line}\"");
    }
    if case.outcome.is_none() && case.output.is_empty() {
        let _ = writeln!(out, "    <testcase {attributes}/>");
        return;
    }
    let _ = writeln!(out, "    <testcase {attributes}>");
    if let Some((element, kind, text)) = &case.outcome {
        let first = text.lines().next().unwrap_or_default();
        let _ = writeln!(
            out,
            "      <{element} type=\"{}\" message=\"{}\">{}</{element}>",
            escaped(kind),
            escaped(first),
            escaped(text)
        );
    }
    if !case.output.is_empty() {
        let _ = writeln!(
            out,
            "      <system-out>{}</system-out>",
            escaped(&case.output)
        );
    }
    out.push_str("    </testcase>\n");
}

/// A case for each file: it fails with its errors, and tells its warnings.
fn of_files(review: &Review<'_>) -> Vec<Case> {
    let findings = review.shown_findings();
    let mut files: Vec<Option<&str>> = review.files.iter().copied().map(Some).collect();
    for found in &findings {
        let file = file_of(found, review.sources);
        if !files.contains(&file) {
            files.push(file);
        }
    }
    let of_file = |file: Option<&str>| {
        let of = |severity| {
            let here = findings.iter().filter(move |found| {
                found.severity == severity && file_of(found, review.sources) == file
            });
            here.map(|found| told(found, review)).collect::<Vec<_>>()
        };
        let errors = of(Severity::Error);
        let first = findings.iter().find(|found| {
            found.severity == Severity::Error && file_of(found, review.sources) == file
        });
        Case {
            name: file.unwrap_or("workspace").to_owned(),
            class: "secsync.files".to_owned(),
            file: file.map(|file| review.path_of(file)),
            line: first
                .and_then(|found| found.span())
                .map(|span| review.sources.position(span).line),
            outcome: first
                .map(|found| ("failure", found.code.name().to_owned(), errors.join("\n"))),
            output: of(Severity::Warning).join("\n"),
        }
    };
    files.into_iter().map(of_file).collect()
}

fn told(found: &Diagnostic, review: &Review<'_>) -> String {
    let text = sentences_of(found, review.sources);
    match found.span() {
        Some(span) => format!("{}: {text}", review.sources.describe(span)),
        None => text,
    }
}

fn of_item(item: &Item, review: &Review<'_>) -> Case {
    let reason = |element, reason: &str| Some((element, item.word.to_owned(), reason.to_owned()));
    let mut output: Vec<&str> = vec![&item.what];
    output.extend(item.warnings.iter().chain(&item.notes).map(String::as_str));
    output.extend(item.diff.lines());
    Case {
        name: item.address.clone(),
        class: format!("secsync.{}.{}", review.command, item.word),
        file: item
            .place
            .map(|place| review.path_of(&review.sources.get(place.source).name)),
        line: item.place.map(|place| review.sources.position(place).line),
        outcome: match &item.verdict {
            Verdict::Good => None,
            Verdict::Differs => reason("failure", &item.what),
            Verdict::Blocked(why) | Verdict::Skipped(why) => reason("skipped", why),
            Verdict::Failed(why) => reason("failure", why),
            Verdict::Unknown(why) => reason("error", why),
        },
        output: output.join("\n"),
    }
}

fn of_problems<'a>(review: &'a Review<'_>) -> impl Iterator<Item = Case> + 'a {
    review.problems.iter().map(|problem| Case {
        name: format!("secsync {}", review.command),
        class: format!("secsync.{}", review.command),
        file: None,
        line: None,
        outcome: Some((
            "error",
            format!("exit-{}", review.exit_code),
            advice(problem),
        )),
        output: String::new(),
    })
}

/// A text that is text in an element and in an attribute. What XML cannot hold was made visible.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in visible_lines(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // These two are the only ones besides control characters.
            '\u{FFFE}' | '\u{FFFF}' => out.extend(character.escape_unicode()),
            other => out.push(other),
        }
    }
    out
}
