//! `secsync list`: what the identity can see, and what a file may name.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};

use crate::cli::arguments::{NetworkArguments, open_workspace};
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Human, Session, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::core::platform::Platform;
use crate::core::remote::RemoteEnvironment;
use crate::core::words::list;
use crate::error::CommandError;
use crate::http::error::RequestErrorKind;
use crate::pipeline::{Chosen, Link, Opened, Projects, Wanted};
use crate::provider::default_platform;
use crate::render::json::JsonBody;
use crate::render::listing::{self, Folder, Listing, ListingBody};

/// The arguments of `list`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

/// What is listed.
#[derive(Debug, Subcommand)]
enum What {
    /// The projects.
    Projects {
        #[command(flatten)]
        common: Common,
    },
    /// The connections of the organization, and of a project if one is named.
    Connections {
        /// Only those to this app, which are shown to whoever may use them; `list destinations`
        /// shows the apps.
        #[arg(long, value_name = "APP")]
        app: Option<String>,
        /// A project, by id, slug or name, whose own connections are shown, too.
        #[arg(long, value_name = "PROJECT")]
        project: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// The environments of projects.
    Environments {
        #[command(flatten)]
        projects: ProjectArguments,
        #[command(flatten)]
        common: Common,
    },
    /// The folders that are directly in a folder.
    Folders {
        #[command(flatten)]
        projects: ProjectArguments,
        /// The environment, by its slug.
        #[arg(long, value_name = "ENVIRONMENT")]
        environment: String,
        /// The folder that is looked into.
        #[arg(long, value_name = "PATH", default_value = "/", value_parser = absolute)]
        path: String,
        #[command(flatten)]
        common: Common,
    },
    /// The destinations that the server knows.
    Destinations {
        #[command(flatten)]
        common: Common,
    },
}

/// The flags of every list.
#[derive(Debug, Args)]
struct Common {
    /// The provider to ask, by its name in the files.
    #[arg(long, value_name = "NAME", default_value = default_platform().name())]
    provider: String,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Which projects are looked at.
#[derive(Debug, Args)]
struct ProjectArguments {
    /// A project, by id, slug or name [default: those that the files name].
    #[arg(long, value_name = "PROJECT")]
    project: Vec<String>,
    /// Every project that the identity can see.
    #[arg(long, conflicts_with = "project")]
    all_projects: bool,
}

impl ProjectArguments {
    fn wanted(&self, provider: &str) -> Wanted {
        Wanted {
            provider: provider.to_owned(),
            projects: if self.all_projects {
                Projects::All
            } else {
                Projects::Named(self.project.clone())
            },
        }
    }
}

/// Reads the path of a folder.
fn absolute(text: &str) -> Result<String, String> {
    if text.starts_with('/') {
        Ok(text.to_owned())
    } else {
        Err("a path begins with /".to_owned())
    }
}

impl What {
    const fn common(&self) -> &Common {
        match self {
            Self::Projects { common }
            | Self::Connections { common, .. }
            | Self::Environments { common, .. }
            | Self::Folders { common, .. }
            | Self::Destinations { common } => common,
        }
    }

    /// What it is called, and whether a platform lists it.
    fn is_listed_by(&self, platform: Platform) -> (&'static str, bool) {
        let reads_back = platform.reads_back();
        match self {
            Self::Projects { .. } => ("projects", reads_back),
            Self::Connections { .. } => ("connections", reads_back && platform.has_connections()),
            Self::Environments { .. } => {
                ("environments", reads_back && platform.has_source_folders())
            }
            Self::Folders { .. } => ("folders", reads_back && platform.has_source_folders()),
            Self::Destinations { .. } => {
                ("destinations", reads_back && platform.lists_destinations())
            }
        }
    }
}

impl Command for Arguments {
    const NAME: &'static str = "list";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Listing;

    fn frame(&self) -> CommandFrame<'_> {
        let common = self.what.common();
        CommandFrame::of(&common.output).in_sandbox(common.network.sandbox)
    }

