//! The steps that online commands share: a runtime, Ctrl-C, the sandbox, the state, a plan.

use std::io;
use std::sync::{Arc, LazyLock};

use camino::{Utf8Path, Utf8PathBuf};
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::cancel::Cancellation;
use crate::core::desired::{ConnectionRef, DesiredSync, Ensure};
use crate::core::diagnostic::Diagnostic;
use crate::core::plan::Plan;
use crate::core::resolve::ResolvedSync;
use crate::core::span::Sources;
use crate::core::starts::Starts;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::http::SandboxAccess;
use crate::pipeline::{Options, Run, Survey};
use crate::render;
use crate::render::ending::Ending;
use crate::render::json::Document;
use crate::render::review::{Checkout, Review};
use crate::sandbox::{self, Catalog, World};
use crate::state::State;
use crate::workspace::files::nearest_upwards;
use crate::workspace::write::is_written_outside;

use super::ui::{Format, Ui};

/// Where the sandbox keeps its world, from the workspace's root.
const SANDBOX_DIRECTORY: &str = ".secsync/sandbox";

/// A plan and what it was made from.
pub struct Planned {
    /// What there is.
    pub survey: Survey,
    /// The plan.
    pub plan: Plan,
    /// The state, if a sync needs one.
    pub state: Option<State>,
}

/// What a command means to do with the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Look at it.
    Read,
    /// Write it, and keep others from doing so.
    Write,
}

/// What Ctrl-C is answered with while a command works.
const INTERRUPTED: &str = "Interrupted. Finishing what is in flight; again to stop at once.\n";

/// Loads the files and checks them, then runs a command's online part, in the sandbox if that is
/// wanted. What is wrong with the files is shown, and `loaded` keeps them wherever it stops.
pub fn online<T>(
    options: Options,
    is_sandbox: bool,
    ui: &Ui,
    loaded: &mut Option<Run>,
    task: impl AsyncFnOnce(&mut Run, Cancellation) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    online_until_interrupted(options, is_sandbox, ui, INTERRUPTED, loaded, task)
}

/// The same for a command with an answer of its own to Ctrl-C.
pub fn online_until_interrupted<T>(
    options: Options,
    is_sandbox: bool,
    ui: &Ui,
    answer: &str,
    loaded: &mut Option<Run>,
    task: impl AsyncFnOnce(&mut Run, Cancellation) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let mut run = Run::load(options, &mut std::io::stdin())?;
    let checked = run.check();
    ui.findings(&run.workspace.diagnostics, &run.workspace.sources);
    let run = loaded.insert(run);
    checked?;
    run_until_interrupted(ui, answer, async |cancellation: Cancellation| {
        let sandbox = start_sandbox(run, is_sandbox).await?;
        let result = task(run, cancellation).await;
        stop_sandbox(sandbox).await?;
        result
    })
}

/// Runs a command's online part. Ctrl-C throws the switch; a second one ends the process.
pub fn run_online<T>(
    ui: &Ui,
    task: impl AsyncFnOnce(Cancellation) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    run_until_interrupted(ui, INTERRUPTED, task)
}

/// The same for a command with an answer of its own to Ctrl-C.
pub fn run_until_interrupted<T>(
    ui: &Ui,
    answer: &str,
    task: impl AsyncFnOnce(Cancellation) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            CommandError::new(
                Exit::Error,
                format!("The program cannot wait for the network: {error}."),
            )
        })?;
    let result = runtime.block_on(async {
        let cancellation = Cancellation::new();
        let signals = Signals::catch().map_err(|error| {
            CommandError::new(
                Exit::Error,
                format!("The program cannot listen to Ctrl-C: {error}."),
            )
        })?;
        let watcher = tokio::spawn(watch_for_signals(signals, cancellation.clone()));
        let listener = cancellation.clone();
        let announce = async {
            listener.cancelled().await;
            ui.err(answer);
            std::future::pending::<T>().await
        };
        let result = tokio::select! {
            // In this order, so that what ends at once is announced as well.
            biased;
            never = announce => Ok(never),
            result = task(cancellation) => result,
        };
        watcher.abort();
        result
    });
    // A question on the terminal may still be waiting for its answer; nobody needs it any more.
    runtime.shutdown_background();
    result
}

async fn watch_for_signals(mut signals: Signals, cancellation: Cancellation) {
    signals.next().await;
    cancellation.cancel();
    signals.next().await;
    std::process::exit(Exit::Interrupted.code().into());
}

