//! `secsync schema pull`: schemas from OpenAPI documents into this workspace.

use camino::Utf8PathBuf;
use clap::Args;
use serde::Serialize;

use crate::cli::arguments::{NetworkArguments, open_workspace};
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Human, Session, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::core::text::visible;
use crate::core::words::count;
use crate::environment::now;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::http::public::fetch_public;
use crate::http::request::DOCUMENT_LIMIT;
use crate::pipeline::{Link, Opened, SCHEMAS};
use crate::provider::{default_platform, door, trust};
use crate::render::json::JsonBody;
use crate::root::Place;
use crate::schema::extract::{Extraction, extract};
use crate::schema::pull::{self, PulledDocument};
use crate::text_file::Unreadable;

/// The arguments of `schema pull`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// OpenAPI documents as JSON or YAML, or the documentation pages that wrap one: files or URLs.
    #[arg(required_unless_present = "from_server")]
    documents: Vec<String>,
    /// Read the document that the server of this provider serves.
    #[arg(long, value_name = "PROVIDER", num_args = 0..=1, require_equals = true,
          default_missing_value = default_platform().name())]
    from_server: Option<String>,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Arguments {
    const NAME: &'static str = "schema-pull";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = PulledSchemas;

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame::of(&self.output).in_sandbox(self.network.sandbox)
    }

    fn run(self, session: &Session) -> Result<PulledSchemas, CommandError> {
        let opened = open_workspace(session)?.without_syncs();
        let (root, directory) = (opened.root()?, opened.schema_directory());
        // Before anything listens for signals: one of them ends a read that waits, as it does
        // anywhere.
        let mut texts = self.read_files(&opened)?;
        texts.extend(
            session.online(&self.network, opened, async |opened: Opened, link| {
                self.fetch_all(&opened, link).await
            })?,
        );
        let (whole, documents) = extract_all(&texts)?;
        let pulled = pull::write(&root, SCHEMAS.into(), &whole, &documents, &now());
        let pulled = pulled.map_err(|error| {
            CommandError::new(Exit::Error, error.message).help(
                "Nothing was changed in this workspace. Give the whole document, or also the page \
                 about creating such a sync.",
            )
        })?;
        Ok(PulledSchemas {
            directory,
            schemas: whole.files.len(),
            changes: pulled,
        })
    }
}

/// Schemas that were pulled.
pub struct PulledSchemas {
    directory: Utf8PathBuf,
    /// How many the documents hold.
    schemas: usize,
    changes: pull::Pulled,
}

impl CommandOutcome for PulledSchemas {
    fn human(&self, _view: View) -> Human {
        format!(
            "Pulled {} into {}: {} written, {} removed, {} as they were.\n",
            count(self.schemas, "schema"),
            self.directory,
            self.changes.written.len(),
            self.changes.removed.len(),
            self.changes.unchanged
        )
        .into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        #[derive(Serialize)]
        struct Body<'a> {
            directory: &'a Utf8PathBuf,
            schemas: usize,
            written: usize,
            removed: usize,
            unchanged: usize,
        }
        Box::new(Body {
            directory: &self.directory,
            schemas: self.schemas,
            written: self.changes.written.len(),
            removed: self.changes.removed.len(),
            unchanged: self.changes.unchanged,
        })
    }
}

impl Arguments {
    async fn fetch_all(
        &self,
        opened: &Opened,
        link: &Link,
    ) -> Result<Vec<(String, String)>, CommandError> {
        let mut urls = Vec::new();
        if let Some(provider) = &self.from_server {
            let config = opened.provider(provider)?;
            let platform = config.platform;
            let path = door(platform).and_then(|door| door.servers().document_path);
            let path = path.ok_or_else(|| {
                let title = platform.title();
                CommandError::usage(format!(
                    "A server of {title} serves no document of its own."
                ))
                .help("Name a document by its file or URL.")
            })?;
            let server = trust::server(config, &link.environment, &link.http)?;
            urls.push(format!("{server}{path}"));
        }
        urls.extend(self.documents.iter().filter(|word| is_url(word)).cloned());
        let mut texts = Vec::new();
        for url in urls {
            let fetched =
                fetch_public(&url, &link.environment, &link.http, &link.cancellation).await?;
            let text = String::from_utf8(fetched.body).map_err(|_| {
                CommandError::new(
                    Exit::Error,
                    format!("What {} serves is not UTF-8 text.", visible(&url)),
                )
            })?;
            texts.push((url, text));
        }
        Ok(texts)
    }

    fn read_files(&self, opened: &Opened) -> Result<Vec<(String, String)>, CommandError> {
        let files = self.documents.iter().filter(|document| !is_url(document));
        files
            .map(|document| {
                let directory = &opened.options.request.directory;
                let path = directory.join(document);
                let is_provider = opened.workspace.config.providers.contains_key(document);
                if is_provider && self.from_server.is_some() && !path.exists() {
                    return Err(CommandError::usage(format!(
                        "The provider `{document}` is separated from `--from-server`, and so is \
                         taken for a document."
                    ))
                    .help(format!("Write `--from-server={document}`.")));
                }
                let place = Place::of(&path, directory).map_err(Unreadable::from);
                let text = place.and_then(|place| place.read(DOCUMENT_LIMIT as u64));
                let text = text.map_err(|why| {
                    CommandError::new(
                        Exit::Error,
                        format!("The document {} cannot be read: {why}.", visible(document)),
                    )
                    .help(why.help())
                })?;
                Ok((document.clone(), text))
            })
            .collect()
    }
}

fn extract_all(
    texts: &[(String, String)],
) -> Result<(Extraction, Vec<PulledDocument>), CommandError> {
    let mut whole = Extraction::default();
    let mut documents = Vec::new();
    for (name, text) in texts {
        let extraction = extract(text).map_err(|error| {
            CommandError::new(Exit::Error, format!("{}: {error}", visible(name))).help(format!(
                "Nothing was changed in this workspace. {}",
                error.help()
            ))
        })?;
        documents.push(PulledDocument::new(name, text, &extraction));
        whole.merge(extraction);
    }
    Ok((whole, documents))
}

fn is_url(document: &str) -> bool {
    document.starts_with("https://") || document.starts_with("http://")
}
