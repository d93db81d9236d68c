//! The JSON documents: the frame of all of them, and the parts that several of them share.
//!
//! The shape has a version; within one, fields are only ever added.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::ending::Ending;
use crate::core::diagnostic::Diagnostic;
use crate::core::plan::Blocked;
use crate::core::problem::Problem;
use crate::core::sources::Sources;
use crate::core::span::Span;

/// The version of every document's shape.
pub const VERSION: u32 = 1;

/// What a command adds to its document.
pub trait JsonBody {
    /// The text of the document.
    fn document(&self, ending: &Ending<'_>) -> serde_json::Result<String>;
}

impl<T: Serialize> JsonBody for T {
    fn document(&self, ending: &Ending<'_>) -> serde_json::Result<String> {
        let findings = ending.findings.iter();
        let problems = ending.problems;
        let document = JsonDocument {
            version: VERSION,
            kind: ending.command,
            sandbox: ending.is_sandbox,
            diagnostics: findings
                .map(|found| Finding::new(found, ending.sources))
                .collect(),
            body: self,
            errors: problems.map(|problems| problems.iter().map(ProblemFields::new).collect()),
            exit_code: ending.exit.code(),
        };
        Ok(serde_json::to_string_pretty(&document)? + "\n")
    }
}

/// A document: the findings in the files, the result of the command, and how it ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonDocument<'a, T> {
    version: u32,
    kind: &'a str,
    sandbox: bool,
    diagnostics: Vec<Finding<'a>>,
    #[serde(flatten)]
    body: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<ProblemFields<'a>>>,
    exit_code: u8,
}

#[derive(Debug, Serialize)]
struct ProblemFields<'a> {
    message: &'a str,
    help: Option<&'a str>,
}

impl<'a> ProblemFields<'a> {
    fn new(problem: &'a Problem) -> Self {
        Self {
            message: &problem.message,
            help: problem.help.as_deref(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Finding<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    help: Option<&'a str>,
    file: Option<&'a str>,
    sync: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cells: Option<CellsFields<'a>>,
    places: Vec<LabelFields<'a>>,
}

/// The cells of a matrix that a finding is about.
#[derive(Debug, Serialize)]
struct CellsFields<'a> {
    /// The first of them.
    first: &'a str,
    /// How many they are.
    count: usize,
    /// How many the matrix has.
    of: usize,
}

#[derive(Debug, Serialize)]
struct LabelFields<'a> {
    #[serde(flatten)]
    place: FileRange,
    text: &'a str,
}

impl<'a> Finding<'a> {
    fn new(found: &'a Diagnostic, sources: &Sources) -> Self {
        let labels = found.labels.iter();
        Self {
            code: found.code.name(),
            severity: found.severity.word(),
            message: &found.message,
            help: found.help.as_deref(),
            file: found.file.as_deref(),
            sync: found.heirs(),
            cells: found.cells.as_ref().map(|cells| CellsFields {
                first: &cells.label,
                count: cells.others + 1,
                of: cells.of,
            }),
            places: labels
                .map(|label| LabelFields {
                    place: FileRange::new(label.span, sources),
                    text: &label.text,
                })
                .collect(),
        }
    }
}

/// The values of the cell of a matrix that a sync is declared in, for a document.
pub fn matrix_of(place: Option<Span>, sources: &Sources) -> Option<Map<String, Value>> {
    let cell = sources.cell(place?)?;
    Some(cell.values.to_json())
}

/// A range in a file. Lines and columns count from 1, and columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileRange {
    /// The file's name.
    pub file: String,
    /// The first line.
    pub line: usize,
    /// The first column.
    pub column: usize,
    /// The line on which it ends.
    pub end_line: usize,
    /// The column after the last one.
    pub end_column: usize,
}

impl FileRange {
    /// The range that a span covers.
    pub fn new(span: Span, sources: &Sources) -> Self {
        let start = sources.position(span);
        let end = sources.position(Span::new(span.source, span.end, span.end));
        Self {
            file: sources.get(span.source).name.clone(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

impl fmt::Display for FileRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Why something cannot be done.
#[derive(Debug, Serialize)]
pub(super) struct BlockedFields {
    code: &'static str,
    reason: String,
    advice: &'static str,
}

impl From<&Blocked> for BlockedFields {
    fn from(blocked: &Blocked) -> Self {
        Self {
            code: blocked.word(),
            reason: blocked.reason(),
            advice: blocked.advice(),
        }
    }
}
