//! Observing what a saved plan is about, and planning what is left of it. Its servers and projects
//! come from the plan, as if a file of the workspace named them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::link::{Link, ProjectNames, Providers};
use super::observe::Seen;
use super::open::Opened;
use super::plan::Planned;
use crate::core::plan::recheck::{Current, Recheck, Stale, recheck};
use crate::core::plan::{Action, Plan, ProjectKey, Subject, Verb};
use crate::core::spec::Specs;
use crate::core::starts::Starts;
use crate::core::words::is_uuid;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::planfile::SavedPlan;
use crate::provider::ProviderConfig;
use crate::provider::environment_variables::check_prefixes;
use crate::state::State;
use crate::workspace::Workspace;

/// What is remote of what a saved plan is about.
pub struct ObservedSaved {
    /// The workspace, as far as its settings go.
    pub workspace: Arc<Workspace>,
    /// What is seen of the servers.
    pub seen: Seen,
}

/// What a saved plan comes to now.
pub enum Rechecked {
    /// This is left to do.
    Remaining {
        /// The actions that are not done yet.
        planned: Box<Planned>,
        /// The syncs that are already as the plan would leave them.
        done: Vec<Subject>,
    },
    /// All of it is done.
    Applied,
    /// Something is not as the plan found it.
    Stale(Vec<Stale>),
}

impl Opened {
    /// The destinations of a plan's syncs, and of those that it found, as far as they are known.
    pub fn specs_of(&self, plan: &Plan) -> Specs {
        let of_action = |action: &Action| {
            let platform = action.subject.platform;
            let found = action.found().map(|found| found.destination.clone());
            let slugs = std::iter::once(action.subject.destination.clone()).chain(found);
            slugs.map(move |slug| (platform, slug)).collect::<Vec<_>>()
        };
        // Many actions share a few destinations.
        let destinations: BTreeSet<_> = plan.actions.iter().flat_map(of_action).collect();
        destinations
            .into_iter()
            .filter_map(|(platform, slug)| {
                let spec = self.spec(platform, &slug)?;
                Some(((platform, slug), spec))
            })
            .collect()
    }

    /// Reads the projects that a plan's actions are about: one list request each, and a look-up
    /// only if `--allow-project` names a project by its slug.
    pub async fn observe_saved(
        &self,
        saved: &SavedPlan,
        link: &Link,
    ) -> Result<ObservedSaved, CommandError> {
        let actions: Vec<&Action> = saved
            .plan
            .actions
            .iter()
            .filter(|action| action.verb() != Verb::Blocked)
            .collect();
        let providers = connect(saved, &actions, link)?;
        let projects: ProjectNames = actions
            .iter()
            .map(|action| {
                let subject = &action.subject;
                (ProjectKey::of_subject(subject), subject.project.clone())
            })
            .collect();
        check_allowed(&projects, &providers, link).await?;
        // What a plan calls a project is only its word for it, and limits go by every word.
        let has_limits = !self.workspace.config.limits.projects.is_empty();
        let named = projects.keys().map(|key| &key.provider);
        let named = named.filter(|_| has_limits).collect();
        let tables = link.project_tables(&providers, named).await?;
        let remote = link.read(&providers, &projects).await?;
        let seen = Seen {
            providers,
            projects,
            tables,
            remote,
        };
        Ok(ObservedSaved {
            workspace: Arc::clone(&self.workspace),
            seen,
        })
    }
}

impl ObservedSaved {
    /// What is left to do of a saved plan, by what is remote now.
    pub fn recheck(self, saved: &SavedPlan, state: Option<State>) -> Rechecked {
        let now = Current {
            remote: &self.seen.remote,
            starts: &state.as_ref().map_or(Starts::Missing, State::starts),
            specs: &saved.specs,
        };
        match recheck(&saved.plan, &now) {
            Recheck::Remaining { plan, done } => Rechecked::Remaining {
                planned: Box::new(Planned {
                    workspace: self.workspace,
                    syncs: Vec::new(),
                    seen: self.seen,
                    plan: *plan,
                    state,
                }),
                done,
            },
            Recheck::Applied => Rechecked::Applied,
            Recheck::Stale(stale) => Rechecked::Stale(stale),
        }
    }
}

fn connect(saved: &SavedPlan, actions: &[&Action], link: &Link) -> Result<Providers, CommandError> {
    check_prefixes(&saved.providers)?;
    let servers: BTreeMap<&String, &String> = actions
        .iter()
        .map(|action| (&action.subject.provider, &action.subject.server))
        .collect();
    let is_used = |config: &&ProviderConfig| servers.contains_key(&config.name);
    let providers = link.connect_to(saved.providers.iter().filter(is_used))?;
    for (name, provider) in &providers {
        if let Some(planned) = servers.get(name)
            && provider.server() != *planned
        {
            return Err(CommandError::new(
                Exit::Error,
                format!(
                    "The plan was made for {planned}, and the provider \"{name}\" is at {}.",
                    provider.server()
                ),
            )
            .help("Name the same server in the environment, or make a new plan."));
        }
    }
    Ok(providers)
}

async fn check_allowed(
    projects: &ProjectNames,
    providers: &Providers,
    link: &Link,
) -> Result<(), CommandError> {
    let allowed = &link.allow_projects;
    // What a plan calls a project is only its word for it, so its slug is looked up.
    let needs_slugs = allowed.iter().any(|allowed| !is_uuid(allowed))
        && projects
            .keys()
            .any(|key| !allowed.contains(&key.project_id));
    let names = projects.keys().map(|key| &key.provider);
    let names: BTreeSet<&String> = names.filter(|_| needs_slugs).collect();
    let tables = link.project_tables(providers, names).await?;
    link.check_allowed_projects("The plan is about projects", projects, &tables)
}
