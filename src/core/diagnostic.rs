//! What can be wrong with the files, as values that any format can show.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::code::Code;
use super::span::{SourceId, Span};
use super::suggest::closest;
use super::text::shortened;
use super::words::{count, is_or_are};
use crate::core::sources::Sources;

/// How many findings of one kind are kept of one file. The others are counted.
pub const MOST: usize = 100;
/// How many of one map or of one text, so that one alone does not take the room of all others.
pub const MOST_AT_ONE_PLACE: usize = 20;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Not shown.
    Ignored,
    /// Shown, and nothing more.
    Warning,
    /// The files are invalid: nothing is planned or applied.
    Error,
}

impl Severity {
    /// The word, wherever one is shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ignored => "ignored",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of finding it is.
    pub code: Code,
    /// How serious it is.
    pub severity: Severity,
    /// A full sentence that says what is wrong and quotes the user's own words.
    pub message: String,
    /// The places, the main one first. Empty if the finding is about a whole file or none.
    pub labels: Vec<Label>,
    /// The file's name, if no place in it can be pointed at (unreadable, not UTF-8).
    pub file: Option<String>,
    /// What to do, as a full sentence.
    pub help: Option<String>,
    /// The sync that it is about, if the place does not say so by itself (an inherited value).
    pub sync: Option<String>,
    /// How many other syncs inherited the same.
    pub other_syncs: usize,
    /// The cells of a matrix that it is about.
    pub cells: Option<Cells>,
    /// How many further findings of its kind it stands for, if it only says that they exist.
    pub omitted: usize,
}

/// The cells of a matrix in which the same is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    /// The first of them, as the places in it carry it.
    pub first: Option<u32>,
    /// Its axes in few words.
    pub label: String,
    /// The key of its sync, which the message can name; `None` if the message is about a value of
    /// the cell.
    pub key: Option<String>,
    /// That key as it is written.
    pub template: Arc<str>,
    /// How many others there are.
    pub others: usize,
    /// How many cells the matrix has.
    pub of: usize,
}

impl Cells {
    /// In which cells it is, as a sentence. `place` is where it is: `syncs/web.yaml:3`.
    pub fn sentence(&self, place: &str) -> String {
        let Self {
            label, others, of, ..
        } = self;
        match others {
            0 => format!("In {place} ({label})."),
            others if others + 1 >= *of => format!("In all {of} cells of the matrix."),
            others => format!("In {place} ({label}) and {}.", count(*others, "other cell")),
        }
    }

    /// A message that names the sync of this cell, as it is for any of them.
    fn of_any(&self, message: &str) -> String {
        match &self.key {
            Some(key) => message.replace(&format!("`{key}`"), &format!("`{}`", self.template)),
            None => message.to_owned(),
        }
    }
}

/// A place and what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words; can be empty.
    pub text: String,
}

impl Diagnostic {
    /// A finding at a place, with the severity that its code has by default.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: shortened(message.into()),
            labels: vec![Label {
                span,
                text: String::new(),
            }],
            file: None,
            help: None,
            sync: None,
            other_syncs: 0,
            cells: None,
            omitted: 0,
        }
    }

    /// A finding about a whole file.
    pub fn about_file(code: Code, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: shortened(message.into()),
            labels: Vec::new(),
            file: Some(file.into()),
            help: None,
            sync: None,
            other_syncs: 0,
            cells: None,
            omitted: 0,
        }
    }

    /// Says that there are further findings of a kind, from a place on, that are only counted.
    pub fn further(code: Code, span: Span, omitted: usize) -> Self {
        let message = format!(
            "{} of this kind in this file, which {} not shown.",
            count(omitted, "further finding"),
            is_or_are(omitted)
        );
        let further = Self::new(code, span, message).help("Fix those that are shown first.");
        Self { omitted, ..further }
    }

    /// Whether it makes the files invalid: an error by nature, or a denied lint.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// How many findings it stands for.
    pub fn findings(&self) -> usize {
        self.omitted.max(1)
    }

    /// The syncs that inherited what it is about: `web`, or `web and 3 others`.
    pub fn heirs(&self) -> Option<String> {
        let sync = self.sync.as_ref()?;
        Some(match self.other_syncs {
            0 => sync.clone(),
            others => format!("{sync} and {}", count(others, "other")),
        })
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(shortened(help.into()));
        self
    }

    /// Asks whether the nearest of the candidates was meant. If none is near, says what to do
    /// instead.
    #[must_use]
    pub fn suggest<'a>(
        self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
        otherwise: impl FnOnce() -> String,
    ) -> Self {
        match closest(word, candidates) {
            Some(near) => self.help(format!("Did you mean `{near}`?")),
            None => self.help(otherwise()),
        }
    }

    /// Writes a few words at the main place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        if let Some(first) = self.labels.first_mut() {
            first.text = text.into();
        }
        self
    }

    /// Points at a further place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Names the sync that it is about.
    #[must_use]
    pub fn sync(mut self, name: impl Into<String>) -> Self {
        self.sync = Some(name.into());
        self
    }

    /// If its place is read for a cell of a matrix, names the cell and points at what it gives there.
    pub fn name_the_cell(&mut self, sources: &Sources) {
        let Some(span) = self.span() else { return };
        if let Some(cell) = sources.cell(span) {
            let uses = cell.uses.iter().filter(|(place, _)| *place == span);
            let given: Vec<Label> = uses
                .map(|(_, given)| Label {
                    span: *given,
                    text: "with this value".to_owned(),
                })
                .collect();
            self.cells = Some(Cells {
                first: span.source.cell(),
                label: cell.label.clone(),
                key: given.is_empty().then(|| cell.key.clone()),
                template: Arc::clone(&cell.template),
                others: 0,
                of: cell.of,
            });
            self.labels.extend(given);
        }
        for label in &mut self.labels {
            label.span = label.span.in_no_cell();
        }
    }

    /// The main place.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// Condenses a list of findings that grows, from time to time, so that it cannot outgrow memory.
