//! A test report in the form of `JUnit`: a case for each file that was checked and each sync.

use std::fmt::Write as _;

use super::review::{Item, Review, Verdict, advice};
use crate::core::diagnostic::{Diagnostic, Severity};
use crate::core::text::in_markup as escaped;

/// One test.
struct Case {
    name: String,
    class: String,
    file: Option<String>,
    line: Option<usize>,
    /// The element's name, its type, and the text; nothing if the test passed.
    outcome: Option<(&'static str, String, String)>,
    /// Warnings, notes and the diff.
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
    let notes: Vec<&str> = review.remarks().map(String::as_str).collect();
    if !notes.is_empty() {
        let notes = escaped(&notes.join("\n"));
        let _ = writeln!(out, "    <system-out>{notes}</system-out>");
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

/// A case for each file: it fails with its errors, and its warnings are its output.
fn of_files(review: &Review<'_>) -> Vec<Case> {
    let files = review.files.iter();
    let mut files: Vec<(Option<&str>, Vec<&Diagnostic>)> =
        files.map(|file| (Some(*file), Vec::new())).collect();
    for found in review.shown_findings() {
        let file = review.file_of(found);
        match files.iter_mut().find(|(other, _)| *other == file) {
            Some((_, here)) => here.push(found),
            None => files.push((file, vec![found])),
        }
    }
    files
        .into_iter()
        .map(|(file, here)| of_file(file, &here, review))
        .collect()
}

fn of_file(file: Option<&str>, findings: &[&Diagnostic], review: &Review<'_>) -> Case {
    let of = |severity| {
        let findings = findings.iter().filter(|found| found.severity == severity);
        let texts: Vec<String> = findings.map(|found| located(found, review)).collect();
        texts.join("\n")
    };
    let mut errors = findings.iter();
    let first = errors.find(|found| found.is_error());
    Case {
        name: file.map_or("workspace".to_owned(), |file| review.path_of(file)),
        class: "secsync.files".to_owned(),
        file: file.map(|file| review.path_of(file)),
        line: first
            .and_then(|found| found.span())
            .map(|span| review.range(span).line),
        outcome: first.map(|found| {
            let code = found.code.name().to_owned();
            ("failure", code, of(Severity::Error))
        }),
        output: of(Severity::Warning),
    }
}

fn located(found: &Diagnostic, review: &Review<'_>) -> String {
    let text = review.sentences_of(found);
    match found.span() {
        Some(span) => format!("{}: {text}", review.describe(span)),
        None => text,
    }
}

fn of_item(item: &Item, review: &Review<'_>) -> Case {
    let reason = |element, reason: &str| Some((element, item.word.to_owned(), reason.to_owned()));
    let cell = item.place.map(|place| review.sources.cell_words(place));
    let what = item.what.clone() + &cell.unwrap_or_default();
    let mut output: Vec<&str> = vec![&what];
    output.extend(
        item.warnings
            .iter()
            .chain(item.remarks())
            .map(String::as_str),
    );
    output.extend(item.diff.lines());
    let range = item.place.map(|place| review.range(place));
    Case {
        name: item.address.clone(),
        class: format!("secsync.{}.{}", review.command, item.word),
        line: range.as_ref().map(|range| range.line),
        file: range.map(|range| range.file),
        outcome: match &item.verdict {
            Verdict::Good => None,
            Verdict::Differs => reason("failure", &item.what),
            Verdict::Blocked(why) | Verdict::Skipped(why) => reason("skipped", why),
            Verdict::NotAsDeclared(why) | Verdict::Failed(why) => reason("failure", why),
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
