//! `secsync schema editor`: the schema that editors complete and check sync files by.

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde::Serialize;

use crate::cli::arguments::open_workspace;
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Human, Session, Text, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::cli::sync_files::{self, editor_schema};
use crate::error::CommandError;
use crate::export::paths::{EDITOR_SCHEMA, relative};
use crate::render::json::JsonBody;
use crate::root::Existing;

/// The arguments of `schema editor`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where to write it; - for standard output [default: .secsync/sync-file.json in the
    /// workspace].
    #[arg(long, value_name = "FILE")]
    out: Option<Utf8PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "schema-editor";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = EditorSchema;

    fn frame(&self) -> CommandFrame<'_> {
        let out = self.out.as_deref().filter(|out| *out != "-");
        CommandFrame {
            writes: out.map(|out| ("--out", out)),
            ..CommandFrame::of(&self.output)
        }
    }

    fn run(self, session: &Session) -> Result<EditorSchema, CommandError> {
        let opened = open_workspace(session)?;
        let text = editor_schema(&opened)?;
        let written = match &self.out {
            Some(out) if out == "-" => return Ok(EditorSchema::Printed(text)),
            Some(out) => {
                let path = opened.options.request.directory.join(out);
                sync_files::write(&opened, &path, out, &text, Existing::Replace)?;
                path
            }
            None => sync_files::write_own(&opened, EDITOR_SCHEMA, &text, Existing::Replace)?,
        };
        Ok(EditorSchema::Written {
            named: relative(&opened.workspace.root.join("syncs"), &written),
            path: written,
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
        /// How sync files in the usual directory name it.
        named: String,
    },
}

impl CommandOutcome for EditorSchema {
    fn human(&self, _view: View) -> Human {
        match self {
            Self::Printed(text) => Human {
                text: text.clone(),
                kind: Text::Json,
                ..Human::default()
            },
            Self::Written { path, named } => format!(
                "Wrote {path}. Sync files name it in their first line, relative to themselves:\n\n  \
                 # yaml-language-server: $schema={named}\n"
            )
            .into(),
        }
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        #[derive(Serialize)]
        struct Body<'a> {
            file: Option<&'a Utf8Path>,
        }
        let file = match self {
            Self::Printed(_) => None,
            Self::Written { path, .. } => Some(path.as_path()),
        };
        Box::new(Body { file })
    }
}
