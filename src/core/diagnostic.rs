//! What can be wrong with the files, as values that any format can show.

use super::code::Code;
use super::span::Span;

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
            message: message.into(),
            labels: vec![Label {
                span,
                text: String::new(),
            }],
            file: None,
            help: None,
            sync: None,
        }
    }

    /// A finding about a whole file.
    pub fn about_file(code: Code, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            labels: Vec::new(),
            file: Some(file.into()),
            help: None,
            sync: None,
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
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

    /// The main place.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// The candidate that the user most likely meant, for "did you mean".
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let other = candidate.to_lowercase();
            let similarity = strsim::jaro_winkler(&folded, &other);
            // Two swapped letters of a short word look like a different word otherwise.
            let is_one_slip = folded.len() > 2 && strsim::osa_distance(&folded, &other) == 1;
            let least = if is_one_slip { 0.8 } else { 0.0 };
            (candidate, similarity.max(least))
        })
        .filter(|(_, similarity)| *similarity >= 0.8)
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .map(|(candidate, _)| candidate)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn suggests_a_similar_word_and_none_for_a_foreign_one() {
        let fields = ["secretPath", "syncOptions", "environment", "description"];
        assert_eq!(closest("secret_path", fields), Some("secretPath"));
        assert_eq!(closest("enviroment", fields), Some("environment"));
        assert_eq!(closest("zebra", fields), None);
        assert_eq!(closest("ogr", ["org", "app"]), Some("org"));
        assert_eq!(closest("a", ["b"]), None);
    }
}
