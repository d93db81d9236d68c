//! Carrying out one action.

use super::ApplyContext;
use super::attempt::Untried;
use super::follow::Ended;
use super::managed::Managed;
use super::start::start;
use crate::core::plan::{Action, Step};
use crate::provider::Provider;

const IMPOSSIBLE: &str = "Its platform cannot do that.";

/// Carries out the action of that index. `created` is the id of the sync that an action before it
/// created.
pub async fn run(
    (index, action): (usize, &Action),
    untried: Untried,
    created: Option<String>,
    context: &ApplyContext<'_>,
) -> Ended {
    match context.providers.get(&action.subject.provider) {
        None => untried.outcome("Its provider is not connected.").into(),
        Some(Provider::StartOnly(provider)) => match action.step {
            Step::Start => start(action, provider.as_ref(), untried.into(), context)
                .await
                .into(),
            _ => untried.outcome(IMPOSSIBLE).into(),
        },
        Some(Provider::Managed(provider)) => {
            let managed = Managed {
                index,
                subject: &action.subject,
                provider: provider.as_ref(),
                context,
            };
            match &action.step {
                Step::Create(create) => managed.create(create, untried.into()).await,
                Step::Update(update) => managed.update(update, untried.into()).await,
                Step::Replace {
                    old,
                    remove_secrets,
                    new,
                } => {
                    let old = (&**old, *remove_secrets);
                    managed.replace(old, new, untried.into()).await
                }
                Step::Delete {
                    old,
                    remove_secrets,
                    ..
                } => managed.delete((old, *remove_secrets), untried.into()).await,
                Step::Trigger { old } => match old.as_ref().map(|old| old.id.clone()).or(created) {
                    Some(id) => managed.trigger(&id, untried.into()).await,
                    None => untried.outcome("Its sync was not created.").into(),
                },
                Step::Start | Step::Blocked { .. } => untried.outcome(IMPOSSIBLE).into(),
            }
        }
    }
}
