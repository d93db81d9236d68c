//! The stable codes of every finding, each with a one-line meaning and a page.
//!
//! The pages are Markdown files beside this one, under their codes' names: why it is so, an example
//! that shows it, and how to fix it. A code without a page does not compile.

use super::diagnostic::Severity;

/// How serious findings of a code are.
#[derive(Clone, Copy)]
enum Rule {
    /// Always so.
    Fixed(Severity),
    /// So unless `lint:` in the workspace or a comment says otherwise.
    Lint(Severity),
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $rule:ident($severity:ident), $summary:literal;)*) => {
        /// The kind of a finding. Its name is stable: people write it in `lint:` and search for it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $summary] $variant,)*
        }

        impl Code {
            /// Every code, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name that users see.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            const fn rule(self) -> Rule {
                match self { $(Self::$variant => Rule::$rule(Severity::$severity),)* }
            }

            /// What it means, in one line.
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }

            /// Why it is so, an example that shows it, and how to fix it, as Markdown.
            pub const fn page(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("code/", $name, ".md")),)* }
            }
        }
    };
}

codes! {
    // Reading files.
    UnreadableFile = "unreadable-file", Fixed(Error), "A file or directory cannot be read.";
    NotUtf8 = "not-utf8", Fixed(Error), "A file is not UTF-8 text.";
    FileTooLarge = "file-too-large", Fixed(Error), "A file is too large.";
    EmptyFile = "empty-file", Fixed(Error), "A file declares nothing.";
    NoFiles = "no-files", Fixed(Error), "A directory or a glob has no YAML files.";
    // YAML.
    YamlSyntax = "yaml-syntax", Fixed(Error), "The YAML cannot be parsed.";
    TabIndentation = "tab-indentation", Fixed(Error), "YAML does not allow tabs for indentation.";
    UnquotedTemplate = "unquoted-template", Fixed(Error), "A value with {{ or ${ must be quoted.";
    DuplicateKey = "duplicate-key", Fixed(Error), "A map has the same key twice.";
    InvalidKey = "invalid-key", Fixed(Error), "A map's key is not a simple word.";
    MergeKey = "merge-key", Fixed(Error), "YAML 1.2 has no merge key.";
    UnknownTag = "unknown-tag", Fixed(Error), "A YAML tag is unknown.";
    UnknownAlias = "unknown-alias", Fixed(Error), "An alias has no anchor, or is inside its own anchor.";
    TooManyAliases = "too-many-aliases", Fixed(Error), "Aliases make the document far larger than it is written.";
    TooDeep = "too-deep", Fixed(Error), "Values are nested too deeply.";
    NumberNotExact = "number-not-exact", Fixed(Error), "A number cannot be held exactly.";
    AmbiguousScalar = "ambiguous-scalar", Lint(Warning), "A plain word means something else to other YAML readers.";
    // Shape of sync files and the workspace.
    UnknownField = "unknown-field", Fixed(Error), "A field is unknown here.";
    MissingField = "missing-field", Fixed(Error), "A required field is missing.";
    WrongType = "wrong-type", Fixed(Error), "A value is of the wrong type.";
    WrongValue = "wrong-value", Fixed(Error), "A value is not one of those allowed.";
    WrongForm = "wrong-form", Fixed(Error), "A value does not have the required form.";
    WrongSize = "wrong-size", Fixed(Error), "A value is too short, too long, too small or too large.";
    UnsupportedVersion = "unsupported-version", Fixed(Error), "The file's version is not supported.";
    UnknownProvider = "unknown-provider", Fixed(Error), "A provider is unknown.";
    UnknownDestination = "unknown-destination", Fixed(Error), "A destination is unknown.";
    DuplicateSync = "duplicate-sync", Fixed(Error), "A sync is declared twice.";
    ConflictingFields = "conflicting-fields", Fixed(Error), "Two fields exclude each other.";
    NotAllowedInDefaults = "not-allowed-in-defaults", Fixed(Error), "A field is not allowed in defaults.";
    PaddedString = "padded-string", Fixed(Error), "A string starts or ends with blanks.";
    UnknownVariable = "unknown-variable", Fixed(Error), "A variable has no value.";
    VariableForm = "variable-form", Fixed(Error), "A variable is not written as ${var.NAME}.";
    UnknownReference = "unknown-reference", Fixed(Error), "A reference ${matrix.…} has no value.";
    MatrixForm = "matrix-form", Fixed(Error), "A matrix cannot be expanded into syncs.";
    AllowanceForm = "allowance-form", Fixed(Warning), "A comment that allows a lint is malformed.";
    UnknownLint = "unknown-lint", Fixed(Error), "A lint is unknown.";
    OutsideRoot = "outside-root", Fixed(Error), "A path leaves the workspace's root.";
    RenameCycle = "rename-cycle", Fixed(Error), "Renames form a circle, or two syncs take the same old name.";
    // Rules that the platforms' documents cannot say.
    NameForm = "name-form", Lint(Error), "A sync's name is not a slug of at most 64 characters.";
    DescriptionLength = "description-length", Lint(Error), "A description is longer than 255 characters.";
    KeySchemaForm = "key-schema-form", Lint(Error), "A keySchema has no {{secretKey}}, or a character that is not allowed.";
    SameDestination = "same-destination", Lint(Warning), "Two syncs push to the same place, and delete each other's secrets.";
    SecretPathForm = "secret-path-form", Lint(Error), "A secretPath is not an absolute path.";
    SubfoldersWithImport = "subfolders-with-import", Lint(Error), "Subfolders cannot be combined with an import from the destination.";
    DestructiveFirstSync = "destructive-first-sync", Lint(Ignored), "The first sync deletes secrets that only the destination has.";
    UnfamiliarDestination = "unfamiliar-destination", Lint(Warning), "A destination to be started is neither recorded nor among the known ones.";
    IgnoresNothing = "ignores-nothing", Lint(Warning), "A pattern of ignoreRemote names no field of any destination in use.";
    NotReadBack = "not-read-back", Lint(Warning), "A field that a request needs is not declared, and the platform never gives it back.";
    NoEffect = "no-effect", Lint(Warning), "A field has no effect on the platform of its sync.";
    // Names that are looked up on a platform.
    UnknownProject = "unknown-project", Fixed(Error), "A project does not exist, or the identity cannot see it.";
    AmbiguousProject = "ambiguous-project", Fixed(Error), "A project's name matches several projects.";
    UnknownConnection = "unknown-connection", Fixed(Error), "A connection does not exist, or the identity may not use it.";
    AmbiguousConnection = "ambiguous-connection", Fixed(Error), "A connection's name matches several connections.";
}

