//! What an identity can see, and how files name it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;

use super::table::{Row, Screen, table};
use crate::core::remote::{RemoteConnection, RemoteDestination, RemoteEnvironment, RemoteProject};
use crate::core::resolve;
use crate::core::text::visible;
use crate::core::words::list;

/// What an identity can see, of one kind.
pub enum Listing {
    /// Projects.
    Projects(Vec<RemoteProject>),
    /// Connections, and the apps to which alone they are if the identity may not list all.
    Connections(Vec<RemoteConnection>, Option<BTreeSet<String>>),
    /// Environments, each with the word that a file names its project by.
    Environments(Vec<(String, RemoteEnvironment)>),
    /// Folders.
    Folders(Vec<Folder>),
    /// Destinations, each with where its schema comes from; `None` if missing.
    Destinations(Vec<(RemoteDestination, Option<&'static str>)>),
}

/// A folder of an environment.
#[derive(Debug, Serialize)]
pub struct Folder {
    /// The word that a file names its project by.
    pub project: String,
    /// The slug of its environment.
    pub environment: String,
    /// Its whole path.
    pub path: String,
}

/// A table of what can be seen; a sentence if that is nothing.
pub fn human(listing: &Listing, screen: Option<Screen>) -> String {
    match listing {
        Listing::Projects(projects) => shown(
            ["PROJECT", "NAME", "ID"],
            projects.iter().map(|project| {
                let word = resolve::project_word(&project.id, projects);
                [word.to_owned(), project.name.clone(), project.id.clone()]
            }),
            "This identity sees no project.",
            screen,
        ),
        Listing::Connections(connections, only) => {
            let mut text = shown(
                ["CONNECTION", "APP", "SCOPE", "ID"],
                connections.iter().map(|connection| {
                    let scope = connection.scope().word().to_owned();
                    let RemoteConnection { name, app, id, .. } = connection.clone();
                    [name, app, scope, id]
                }),
                "This identity sees no connection.",
                screen,
            );
            if let Some(apps) = only {
                let _ = write!(
                    text,
                    "\nThis identity may not list all connections: these are the ones to the apps that \
                     the files use ({}). Name another app with --app.\n",
                    list(apps.iter().map(String::as_str))
                );
            }
            text
        }
        Listing::Environments(environments) => shown(
            ["PROJECT", "ENVIRONMENT", "NAME"],
            environments.iter().map(|(project, environment)| {
                let RemoteEnvironment { slug, name } = environment.clone();
                [project.clone(), slug, name]
            }),
            "There is no environment.",
            screen,
        ),
        Listing::Folders(folders) => shown(
            ["PROJECT", "ENVIRONMENT", "PATH"],
            folders.iter().map(|folder| {
                [&folder.project, &folder.environment, &folder.path].map(String::clone)
            }),
            "The server shows no folder in it. It answers the same if the path does not exist.",
            screen,
        ),
        Listing::Destinations(destinations) => {
            let mut text = shown(
                ["DESTINATION", "NAME", "CONNECTION", "IMPORT", "SCHEMA"],
                destinations.iter().map(|(destination, schema)| {
                    let app = destination.app.as_deref().unwrap_or("-");
                    let import = if destination.can_import { "yes" } else { "no" };
                    let RemoteDestination { slug, name, .. } = destination.clone();
                    let schema = schema.unwrap_or("none");
                    [
                        slug,
                        name,
                        app.to_owned(),
                        import.to_owned(),
                        schema.to_owned(),
                    ]
                }),
                "The server knows no destination.",
                screen,
            );
            if destinations.iter().any(|(_, schema)| schema.is_none()) {
                text.push_str(
                    "\nA file can name a destination without a schema after `secsync schema pull` \
                     from this server.\n",
                );
            }
            text
        }
    }
}

/// A table of what can be seen; a sentence if that is nothing.
fn shown<const N: usize>(
    headings: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
    nothing: &str,
    screen: Option<Screen>,
) -> String {
    let rows: Vec<Row<N>> = rows
        .map(|row| Row::new(row.map(|cell| visible(&cell))))
        .collect();
    if rows.is_empty() {
        return format!("{nothing}\n");
    }
    table(headings, &rows, screen)
}

/// What can be seen in a JSON document, under the name of its kind.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum ListingBody<'a> {
    /// Projects.
    Projects {
        /// Each of them.
        projects: Vec<ProjectFields<'a>>,
    },
    /// Connections.
    Connections {
        /// Each of them.
        connections: Vec<ConnectionFields<'a>>,
        /// The apps to which alone they are; `None` if they are all that the identity can see.
        only_apps: Option<&'a BTreeSet<String>>,
    },
    /// Environments.
    Environments {
        /// Each of them.
        environments: Vec<EnvironmentFields<'a>>,
    },
    /// Folders.
    Folders {
        /// Each of them.
        folders: &'a [Folder],
    },
    /// Destinations.
    Destinations {
        /// Each of them.
        destinations: Vec<DestinationFields<'a>>,
    },
}

/// A project in a JSON document.
#[derive(Serialize)]
pub struct ProjectFields<'a> {
    /// The word that a file names it by.
    project: &'a str,
    id: &'a str,
    slug: &'a str,
    name: &'a str,
}

/// A connection in a JSON document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionFields<'a> {
    connection: &'a str,
    app: &'a str,
    scope: &'static str,
    /// The project that it belongs to.
    project_id: Option<&'a str>,
    id: &'a str,
}

/// An environment in a JSON document.
#[derive(Serialize)]
pub struct EnvironmentFields<'a> {
    project: &'a str,
    environment: &'a str,
    name: &'a str,
}

/// A destination in a JSON document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DestinationFields<'a> {
    destination: &'a str,
    name: &'a str,
    connection_app: Option<&'a str>,
    can_import: bool,
    /// Where its schema comes from; `None` if missing.
    schema: Option<&'static str>,
}

impl<'a> From<&'a Listing> for ListingBody<'a> {
    fn from(listing: &'a Listing) -> Self {
        match listing {
            Listing::Projects(projects) => {
                let fields = projects.iter().map(|project| ProjectFields {
                    project: resolve::project_word(&project.id, projects),
                    id: &project.id,
                    slug: &project.slug,
                    name: &project.name,
                });
                Self::Projects {
                    projects: fields.collect(),
                }
            }
            Listing::Connections(connections, only) => {
                let fields = connections.iter().map(|connection| ConnectionFields {
                    connection: &connection.name,
                    app: &connection.app,
                    scope: connection.scope().word(),
                    project_id: connection.project_id.as_deref(),
                    id: &connection.id,
                });
                Self::Connections {
                    connections: fields.collect(),
                    only_apps: only.as_ref(),
                }
            }
            Listing::Environments(environments) => {
                let fields = environments.iter();
                let fields = fields.map(|(project, environment)| EnvironmentFields {
                    project,
                    environment: &environment.slug,
                    name: &environment.name,
                });
                Self::Environments {
                    environments: fields.collect(),
                }
            }
            Listing::Folders(folders) => Self::Folders { folders },
            Listing::Destinations(destinations) => {
                let fields = destinations.iter();
                let fields = fields.map(|(destination, schema)| DestinationFields {
                    destination: &destination.slug,
                    name: &destination.name,
                    connection_app: destination.app.as_deref(),
                    can_import: destination.can_import,
                    schema: *schema,
                });
                Self::Destinations {
                    destinations: fields.collect(),
                }
            }
        }
    }
}