#[derive(Debug, Clone)]
pub struct Condenser {
    /// The length from which on it is worth to do it again.
    from: usize,
}

impl Default for Condenser {
    fn default() -> Self {
        Self { from: 10_000 }
    }
}

impl Condenser {
    /// Condenses the list if it has grown much. Lints are left as they are, because a comment may
    /// still allow any of them.
    pub fn condense(&mut self, found: &mut Vec<Diagnostic>) {
        if found.len() < self.from {
            return;
        }
        let (lints, others) = std::mem::take(found)
            .into_iter()
            .partition(|diagnostic| diagnostic.code.is_lint());
        *found = lints;
        found.extend(condensed(others));
        self.from = self.from.max(2 * found.len());
    }
}

/// The findings, each reported once that several syncs inherit, and of each kind in a file at most
/// [`MOST`]; the others are counted. Of those that say the same the first is kept before any
/// repeats, so that a common mistake does not hide a rare one.
pub fn condensed(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    report_once_for_all_cells(&mut found);
    let found = reported_once(found);
    let mut kinds: BTreeMap<(Code, Option<SourceId>), Kind> = BTreeMap::new();
    for (index, diagnostic) in found.iter().enumerate() {
        let source = diagnostic.span().map(|span| span.source);
        let kind = kinds.entry((diagnostic.code, source)).or_default();
        match (diagnostic.omitted, source) {
            (0, Some(_)) => kind.places.push(index),
            // What is about a whole file is said once for each.
            (0, None) => {}
            (omitted, _) => kind.omit(diagnostic, omitted),
        }
    }
    let mut is_kept = vec![true; found.len()];
    for kind in kinds.values_mut() {
        if kind.places.len() > MOST {
            let mut repeats: HashMap<(&str, Option<&str>), usize> = HashMap::new();
            let mut ranked: Vec<(usize, usize)> = Vec::with_capacity(kind.places.len());
            for index in std::mem::take(&mut kind.places) {
                let key = (found[index].message.as_str(), found[index].help.as_deref());
                let repeat = repeats.entry(key).or_default();
                ranked.push((*repeat, index));
                *repeat += 1;
            }
            ranked.sort_unstable();
            for (_, index) in ranked.into_iter().skip(MOST) {
                is_kept[index] = false;
                kind.omit(&found[index], 1);
            }
        }
    }
    let kept = found.into_iter().zip(is_kept);
    let mut kept: Vec<Diagnostic> = kept
        .filter(|(diagnostic, is_kept)| *is_kept && diagnostic.omitted == 0)
        .map(|(diagnostic, _)| diagnostic)
        .collect();
    for ((code, _), kind) in kinds {
        if let Some((span, severity)) = kind.further {
            kept.push(Diagnostic {
                severity,
                ..Diagnostic::further(code, span, kind.omitted)
            });
        }
    }
    kept
}

/// The findings of one code in one file.
#[derive(Default)]
struct Kind {
    /// Indices of those that have a place.
    places: Vec<usize>,
    omitted: usize,
    /// The first place of those that are omitted, and the worst severity.
    further: Option<(Span, Severity)>,
}

