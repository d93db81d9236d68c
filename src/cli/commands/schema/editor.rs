//! `secsync schema editor`: the schema that editors complete and check sync files by.

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde::Serialize;

use crate::cli::arguments::OutputArguments;
use crate::cli::command::{Command, Human, Outcome, Session, Text, View};
use crate::cli::output::Offer;
use crate::cli::sync_files::editor_schema;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::export::paths::EDITOR_SCHEMA;

/// The arguments of `schema editor`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where to write it; - for standard output.
    #[arg(long, value_name = "FILE", default_value = EDITOR_SCHEMA)]
    out: Utf8PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "schema-editor";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = EditorSchema;

    fn output(&self) -> &OutputArguments {
        &self.output
    }

    fn writes(&self) -> Option<(&'static str, &Utf8Path)> {
        (self.out != "-").then_some(("--out", &*self.out))
    }

    fn run(self, session: &Session) -> Result<EditorSchema, CommandError> {
        let opened = super::open(session)?;
        let text = editor_schema(&opened)?;
        if self.out == "-" {
            return Ok(EditorSchema::Printed(text));
        }
        let path = opened.workspace.root.join(&self.out);
        path.parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| {
                CommandError::new(
                    Exit::Error,
                    format!("The schema cannot be written to {path}: {error}."),
                )
            })?;
        Ok(EditorSchema::Written {
            path,
            out: self.out,
        })
    }
}

/// The schema for editors.
pub enum EditorSchema {
    /// Its text, for standard output.
    Printed(String),
    /// It is in a file.
    Written {
        /// The file.
        path: Utf8PathBuf,
        /// The same as the command line names it.
        out: Utf8PathBuf,
    },
}

impl Outcome for EditorSchema {
    fn human(&self, _view: View) -> Human {
        match self {
            Self::Printed(text) => Human {
                text: text.clone(),
                kind: Text::Json,
                ..Human::default()
            },
            Self::Written { path, out } => format!(
                "Wrote {path}. Sync files name it in their first line, relative to themselves:\n\n  \
                 # yaml-language-server: $schema=../{out}\n"
            )
            .into(),
        }
    }

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Body<'a> {
            file: Option<&'a Utf8Path>,
        }
        let file = match self {
            Self::Printed(_) => None,
            Self::Written { path, .. } => Some(path.as_path()),
        };
        Body { file }
    }
}