    fn run(self, session: &Session) -> Result<Listing, CommandError> {
        let opened = open_workspace(session)?;
        // Whoever looks something up is often in the middle of writing a file.
        let opened = opened.load_what_exists()?.unchecked();
        let Common {
            provider, network, ..
        } = self.what.common();
        let platform = opened.platform_of(provider)?;
        let (what, is_listed) = self.what.is_listed_by(platform);
        if !is_listed {
            return Err(unlisted(what, provider, platform));
        }
        session.online(network, opened, async |opened: Opened, link| {
            self.what.list(platform, &opened, link).await
        })
    }
}

impl What {
    async fn list(
        &self,
        platform: Platform,
        opened: &Opened,
        link: &Link,
    ) -> Result<Listing, CommandError> {
        let provider = &self.common().provider;
        match self {
            Self::Projects { .. } => {
                let seen = opened.readable(provider, link)?.projects().await?;
                let mut allowed = seen.clone();
                allowed.retain(|project| link.may_read(&project.id, &seen));
                Ok(Listing::Projects(allowed))
            }
            Self::Connections { app, project, .. } => {
                let wanted = (app.as_deref(), project.as_ref());
                connections(opened, (provider, platform), wanted, link).await
            }
            Self::Environments { projects, .. } => {
                let chosen = opened.choose(&projects.wanted(provider), link).await?;
                let mut environments = Vec::new();
                for id in &chosen.ids {
                    let of_project = match environments_in_table(&chosen, id) {
                        Some(environments) => environments.clone(),
                        None => chosen.connected.environments(id).await?,
                    };
                    let word = chosen.word(id);
                    environments.extend(of_project.into_iter().map(|each| (word.to_owned(), each)));
                }
                Ok(Listing::Environments(environments))
            }
            Self::Folders {
                projects,
                environment,
                path,
                ..
            } => {
                let chosen = opened.choose(&projects.wanted(provider), link).await?;
                folders(&chosen, environment, path)
                    .await
                    .map(Listing::Folders)
            }
            Self::Destinations { .. } => {
                let known = opened.readable(provider, link)?.destinations().await?;
                let store = &opened.store;
                let rows = known.into_iter().map(|destination| {
                    let schema = store.destination(platform, &destination.slug)?;
                    Ok((destination, schema.map(|schema| schema.origin.name())))
                });
                rows.collect::<Result<_, CommandError>>()
                    .map(Listing::Destinations)
            }
        }
    }
}

async fn connections(
    opened: &Opened,
    (provider, platform): (&str, Platform),
    (app, project): (Option<&str>, Option<&String>),
    link: &Link,
) -> Result<Listing, CommandError> {
    let (connected, id) = match project {
        Some(word) => {
            let wanted = Wanted {
                provider: provider.to_owned(),
                projects: Projects::Named(vec![word.clone()]),
            };
            let chosen = opened.choose(&wanted, link).await?;
            (chosen.connected, chosen.ids.into_iter().next())
        }
        None => (opened.readable(provider, link)?, None),
    };
    let mut only = None;
    let mut seen = match connected.visible_connections(app, id.as_deref()).await {
        Err(error) if error.kind == RequestErrorKind::Permission => {
            let used = match app {
                Some(_) => BTreeSet::new(),
                None => apps_of_files(opened, provider, platform),
            };
            if used.is_empty() {
                return Err(CommandError::from(error).help(advice(app, id.as_deref())));
            }
            let mut seen = Vec::new();
            for app in &used {
                seen.extend(
                    connected
                        .visible_connections(Some(app), id.as_deref())
                        .await?,
                );
            }
            only = Some(used);
            seen
        }
        result => result?,
    };
    seen.sort_by_cached_key(|seen| (seen.app.clone(), seen.name.clone(), seen.scope()));
    Ok(Listing::Connections(seen, only))
}

/// The apps of the destinations that the files name.
fn apps_of_files(opened: &Opened, provider: &str, platform: Platform) -> BTreeSet<String> {
    let syncs = opened.workspace.syncs.iter();
    syncs
        .filter(|sync| sync.provider.text == provider)
        .filter_map(|sync| {
            let spec = opened.spec(platform, &sync.destination.text)?;
            spec.connection_app.clone()
        })
        .collect()
}

/// What to do if connections may not be listed.
const fn advice(app: Option<&str>, project_id: Option<&str>) -> &'static str {
    match (app, project_id) {
        (None, _) => {
            "An identity that may use connections and not administer them sees those to one app: \
             name it with --app, as `secsync list destinations` shows it."
        }
        (Some(_), Some(_)) => {
            "Give the identity the permission \"connect\" on the app connections of the project, or \
             leave out --project for those of the organization."
        }
        (Some(_), None) => {
            "Give the identity the permission \"connect\" on the organization's app connections."
        }
    }
}

/// The environments of a project, if the list of projects holds them.
fn environments_in_table<'a>(chosen: &'a Chosen, id: &str) -> Option<&'a Vec<RemoteEnvironment>> {
    let mut table = chosen.table.iter();
    table
        .find(|project| project.id == *id)?
        .environments
        .as_ref()
}

async fn folders(
    chosen: &Chosen,
    environment: &str,
    path: &str,
) -> Result<Vec<Folder>, CommandError> {
    // A server can answer for an unknown environment as for one without folders.
    let lacks = |id: &&String| {
        let known = environments_in_table(chosen, id);
        known.is_some_and(|known| known.iter().all(|known| known.slug != environment))
    };
    let (lacking, asked): (Vec<_>, Vec<_>) = chosen.ids.iter().partition(lacks);
    if let ([id, ..], []) = (&lacking[..], &asked[..]) {
        return Err(no_environment(chosen, id, environment));
    }
    let mut folders = Vec::new();
    for id in asked {
        let names = chosen.connected.folders(id, environment, path).await?;
        folders.extend(names.into_iter().map(|name| Folder {
            project: chosen.word(id).to_owned(),
            environment: environment.to_owned(),
            path: format!("{}/{name}", path.trim_end_matches('/')),
        }));
    }
    Ok(folders)
}

/// The error for an environment that a project does not have.
fn no_environment(chosen: &Chosen, id: &str, environment: &str) -> CommandError {
    let message = format!(
        "The project `{}` has no environment `{environment}`.",
        chosen.word(id)
    );
    let known = environments_in_table(chosen, id).into_iter().flatten();
    let slugs: Vec<&str> = known.map(|known| known.slug.as_str()).collect();
    let error = CommandError::usage(message);
    if slugs.is_empty() {
        error
    } else {
        error.help(format!("It has {}.", list(slugs)))
    }
}

/// The error for a platform that has no such list.
fn unlisted(what: &str, provider: &str, platform: Platform) -> CommandError {
    let title = platform.title();
    let message = format!("The provider `{provider}` is {title}, which does not list its {what}.");
    CommandError::usage(message).help(
        if what == "destinations" && !platform.lists_destinations() {
            format!("A file may name any destination of {title} by its slug.")
        } else {
            format!("Look them up in the dashboard of {title}.")
        },
    )
}

impl CommandOutcome for Listing {
    fn human(&self, view: View) -> Human {
        listing::human(self, view.screen).into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        Box::new(ListingBody::from(self))
    }
}
