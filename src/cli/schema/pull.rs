//! `secsync schema pull`: schemas from OpenAPI documents into this workspace.

use clap::Args;

use crate::cancel::Cancellation;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::http::client::ANSWER_LIMIT;
use crate::http::public::fetch_public;
use crate::http::trust;
use crate::pipeline::Run;
use crate::render::text::visible;
use crate::schema::extract::{Extraction, extract};
use crate::schema::pull::{self, PulledDocument};
use crate::text_file;

use super::super::options::{NetworkArguments, OutputArguments};
use super::super::session::{self, now};
use super::super::ui::{Format, Ui};
use super::open;

/// Where a running Infisical serves its own document.
const DOCUMENT_ROUTE: &str = "/api/docs/json";

/// The arguments of `schema pull`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// OpenAPI documents as JSON or YAML, or the documentation pages that wrap one: files or URLs.
    #[arg(required_unless_present = "from_server")]
    documents: Vec<String>,
    /// Read the document that the server of this provider serves.
    #[arg(long, value_name = "PROVIDER", num_args = 0..=1, require_equals = true,
          default_missing_value = "infisical")]
    from_server: Option<String>,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    pub(super) output: OutputArguments,
}

/// Runs the command.
pub(super) fn run(
    arguments: &Arguments,
    environment: Environment,
    ui: &Ui,
) -> Result<Exit, CommandError> {
    let mut run = open(Some(&arguments.network), environment, ui)?;
    // Before anything listens for signals: one of them ends a read that waits, as it does anywhere.
    let mut texts = read_files(arguments, &run)?;
    let fetched = session::run_online(ui, async |cancellation: Cancellation| {
        let sandbox = session::start_sandbox(&mut run, arguments.network.sandbox).await?;
        let fetched = fetch_all(arguments, &run, &cancellation).await;
        session::stop_sandbox(sandbox).await?;
        fetched
    })?;
    texts.extend(fetched);
    let mut whole = Extraction::default();
    let mut documents = Vec::new();
    for (name, text) in &texts {
        let extraction = extract(text).map_err(|error| {
            CommandError::new(Exit::Error, format!("{}: {error}", visible(name))).help(format!(
                "Nothing was changed in this workspace. {}",
                error.help()
            ))
        })?;
        documents.push(PulledDocument::new(name, text, &extraction));
        whole.merge(extraction);
    }
    let directory = run.schema_directory();
    let pulled = pull::write(&directory, &whole, &documents, &now()).map_err(|error| {
        CommandError::new(Exit::Error, error.message).help(
            "Nothing was changed in this workspace. Give the whole document, or also the page about \
             creating such a sync.",
        )
    })?;
    let text = format!(
        "Pulled {} into {directory}: {} written, {} removed, {} as they were.\n",
        match whole.files.len() {
            1 => "1 schema".to_owned(),
            count => format!("{count} schemas"),
        },
        pulled.written.len(),
        pulled.removed.len(),
        pulled.unchanged
    );
    Ok(ui.result(Format::Human, &text))
}

async fn fetch_all(
    arguments: &Arguments,
    run: &Run,
    cancellation: &Cancellation,
) -> Result<Vec<(String, String)>, CommandError> {
    let mut texts = Vec::new();
    let mut urls = Vec::new();
    if let Some(provider) = &arguments.from_server {
        let config = run
            .workspace
            .config
            .providers
            .get(provider)
            .ok_or_else(|| {
                CommandError::usage(format!("There is no provider `{provider}`."))
                    .help("Name one from `providers:` in secsync.yaml, or infisical.")
            })?;
        let server = match &run.options.http.sandbox {
            Some(sandbox) => sandbox.origin.clone(),
            None => trust::server(config, &run.options.environment, &run.options.http)?.to_string(),
        };
        urls.push(format!("{server}{DOCUMENT_ROUTE}"));
    }
    urls.extend(
        arguments
            .documents
            .iter()
            .filter(|word| is_url(word))
            .cloned(),
    );
    for url in urls {
        let options = &run.options;
        let fetched = fetch_public(&url, &options.environment, &options.http, cancellation).await?;
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

fn read_files(arguments: &Arguments, run: &Run) -> Result<Vec<(String, String)>, CommandError> {
    let files = arguments
        .documents
        .iter()
        .filter(|document| !is_url(document));
    files
        .map(|document| {
            let path = run.options.request.directory.join(document);
            let is_provider = run.workspace.config.providers.contains_key(document);
            if is_provider && arguments.from_server.is_some() && !path.exists() {
                return Err(CommandError::usage(format!(
                    "The provider `{document}` stands apart from `--from-server`, and so is taken for \
                     a document."
                ))
                .help(format!("Write `--from-server={document}`.")));
            }
            let text = text_file::read(&path, ANSWER_LIMIT as u64).map_err(|why| {
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

fn is_url(document: &str) -> bool {
    document.starts_with("https://") || document.starts_with("http://")
}