impl Kind {
    fn omit(&mut self, diagnostic: &Diagnostic, count: usize) {
        self.omitted += count;
        let Some(span) = diagnostic.span() else {
            return;
        };
        let (first, worst) = self.further.unwrap_or((span, diagnostic.severity));
        self.further = Some((first.min(span), worst.max(diagnostic.severity)));
    }
}

/// What is wrong at one place in every cell of a matrix is one finding, even if each cell says it of
/// its own value: the mistake is in the block.
fn report_once_for_all_cells(found: &mut Vec<Diagnostic>) {
    let place = |diagnostic: &Diagnostic| {
        let cells = diagnostic.cells.as_ref()?;
        Some(((diagnostic.code, diagnostic.span()?), cells.first))
    };
    let mut groups: HashMap<_, (HashSet<_>, usize)> = HashMap::new();
    for (place, cell) in found.iter().filter_map(place) {
        let (cells, findings) = groups.entry(place).or_default();
        cells.insert(cell);
        *findings += 1;
    }
    let mut reported = HashSet::new();
    found.retain_mut(|diagnostic| {
        let (Some((place, _)), Some(cells)) = (place(diagnostic), &mut diagnostic.cells) else {
            return true;
        };
        let (in_cells, findings) = &groups[&place];
        let is_of_each = in_cells.len() == cells.of && *findings == cells.of;
        if !is_of_each || cells.of == 1 || diagnostic.sync.is_some() {
            return true;
        }
        cells.others = cells.of - 1;
        diagnostic.message = cells.of_any(&diagnostic.message);
        reported.insert(place)
    });
}

/// What several syncs inherit is one finding.
fn reported_once(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut once: Vec<Diagnostic> = Vec::with_capacity(found.len());
    let mut index_of: HashMap<(Code, Option<Span>, String), usize> = HashMap::new();
    for diagnostic in found {
        if diagnostic.omitted > 0 {
            once.push(diagnostic);
            continue;
        }
        let cells = diagnostic.cells.as_ref();
        let general = cells.map(|cells| cells.of_any(&diagnostic.message));
        let key = (
            diagnostic.code,
            diagnostic.span(),
            general.unwrap_or_else(|| diagnostic.message.clone()),
        );
        match index_of.get(&key) {
            Some(index) if diagnostic.sync.is_some() => {
                once[*index].other_syncs += 1 + diagnostic.other_syncs;
            }
            Some(index) => {
                let (Some(first), Some(more)) = (&mut once[*index].cells, diagnostic.cells) else {
                    continue;
                };
                if first.first != more.first {
                    first.others += 1 + more.others;
                    once[*index].message = key.2;
                }
            }
            None => {
                index_of.insert(key, once.len());
                once.push(diagnostic);
            }
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::{Condenser, Diagnostic, MOST, condensed};
    use crate::core::code::Code;
    use crate::core::span::Span;
    use crate::core::testing::source;

    fn finding(code: Code, at: usize, message: &str) -> Diagnostic {
        Diagnostic::new(code, Span::new(source(), at, at + 1), message)
    }

    #[test]
    fn what_is_found_often_in_a_file_is_counted_and_hides_nothing_else() {
        let mut found: Vec<_> = (0..5_000)
            .map(|at| finding(Code::UnknownField, at, "common"))
            .collect();
        found.push(finding(Code::UnknownField, 5_000, "rare"));
        found.push(finding(Code::WrongType, 5_001, "another"));
        let shown = condensed(found);
        let of = |message: &str| {
            shown
                .iter()
                .filter(|found| found.message == message)
                .count()
        };
        assert_eq!((of("common"), of("rare"), of("another")), (MOST - 1, 1, 1));
        let last = shown.last().unwrap();
        assert_eq!(
            last.message,
            "4901 further findings of this kind in this file, which are not shown."
        );
        assert_eq!((last.code, last.findings()), (Code::UnknownField, 4_901));
    }

    #[test]
    fn condensing_often_counts_the_same() {
        let (mut found, mut condenser) = (Vec::new(), Condenser::default());
        for at in 0..50_000 {
            found.push(finding(Code::UnknownField, at, &format!("field {at}")));
            condenser.condense(&mut found);
        }
        assert!(found.len() < 20_000);
        let shown = condensed(found);
        assert_eq!(shown.len(), MOST + 1);
        let all: usize = shown.iter().map(Diagnostic::findings).sum();
        assert_eq!(all, 50_000);
    }

    #[test]
    fn what_syncs_inherit_is_said_once_with_their_number() {
        let inherited = |sync: &str| finding(Code::WrongValue, 0, "wrong").sync(sync);
        let shown = condensed(["web", "api", "job"].map(inherited).to_vec());
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].heirs().as_deref(), Some("web and 2 others"));
    }
}
