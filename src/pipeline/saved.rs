//! Reading what a saved plan is about: its servers and projects come from the plan, as if a file
//! of the workspace named them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::survey::gather;
use super::{Run, Survey};
use crate::cancel::Cancellation;
use crate::core::plan::{Action, Plan, ProjectKey, Verb};
use crate::core::platform::Platform;
use crate::core::spec::{DestinationSpec, Specs};
use crate::core::words::is_uuid;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::http::variables::check_prefixes;
use crate::planfile::SavedPlan;
use crate::provider::{Provider, ProviderConfig};

impl Run {
    /// A destination as the schemas in use describe it, if they do.
    pub fn spec(&self, kind: Platform, slug: &str) -> Option<Arc<DestinationSpec>> {
        let known = self.specs.get(&(kind, slug.to_owned())).cloned();
        known.or_else(|| {
            let destination = self.store.destination(kind, slug).ok().flatten()?;
            Some(Arc::new(destination.spec.clone()))
        })
    }

    /// The destinations of a plan's syncs, and of those that it found, as far as they are known.
    pub fn specs_of(&self, plan: &Plan) -> Specs {
        let of_action = |action: &Action| {
            let kind = action.subject.platform;
            let found = action.found().map(|found| found.destination.clone());
            std::iter::once(action.subject.destination.clone())
                .chain(found)
                .filter_map(move |slug| Some(((kind, slug.clone()), self.spec(kind, &slug)?)))
                .collect::<Vec<_>>()
        };
        plan.actions.iter().flat_map(of_action).collect()
    }

    /// Reads the projects that a plan's actions are about: one list request each, and a look-up
    /// only where `--allow-project` names a project by its slug.
    pub async fn survey_saved(
        &self,
        saved: &SavedPlan,
        cancellation: &Cancellation,
    ) -> Result<Survey, CommandError> {
        let actions = || {
            let actions = saved.plan.actions.iter();
            actions.filter(|action| action.verb() != Verb::Blocked)
        };
        let providers = self.connect_saved(saved, actions(), cancellation)?;
        let projects: BTreeMap<ProjectKey, String> = actions()
            .map(|action| {
                let subject = &action.subject;
                (ProjectKey::of_subject(subject), subject.project.clone())
            })
            .collect();
        self.check_allowed_by_plan(&projects, &providers).await?;
        let remote = self.read(&providers, &projects).await?;
        Ok(Survey {
            providers,
            syncs: Vec::new(),
            projects,
            remote,
        })
    }

    fn connect_saved<'a>(
        &self,
        saved: &SavedPlan,
        actions: impl Iterator<Item = &'a Action>,
        cancellation: &Cancellation,
    ) -> Result<BTreeMap<String, Provider>, CommandError> {
        check_prefixes(&saved.providers)?;
        let servers: BTreeMap<&String, &String> = actions
            .map(|action| (&action.subject.provider, &action.subject.server))
            .collect();
        let is_used = |config: &&ProviderConfig| servers.contains_key(&config.name);
        let providers = self.connect_to(saved.providers.iter().filter(is_used), cancellation)?;
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

    async fn check_allowed_by_plan(
        &self,
        projects: &BTreeMap<ProjectKey, String>,
        providers: &BTreeMap<String, Provider>,
    ) -> Result<(), CommandError> {
        let allowed = &self.options.allow_projects;
        // What a plan calls a project is only its word for it, so a slug is asked for.
        let needs_slugs = allowed.iter().any(|allowed| !is_uuid(allowed))
            && projects
                .keys()
                .any(|key| !allowed.contains(&key.project_id));
        let names: BTreeSet<&String> = projects.keys().map(|key| &key.provider).collect();
        let lookups = names
            .into_iter()
            .filter(|_| needs_slugs)
            .filter_map(|name| match providers.get(name)? {
                Provider::Managed(provider) => {
                    Some(async move { Ok((name.clone(), provider.projects().await?)) })
                }
                Provider::StartOnly(_) => None,
            });
        let tables = gather(lookups, self.options.parallelism).await?;
        self.check_allowed_projects("The plan is about projects", projects, &tables)
    }
}
