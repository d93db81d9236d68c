//! The stable codes of findings, each with a one-line meaning and a page.
//!
//! The pages are Markdown files beside this one, under their codes' names: why it is so, an example
//! that shows it, and how to fix it. A code without a page does not compile. A lint that is true of
//! one platform alone has its code and its page behind the platform's door.

use std::fmt;

use super::diagnostic::Severity;

/// How serious findings of a code are.
#[derive(Clone, Copy)]
enum Rule {
    /// Always so.
    Fixed(Severity),
    /// So unless `lint:` in the workspace or a comment says otherwise.
    Lint(Severity),
}

/// A lint that is true of one platform alone. What it says is what [`Code`] says of it.
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlatformLint {
    /// The name that users see. No other code of any platform has it.
    pub name: &'static str,
    /// How serious it is unless `lint:` in the workspace or a comment says otherwise.
    pub severity: Severity,
    /// What it means, in one line.
    pub summary: &'static str,
    /// Why it is so, an example that shows it, and how to fix it, as Markdown.
    pub page: &'static str,
}

impl fmt::Debug for PlatformLint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $rule:ident($severity:ident), $summary:literal;)*) => {
        /// The kind of a finding. Its name is stable: people write it in `lint:` and search for it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $summary] $variant,)*
            /// A lint of one platform alone.
            OfPlatform(&'static PlatformLint),
        }

        impl Code {
            /// The codes of what is true of every platform, in the order of this file.
            pub const GENERAL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name that users see.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::OfPlatform(lint) => lint.name,
                }
            }

            const fn rule(self) -> Rule {
                match self {
                    $(Self::$variant => Rule::$rule(Severity::$severity),)*
                    Self::OfPlatform(lint) => Rule::Lint(lint.severity),
                }
            }

            /// What it means, in one line.
            pub const fn summary(self) -> &'static str {
                match self {
                    $(Self::$variant => $summary,)*
                    Self::OfPlatform(lint) => lint.summary,
                }
            }

            /// Why it is so, an example that shows it, and how to fix it, as Markdown.
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("code/", $name, ".md")),)*
                    Self::OfPlatform(lint) => lint.page,
                }
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
    SameDestination = "same-destination", Lint(Warning), "Two syncs push to the same place, and delete each other's secrets.";
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

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