/// Ctrl-C and a request to terminate, caught from the moment that this is made.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    const fn catch() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without a handler, the system ends the process.
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Starts the sandbox for a run, if it is wanted. It lives as long as what is returned.
pub async fn start_sandbox(
    run: &mut Run,
    is_wanted: bool,
) -> Result<Option<sandbox::Running>, CommandError> {
    if !is_wanted {
        return Ok(None);
    }
    let directory = run.workspace.root.join(SANDBOX_DIRECTORY);
    if is_written_outside(&run.workspace.root, &directory) {
        return Err(CommandError::new(
            Exit::Invalid,
            format!("`{SANDBOX_DIRECTORY}` is a link that leads out of the workspace."),
        )
        .help("Remove the link: the sandbox keeps its world there."));
    }
    keep_out_of_git(&run.workspace.root)?;
    let options = sandbox::Options {
        world: world_of(run),
        store: Some(directory),
        catalog: Arc::new(Catalog::from_store(&run.store)?),
        ..sandbox::Options::default()
    };
    let running = sandbox::start(options).await.map_err(|error| {
        CommandError::new(
            Exit::Error,
            format!("The sandbox cannot be started: {error}."),
        )
    })?;
    run.options.http.sandbox = Some(SandboxAccess {
        origin: format!("http://{}", running.address()),
        client_id: SecretString::from(sandbox::CLIENT_ID.to_owned()),
        client_secret: SecretString::from(sandbox::CLIENT_SECRET.to_owned()),
        enkryptify_token: SecretString::from(sandbox::ENKRYPTIFY_TOKEN.to_owned()),
    });
    Ok(Some(running))
}

/// Keeps what is of this machine alone out of commits; the state and pulled schemas belong in them.
fn keep_out_of_git(root: &Utf8Path) -> Result<(), CommandError> {
    let directory = root.join(".secsync");
    let file = directory.join(".gitignore");
    if file.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(&directory)
        .and_then(|()| std::fs::write(&file, "sandbox/\n*.lock\n"))
        .map_err(|error| {
            CommandError::new(
                Exit::Error,
                format!("The file {file} cannot be written: {error}."),
            )
        })
}

/// Stops the sandbox, if there is one, and keeps its world for the next run.
pub async fn stop_sandbox(sandbox: Option<sandbox::Running>) -> Result<(), CommandError> {
    let Some(sandbox) = sandbox else {
        return Ok(());
    };
    sandbox.stop().await.map_err(|error| {
        CommandError::new(
            Exit::Error,
            format!("The sandbox's world cannot be kept: {error}."),
        )
    })
}

/// The world that the files speak of: their projects, environments, folders and connections.
pub fn world_of(run: &Run) -> World {
    let mut world = World::default();
    world.license_enterprise();
    for sync in &run.workspace.syncs {
        let Some(project) = sync.project.as_ref().filter(|_| sync.platform.reads_back()) else {
            continue;
        };
        world.mention_project(&project.text);
        if sync.ensure == Ensure::Absent {
            continue;
        }
        let text = |key: &str| sync.fields.get(key).and_then(|node| node.as_str());
        if let Some(environment) = text("environment") {
            world.mention_environment(&project.text, environment);
            if let Some(path) = text("secretPath") {
                world.mention_folder(&project.text, environment, path);
            }
        }
        let key = (sync.platform, sync.destination.text.clone());
        let app = run
            .specs
            .get(&key)
            .and_then(|spec| spec.connection_app.as_deref());
        match (app, &sync.connection) {
            (Some(app), Some((ConnectionRef::Name(name), _))) => {
                world.mention_connection(app, Some(name), None);
            }
            (Some(app), Some((ConnectionRef::Id(id), _))) => {
                world.mention_connection(app, None, Some(id));
            }
            _ => {}
        }
    }
    world
}

/// Reads what there is and plans. What is wrong with the files' names is shown.
pub async fn plan(
    run: &mut Run,
    access: Access,
    ui: &Ui,
    cancellation: &Cancellation,
) -> Result<Planned, CommandError> {
    let state = state_of(run, access).await?;
    let survey = survey(run, ui, cancellation).await?;
    let starts = state.as_ref().map_or(Starts::Missing, State::starts);
    let plan = run.plan(&survey, &starts);
    Ok(Planned {
        survey,
        plan,
        state,
    })
}

/// Reads what there is. What is wrong with the files' names is shown.
pub async fn survey(
    run: &mut Run,
    ui: &Ui,
    cancellation: &Cancellation,
) -> Result<Survey, CommandError> {
    let told = run.workspace.diagnostics.len();
    let survey = run.survey(cancellation).await;
    let found = &run.workspace.diagnostics;
    if found.len() > told {
        let errors: Vec<_> = found
            .iter()
            .filter(|found| found.severity == crate::core::diagnostic::Severity::Error)
            .cloned()
            .collect();
        ui.findings(&errors, &run.workspace.sources);
    }
    survey
}

/// The syncs whose values are shown with their places: all, if more is to be told.
pub fn traced<'a>(survey: &'a Survey, ui: &Ui) -> &'a [ResolvedSync] {
    if ui.verbosity > 0 { &survey.syncs } else { &[] }
}