impl Code {
    /// The code of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|code| code.name() == name).copied()
    }

    /// How serious it is unless the workspace says otherwise.
    pub const fn severity(self) -> Severity {
        let (Rule::Fixed(severity) | Rule::Lint(severity)) = self.rule();
        severity
    }

    /// Whether it is a rule whose level the workspace can set, rather than an error as such.
    pub const fn is_lint(self) -> bool {
        matches!(self.rule(), Rule::Lint(_))
    }

    /// What `lint:` would say for its default, if it is a lint; otherwise its severity.
    pub const fn default_level(self) -> &'static str {
        match self.rule() {
            Rule::Lint(Severity::Error) => "deny",
            Rule::Lint(Severity::Warning) => "warn",
            Rule::Lint(Severity::Ignored) => "allow",
            Rule::Fixed(severity) => severity.word(),
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Code;

    #[test]
    fn names_are_unique_and_in_kebab_case() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for name in names {
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{name}"
            );
        }
    }

    #[test]
    fn every_code_is_found_by_its_name() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.name()), Some(*code));
        }
        assert_eq!(Code::parse("no-such-code"), None);
    }

    #[test]
    fn every_page_says_why_shows_an_example_and_how_to_fix_it() {
        for code in Code::ALL {
            let page = code.page();
            let (why, rest) = page
                .split_once("\n## Example\n")
                .unwrap_or_else(|| panic!("{code} has no example"));
            let (example, fix) = rest
                .split_once("\n## Fix\n")
                .unwrap_or_else(|| panic!("{code} does not say how to fix it"));
            assert!(why.trim().len() > 80, "{code} does not say why");
            assert!(example.contains("```"), "{code} shows nothing");
            assert!(!fix.trim().is_empty(), "{code} fixes nothing");
            assert_eq!(page.matches("```").count() % 2, 0, "{code}: an open block");
        }
    }

    #[test]
    fn every_summary_is_a_sentence() {
        for code in Code::ALL {
            assert!(code.summary().ends_with('.'), "{code}");
        }
    }
}
