//! Where the values of planned syncs come from.

use std::fmt::Write as _;

use super::paint::{DIMMED, painted};
use super::text::visible;
use crate::core::effective::{self, EffectiveValue};
use crate::core::plan::{Action, Verb};
use crate::core::resolve::ResolvedSync;
use crate::core::span::Sources;

/// Adds a line for each value of the sync that an action creates or changes.
pub(super) fn write(out: &mut String, action: &Action, syncs: &[ResolvedSync], sources: &Sources) {
    if !matches!(action.verb(), Verb::Create | Verb::Update | Verb::Replace) {
        return;
    }
    let declared = syncs
        .iter()
        .find(|sync| Some(sync.desired.key) == action.place);
    let Some(sync) = declared else { return };
    let origins = effective::values(&sync.desired);
    let rows: Vec<(String, String, String)> = origins
        .iter()
        .map(|origin| {
            let path = visible(&origin.path);
            let value = visible(&origin.value.to_string());
            (path, value, place(origin, sources))
        })
        .collect();
    let width = |cell: fn(&(String, String, String)) -> &String| {
        let widths = rows.iter().map(|row| cell(row).chars().count());
        widths.max().unwrap_or_default()
    };
    let (paths, values) = (width(|row| &row.0) + 1, width(|row| &row.1));
    let _ = writeln!(out, "      {}", painted(DIMMED, "The values come from:"));
    for (path, value, place) in &rows {
        let path = format!("{path}:");
        let _ = writeln!(out, "        {path:paths$} {value:values$}  {place}");
    }
}

fn place(origin: &EffectiveValue, sources: &Sources) -> String {
    let Some(place) = origin.place else {
        return painted(DIMMED, "the environment");
    };
    let line = sources.position(place).line;
    let name = visible(&sources.get(place.source).name);
    let how = if origin.is_inherited {
        " (inherited)"
    } else {
        ""
    };
    painted(DIMMED, &format!("{name}:{line}{how}"))
}
