//! Carrying out one action.

use super::ApplyContext;
use super::follow::Ended;
use super::managed::Managed;
use super::outcome::Outcome;
use super::start::start;
use crate::core::plan::{Action, Step};
use crate::provider::Provider;

/// Carries out an action. `created` is the id of the sync that an action before it created.
pub async fn run(action: &Action, created: Option<String>, context: &ApplyContext<'_>) -> Ended {
    let impossible = || Outcome::not_tried("Its platform cannot do that.").into();
    match context.providers.get(&action.subject.provider) {
        None => Outcome::not_tried("Its provider is not connected.").into(),
        Some(Provider::StartOnly(provider)) => match action.step {
            Step::Start => start(action, provider.as_ref(), context).await.into(),
            _ => impossible(),
        },
        Some(Provider::Managed(provider)) => {
            let managed = Managed {
                subject: &action.subject,
                provider: provider.as_ref(),
                context,
            };
            match &action.step {
                Step::Create(create) => managed.create(create).await,
                Step::Update(update) => managed.update(update).await,
                Step::Replace {
                    old,
                    remove_secrets,
                    new,
                } => managed.replace(old, *remove_secrets, new).await,
                Step::Delete {
                    old,
                    remove_secrets,
                    ..
                } => managed.delete(&old.id, *remove_secrets).await,
                Step::Trigger { old } => match old.as_ref().map(|old| old.id.clone()).or(created) {
                    Some(id) => managed.trigger(&id).await,
                    None => Outcome::not_tried("Its sync was not created.").into(),
                },
                Step::Start | Step::Blocked { .. } => impossible(),
            }
        }
    }
}
