//! A schema for people: a table of its fields.

use super::style::{BOLD, painted};
use super::table::{Screen, definitions};
use crate::core::text::visible;
use crate::schema::outline::{Outline, OutlineField};

/// A table of the fields. `head` is what it is about. On a screen, what a field takes is wrapped.
pub fn table(head: &str, outline: &Outline, screen: Option<Screen>) -> String {
    let mut rows = vec![["FIELD", "REQUIRED", "VALUE"].map(str::to_owned)];
    add(&mut rows, outline, 0);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let (first, second) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
    let rows: Vec<(String, String)> = rows
        .into_iter()
        .map(|[name, required, value]| (format!("{name:<first$}  {required:<second$}"), value))
        .collect();
    let head = match screen {
        Some(screen) => screen.folded(head).join("\n"),
        None => head.to_owned(),
    };
    let head = painted(BOLD, &head);
    format!(
        "{head}\n\n{}",
        definitions(&rows, first + second + 2, screen)
    )
}

fn add(rows: &mut Vec<[String; 3]>, outline: &Outline, level: usize) {
    let indent = "  ".repeat(level);
    for field in &outline.fields {
        row(rows, field, level);
    }
    let Some(union) = &outline.union else {
        return;
    };
    for (value, fields) in &union.variants {
        let value = value.as_str().map_or_else(|| value.to_string(), visible);
        let tag = visible(&union.tag);
        rows.push([
            format!("{indent}with {tag}: {value}"),
            String::new(),
            String::new(),
        ]);
        for field in fields {
            row(rows, field, level + 1);
        }
    }
}

fn row(rows: &mut Vec<[String; 3]>, field: &OutlineField, level: usize) {
    let indent = "  ".repeat(level);
    rows.push([
        format!("{indent}{}", visible(&field.name)),
        if field.is_required { "yes" } else { "no" }.to_owned(),
        field.says(),
    ]);
    if let Some(inner) = &field.inner {
        add(rows, inner, level + 1);
    }
}