/// What a command read before it ended: the findings of its files, their texts, and what they
/// declare.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    /// What is wrong with them.
    pub findings: &'a [Diagnostic],
    /// Their texts.
    pub sources: &'a Sources,
    /// The syncs that they declare.
    pub syncs: &'a [DesiredSync],
}

static NO_SOURCES: LazyLock<Sources> = LazyLock::new(Sources::default);

impl<'a> From<Option<&'a Run>> for Files<'a> {
    fn from(run: Option<&'a Run>) -> Self {
        match run.map(|run| &run.workspace) {
            Some(workspace) => Self {
                findings: &workspace.diagnostics,
                sources: &workspace.sources,
                syncs: &workspace.syncs,
            },
            None => Self {
                findings: &[],
                sources: &NO_SOURCES,
                syncs: &[],
            },
        }
    }
}

/// Writes a command's JSON document, if it is wanted: the findings of its files, what `fill` adds,
/// and the end.
pub fn document<'a>(
    kind: &'static str,
    files: impl Into<Files<'a>>,
    ui: &Ui,
    is_sandbox: bool,
    (exit, stop): (Exit, Option<&CommandError>),
    fill: impl FnOnce(&mut Map<String, Value>),
) -> Exit {
    if !ui.wants(Format::Json) {
        return Exit::Done;
    }
    let files = files.into();
    let mut body = Map::new();
    fill(&mut body);
    let ending = Ending {
        command: kind,
        is_sandbox,
        findings: files.findings,
        sources: files.sources,
        problems: stop.map(|stop| stop.problems.as_slice()),
        exit,
    };
    match Document::new(&ending, Some(body)).text() {
        Ok(text) => ui.result(Format::Json, &text),
        Err(error) => ui.stop(&CommandError::new(Exit::Error, error.to_string())),
    }
}

/// Writes a command's review in every form of it that is wanted: the findings, what `fill` adds,
/// and the end.
pub fn review<'a>(
    command: &'static str,
    files: impl Into<Files<'a>>,
    ui: &Ui,
    is_sandbox: bool,
    (exit, stop): (Exit, Option<&'a CommandError>),
    fill: impl FnOnce(&mut Review<'a>),
) -> Exit {
    type Render = fn(&Review<'_>) -> String;
    let forms: [(Format, Render); 6] = [
        (Format::Unified, render::unified::text),
        (Format::Markdown, render::markdown::text),
        (Format::Html, render::html::text),
        (Format::Sarif, render::sarif::text),
        (Format::Github, render::github::text),
        (Format::Junit, render::junit::text),
    ];
    let wanted: Vec<_> = forms
        .into_iter()
        .filter(|(format, _)| ui.wants(*format))
        .collect();
    if wanted.is_empty() {
        return Exit::Done;
    }
    let Files {
        findings,
        sources,
        syncs,
    } = files.into();
    let mut names: Vec<&str> = Vec::new();
    for sync in syncs {
        let name = sources.get(sync.key.source).name.as_str();
        // The syncs of a file stand beside each other.
        if names.last() != Some(&name) {
            names.push(name);
        }
    }
    let mut review = Review {
        command,
        is_sandbox,
        findings,
        sources,
        problems: stop.map_or(&[], |stop| &stop.problems),
        files: names,
        exit_code: exit.code(),
        headline: render::findings::summary(findings).map(|summary| format!("Found {summary}.")),
        items: Vec::new(),
        notes: Vec::new(),
        checkout: checkout(),
    };
    fill(&mut review);
    wanted.into_iter().fold(Exit::Done, |done, (format, text)| {
        done.most_important(ui.result(format, &text(&review)))
    })
}

/// The repository that the command runs in, if it is in one.
fn checkout() -> Option<Checkout> {
    let directory = std::env::current_dir().ok()?;
    let directory = Utf8PathBuf::from_path_buf(directory).ok()?;
    let root = nearest_upwards(&directory, ".git")?;
    Some(Checkout { root, directory })
}

/// The state of a run, if one of its syncs needs it. A sandbox begins with an empty one, as
/// nothing can have been started in it before.
pub async fn state_of(run: &Run, access: Access) -> Result<Option<State>, CommandError> {
    if !run.needs_state() {
        return Ok(None);
    }
    state_at(run, access).await.map(Some)
}

/// The state of a run, whether or not its files need one.
pub async fn state_at(run: &Run, access: Access) -> Result<State, CommandError> {
    let place = run.state_place()?;
    let reach = run.state_access(now);
    let is_sandbox = run.options.http.sandbox.is_some();
    if is_sandbox && !State::open(&place, &reach).await?.is_there() {
        State::init(&place, &reach).await?;
    }
    Ok(match access {
        Access::Read => State::open(&place, &reach).await?,
        Access::Write => State::open_for_writing(&place, &reach).await?,
    })
}

/// The time, in RFC 3339.
pub fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}
