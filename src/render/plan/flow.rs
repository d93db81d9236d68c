//! What the sync of an action pushes from where to where.

use serde_json::{Map, Value};

use crate::core::fields::{DESTINATION_CONFIG, ENVIRONMENT, SECRET_PATH};
use crate::core::normalize;
use crate::core::plan::{Action, Step, Verb};
use crate::core::same_destination::Target;
use crate::core::spec::DestinationSpec;
use crate::render::review::{Flow, Risk};

/// What a sync pushes once the action is done, or pushed until then if it goes; `None` if nothing
/// of it changes. The description of the destination says which of its fields are only names.
pub(super) fn of(action: &Action, spec: Option<&DestinationSpec>) -> Option<Flow> {
    let fields = match &action.step {
        Step::Create(new) | Step::Replace { new, .. } => new.expected.clone(),
        Step::Update(update) => update.expected.clone(),
        Step::Delete { old, .. } => normalize::declarable(old),
        Step::Start => Map::new(),
        Step::Trigger { .. } | Step::Blocked { .. } => return None,
    };
    let subject = &action.subject;
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    let source = [
        Some(&*subject.project),
        text(ENVIRONMENT),
        text(SECRET_PATH),
    ];
    let mut target = vec![subject.destination.clone()];
    leaves(fields.get(DESTINATION_CONFIG), &mut target);
    let place = spec.and_then(|spec| Target::of(spec, &fields));
    let place = place.map(|place| format!("{} {}", subject.destination, place.key()));
    let target = target.join(" ");
    Some(Flow {
        source: source.into_iter().flatten().collect::<Vec<_>>().join(" "),
        place: place.unwrap_or_else(|| target.clone()),
        target,
        name: subject.name.clone(),
        risk: risk(action),
    })
}

/// The texts and numbers in a value.
fn leaves(value: Option<&Value>, out: &mut Vec<String>) {
    match value {
        Some(Value::String(text)) => out.push(text.clone()),
        Some(Value::Number(number)) => out.push(number.to_string()),
        Some(Value::Array(values)) => values.iter().for_each(|value| leaves(Some(value), out)),
        Some(Value::Object(fields)) => fields.values().for_each(|value| leaves(Some(value), out)),
        Some(Value::Null | Value::Bool(_)) | None => {}
    }
}

fn risk(action: &Action) -> Risk {
    let mut effects = action.effects.iter();
    if effects.clone().any(|effect| effect.deletes_secrets()) {
        Risk::DeletesSecrets
    } else if effects.any(|effect| effect.is_destructive()) {
        Risk::OverwritesSource
    } else if matches!(action.verb(), Verb::Delete | Verb::Replace) {
        Risk::EndsSync
    } else {
        Risk::Low
    }
}
