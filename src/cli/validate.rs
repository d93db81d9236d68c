//! `secsync validate`: the files alone, without a network.

use clap::Args;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::pipeline::Run;

use super::options::{LoadArguments, OutputArguments, pipeline_options};
use super::session;
use super::ui::{Format, Ui};

/// The arguments of `validate`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    load: LoadArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
pub fn run(arguments: Arguments, environment: Environment) -> Exit {
    let ui = match Ui::new(&arguments.output, Format::CHECK, &environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(&environment).stop(&stop),
    };
    let loaded = pipeline_options(arguments.load, None, environment)
        .and_then(|options| Run::load(options, &mut std::io::stdin()));
    let mut run = match loaded {
        Ok(run) => run,
        Err(stop) => {
            let end = (ui.stop(&stop), Some(&stop));
            let written = session::document("validate", None, &ui, false, end, |_| {});
            return end.0.most_important(written);
        }
    };
    let checked = run.check();
    let workspace = &run.workspace;
    ui.findings(&workspace.diagnostics, &workspace.sources);
    let exit = match &checked {
        Ok(()) => Exit::Done,
        Err(stop) => ui.stop(stop),
    };
    let mut printed = Exit::Done;
    let mut success = None;
    if checked.is_ok() {
        let count = |count: usize, word: &str| match count {
            1 => format!("1 {word}"),
            count => format!("{count} {word}s"),
        };
        let mut text = format!(
            "Success! {} in {} can be planned.\n",
            count(workspace.syncs.len(), "sync"),
            count(workspace.files, "file")
        );
        success = Some(text.trim_end().to_owned());
        if ui.verbosity > 0 {
            for sync in &workspace.syncs {
                text.push_str(&format!(
                    "  {} ({})\n",
                    crate::render::text::visible(&sync.name.text),
                    crate::render::text::visible(&workspace.sources.describe(sync.key))
                ));
            }
        }
        if !ui.is_quiet {
            printed = ui.result(Format::Human, &text);
        }
    }
    let end = (exit, None);
    let written = session::document("validate", Some(&run), &ui, false, end, |document| {
        document.insert("files".to_owned(), workspace.files.into());
        document.insert("syncs".to_owned(), workspace.syncs.len().into());
    });
    let reviewed = session::review("validate", Some(&run), &ui, false, end, |review| {
        if success.is_some() {
            review.headline = success;
        }
    });
    exit.most_important(printed)
        .most_important(written)
        .most_important(reviewed)
}
