//! The built-in sandbox of a run: an emulator that knows what the files mention.

use std::io;
use std::sync::Arc;

use camino::Utf8Path;

use crate::core::desired::{ConnectionRef, Ensure};
use crate::core::fields::{ENVIRONMENT, SECRET_PATH};
use crate::core::remote::Scope;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::http::SandboxAccess;
use crate::pipeline::{Link, Opened};
use crate::root::{Existing, Root};
use crate::sandbox::{self, Catalog, Running, World};
use crate::text_file::{UnreadableText, reason};

/// Where the sandbox keeps its world, from the workspace's root.
const DIRECTORY: &str = ".secsync/sandbox";
/// The file that says what Git leaves out, from the workspace's root.
const GITIGNORE: &str = ".secsync/.gitignore";

/// Starts the sandbox, and has the link lead to it. It lives as long as what is returned.
pub async fn start(opened: &Opened, link: &mut Link) -> Result<Running, CommandError> {
    keep_out_of_git(&opened.workspace.root)?;
    let directory = opened.root()?.make_directory(DIRECTORY.into());
    let directory = directory.map_err(|error| cannot_write(DIRECTORY, &error))?;
    let options = sandbox::SandboxOptions {
        world: world_of(opened),
        store: Some(Arc::new(directory)),
        catalog: Arc::new(Catalog::from_store(&opened.store)?),
        ..sandbox::SandboxOptions::default()
    };
    let running = sandbox::start(options).await.map_err(|error| {
        CommandError::new(
            Exit::Error,
            format!("The sandbox cannot be started: {}.", reason(&error)),
        )
    })?;
    link.http.sandbox = Some(SandboxAccess {
        origin: format!("http://{}", running.address()),
        variables: sandbox::demo_variables(running.address())
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    });
    Ok(running)
}

/// Stops the sandbox, and keeps its world for the next run.
pub async fn stop(sandbox: Running) -> Result<(), CommandError> {
    sandbox.stop().await.map_err(|error| {
        CommandError::new(
            Exit::Error,
            format!("The sandbox's world cannot be kept: {}.", reason(&error)),
        )
    })
}

/// Keeps what is of this machine alone out of commits; the state and pulled schemas belong in them.
pub fn keep_out_of_git(root: &Utf8Path) -> Result<(), CommandError> {
    let text = b"sandbox/\n*.backup\n";
    let written =
        Root::open(root).and_then(|root| root.write(GITIGNORE.into(), text, Existing::Keep));
    match written {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(cannot_write(GITIGNORE, &error))
        }
        _ => Ok(()),
    }
}

fn cannot_write(path: &str, error: &io::Error) -> CommandError {
    match UnreadableText::of(error) {
        Some(refusal) => CommandError::new(
            Exit::Invalid,
            format!("The file or directory {path} cannot be written: {refusal}."),
        )
        .help(refusal.help()),
        None => CommandError::new(
            Exit::Error,
            format!(
                "The file or directory {path} cannot be written: {}.",
                reason(error)
            ),
        )
        .help(
            "secsync keeps its own files in .secsync/ of the workspace: make it writable, or use a copy of \
             the workspace.",
        ),
    }
}

/// The world that the files mention: their projects, environments, folders and connections.
pub fn world_of(opened: &Opened) -> World {
    let mut world = World::default();
    world.license_enterprise();
    let mut connections = Vec::new();
    for sync in &opened.workspace.syncs {
        let Some(project) = sync.project.as_ref().filter(|_| sync.platform.reads_back()) else {
            continue;
        };
        world.mention_project(&project.text);
        if sync.ensure == Ensure::Absent {
            continue;
        }
        let text = |key: &str| sync.fields.get(key).and_then(|node| node.as_str());
        if let Some(environment) = text(ENVIRONMENT) {
            world.mention_environment(&project.text, environment);
            if let Some(path) = text(SECRET_PATH) {
                world.mention_folder(&project.text, environment, path);
            }
        }
        // A destination whose schema cannot be used is reported when the syncs are checked.
        let destination = opened
            .store
            .destination(sync.platform, &sync.destination.text);
        let destination = destination.ok().flatten();
        let app = destination
            .as_ref()
            .and_then(|destination| destination.spec.connection_app.as_deref());
        if let (Some(app), Some((connection, _))) = (app, &sync.connection) {
            connections.push((project.text.as_str(), app.to_owned(), connection));
        }
    }
    // Those of projects first: a name without a scope then means them, and not one more.
    let is_of_project = |connection: &ConnectionRef| {
        matches!(connection, ConnectionRef::Name(_, Some(Scope::Project)))
    };
    connections.sort_by_key(|(_, _, connection)| !is_of_project(connection));
    for (project, app, connection) in connections {
        match connection {
            ConnectionRef::Name(name, Some(Scope::Project)) => {
                world.mention_project_connection(project, &app, name);
            }
            ConnectionRef::Name(name, Some(Scope::Organization)) => {
                world.mention_connection(&app, Some(name), None);
            }
            ConnectionRef::Name(name, None) => world.mention_connection_in(project, &app, name),
            ConnectionRef::Id(id) => {
                world.mention_connection(&app, None, Some(id));
            }
        }
    }
    world
}
