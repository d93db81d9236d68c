//! The effects of each kind of action. What a push does to secrets, the platform says.

use serde_json::{Map, Value};

use crate::core::effect::Effect;
use crate::core::normalize::Comparable;
use crate::core::rules::Rules;
use crate::core::spec::DestinationSpec;

/// What creating a sync does besides.
pub fn of_create(rules: &dyn Rules, sync: &Comparable, is_triggered: bool) -> Vec<Effect> {
    if !rules.is_auto_synced(sync) && !is_triggered {
        return vec![Effect::NotPushed];
    }
    rules.effects_of_first_sync(sync)
}

/// What a job that is asked for does. The first push is the one with effects; those in `reported` are
/// already said, of a change that the job follows.
pub fn of_trigger(
    rules: &dyn Rules,
    was_pushed: bool,
    sync: &Comparable,
    reported: &[Effect],
) -> Vec<Effect> {
    if was_pushed {
        return Vec::new();
    }
    let mut effects = rules.effects_of_first_sync(sync);
    effects.retain(|effect| !reported.contains(effect));
    effects
}

/// What an update does besides that its changes do not show.
pub fn of_sending(
    spec: &DestinationSpec,
    request: &Map<String, Value>,
    is_resent: bool,
) -> impl Iterator<Item = Effect> {
    let has_unread = !spec.create.unread(request).is_empty();
    [
        (is_resent, Effect::SentWhole),
        (has_unread, Effect::SendsUnread),
    ]
    .into_iter()
    .filter_map(|(holds, effect)| holds.then_some(effect))
}

/// What deleting a sync does besides.
pub fn of_delete(remove_secrets: bool) -> Effect {
    if remove_secrets {
        Effect::SecretsRemoved
    } else {
        Effect::SecretsStay
    }
}
