//! Where the values of planned syncs come from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::core::effective::{self, EffectiveValue};
use crate::core::plan::{Action, Step};
use crate::core::resolve::ResolvedSync;
use crate::core::sources::Sources;
use crate::core::span::Span;
use crate::core::text::visible;
use crate::render::style::{DIMMED, line_of, painted, value, width};

/// Adds a line for each value of the sync that an action creates or changes.
pub(super) fn write(
    out: &mut String,
    action: &Action,
    syncs: &BTreeMap<Span, &ResolvedSync>,
    sources: &Sources,
) {
    let (spec, request) = match &action.step {
        Step::Create(new) | Step::Replace { new, .. } => (&new.spec, &new.body),
        Step::Update(update) => (&update.spec, &update.body),
        _ => return,
    };
    let unread = spec.create.unread(request);
    let declared = action.place.and_then(|place| syncs.get(&place));
    let Some(sync) = declared else { return };
    let origins = effective::values(&sync.desired);
    let rows: Vec<(String, String, String)> = origins
        .iter()
        .map(|origin| {
            let path = visible(&origin.path) + ":";
            let mut place = place(origin, sources);
            if unread.contains(&origin.path) {
                place.push_str(&painted(DIMMED, ", not read back"));
            }
            (path, value(&origin.value), place)
        })
        .collect();
    let paths = width(rows.iter().map(|row| row.0.as_str()));
    let values = width(rows.iter().map(|row| row.1.as_str()));
    let _ = writeln!(out, "      {}", painted(DIMMED, "The values come from:"));
    for (path, value, place) in &rows {
        let _ = writeln!(out, "        {path:paths$} {value:values$}  {place}");
    }
}

fn place(origin: &EffectiveValue, sources: &Sources) -> String {
    let Some(place) = origin.place else {
        return painted(DIMMED, "the environment");
    };
    let how = if origin.is_inherited {
        " (inherited)"
    } else {
        ""
    };
    painted(DIMMED, &(line_of(place, sources) + how))
}
