//! `secsync explain`: what a finding's code means.

use clap::Args;

use crate::core::code::Code;
use crate::core::diagnostic::closest;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::render::{explain, json};

use super::options::OutputArguments;
use super::session;
use super::ui::{Format, Ui};

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The code, as findings show it. Without one, all are listed.
    code: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the command.
pub fn run(arguments: &Arguments, environment: &Environment) -> Exit {
    let ui = match Ui::new(&arguments.output, Format::BASIC, environment) {
        Ok(ui) => ui,
        Err(stop) => return Ui::plain(environment).stop(&stop),
    };
    let code = match arguments.code.as_deref().map(find).transpose() {
        Ok(code) => code,
        Err(stop) => return ui.stop(&stop),
    };
    let text = code.map_or_else(explain::list, explain::page);
    let printed = ui.result(Format::Human, &text);
    let codes = code.as_ref().map_or(Code::ALL, std::slice::from_ref);
    let end = (Exit::Done, None);
    let written = session::document("explain", None, &ui, false, end, |document| {
        json::add(document, &explain::ExplainBody::new(codes));
    });
    printed.most_important(written)
}

fn find(name: &str) -> Result<Code, CommandError> {
    Code::parse(name).ok_or_else(|| {
        let stop = CommandError::usage(format!("There is no code `{name}`."));
        match closest(name, Code::ALL.iter().map(|code| code.name())) {
            Some(near) => stop.help(format!("Did you mean `{near}`?")),
            None => stop.help("`secsync explain` lists all of them."),
        }
    })
}
