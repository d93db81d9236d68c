//! `matrix:` makes one block many: this is the only place that expands it.
//!
//! The product of the axes, then `exclude`, then `include`, with the semantics of GitHub Actions. An
//! entry of the two matches a combination if every leaf that it names under an axis is equal there,
//! so that maps match partially. An `include` entry adds what it names beside the axes to all
//! combinations that it matches, later ones replacing what earlier ones added, and never a value of
//! an axis; if it matches none it is a cell of its own, which later entries do not extend.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::cell::{Cell, LabelStyle, Values};
use super::code::Code;
use super::diagnostic::{Diagnostic, MOST_AT_ONE_PLACE};
use super::fields::MATRIX;
use super::form;
use super::span::Span;
use super::suggest::closest;
use super::sync_file::Block;
use super::value::{Entry, Mapping, Node, Style, Value};
use super::vars::{self, Bindings, CellScope, MatrixScope, Variables};
use super::words::{any_of, count, list};
use crate::core::sources::Sources;

/// How many cells a matrix has at most.
const MOST_CELLS: usize = 10_000;
/// How many combinations the values of its axes have at most, before `exclude`.
const MOST_COMBINATIONS: usize = 1_000_000;
/// How many names a matrix has at most: axes, and what `include` adds.
const MOST_NAMES: usize = 100;
/// How much can be compared at most: the bytes of `exclude` and `include` with each value of an axis,
/// and each of their entries with each combination.
const MOST_COMPARED: usize = 100_000_000;

/// The file that the rest of a matrix is read from.
pub const FROM: &str = "from";
const EXCLUDE: &str = "exclude";
const INCLUDE: &str = "include";

/// A matrix as it is written.
#[derive(Debug)]
struct Matrix<'a> {
    axes: Vec<Axis<'a>>,
    exclude: Vec<&'a Mapping>,
    include: Vec<&'a Mapping>,
    place: Span,
}

/// An axis and its values.
#[derive(Debug)]
struct Axis<'a> {
    name: &'a str,
    place: Span,
    values: &'a [Node],
}

/// A matrix and what its block says, variables not put into the block yet.
#[derive(Debug)]
pub struct Template<'a> {
    /// The block, its `matrix` included.
    pub block: &'a Block,
    /// The matrix, variables put in, and the one of the file that it is read from.
    pub matrix: [Option<&'a Mapping>; 2],
    /// Where the matrix is.
    pub place: Span,
}

/// The blocks that a block with a matrix stands for, one for each cell. Of two cells with one name
/// the first is kept.
pub fn expand(
    template: &Template<'_>,
    variables: &Variables,
    typed: &dyn Fn(&str) -> Value,
    sources: &mut Sources,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Block> {
    let Some(matrix) = Matrix::read(template, diagnostics) else {
        return Vec::new();
    };
    let cells = matrix.cells(diagnostics);
    if cells.is_empty() {
        return Vec::new();
    }
    let block = template.block;
    let mut fields = block.fields.clone();
    fields.remove(MATRIX);
    let of_block = Value::Mapping(fields);
    let weight = (block.key.len() + of_block.weight()).saturating_mul(cells.len());
    if !variables.has_room_for(weight) {
        diagnostics.push(vars::too_much(matrix.place));
        return Vec::new();
    }
    let of_block = Node {
        value: of_block,
        span: block.span,
        style: Style::Collection,
    };
    let used = Used::of(&block.key, block.key_span, &of_block);
    let unknown = used.report_unknown(&matrix, &cells, diagnostics);
    let names_apart = used.check_axes(&matrix, &cells, block, diagnostics);

    let template_key: Arc<str> = block.key.as_str().into();
    let mut blocks = Vec::with_capacity(cells.len());
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let labels = matrix.labels(&cells, &used.in_key);
    for (values, label) in cells.iter().zip(labels) {
        let index = sources.next_cell();
        let cell = CellScope {
            values,
            index,
            unknown: &unknown,
            uses: RefCell::default(),
        };
        let scope = Bindings {
            variables,
            matrix: MatrixScope::Cell(&cell),
        };
        let key_span = block.key_span.in_cell(index);
        let key = vars::expand_key(&block.key, key_span, scope, diagnostics);
        let first = key.as_ref().and_then(|key| seen.get(key));
        if let (Some(key), Some(first)) = (&key, first)
            && names_apart
            && vars::is_literal(key, false)
        {
            let message =
                format!("Two cells of this matrix have the name `{key}`: ({first}) and ({label}).");
            diagnostics.push(
                Diagnostic::new(Code::DuplicateSync, block.key_span, message).help(
                    "Use a field in the key that differs between them, or remove one of them.",
                ),
            );
        }
        let own_key = key.filter(|_| first.is_none());
        if let Some(key) = &own_key {
            let mut fields = of_block.clone();
            vars::expand(&mut fields, scope, typed, diagnostics);
            seen.insert(key.clone(), label.clone());
            if let Value::Mapping(fields) = fields.value {
                blocks.push(Block {
                    key: key.clone(),
                    key_span,
                    span: block.span.in_cell(index),
                    fields,
                    cell: Some(values.clone()),
                });
            }
        }
        sources.add_cell(Cell {
            label,
            values: values.clone(),
            template: Arc::clone(&template_key),
            key: own_key.unwrap_or_default(),
            of: cells.len(),
            uses: cell.uses.into_inner(),
        });
    }
    blocks
}

impl<'a> Matrix<'a> {
    fn read(template: &Template<'a>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let mut matrix = Self {
            axes: Vec::new(),
            exclude: Vec::new(),
            include: Vec::new(),
            place: template.place,
        };
        let before = diagnostics.len();
        let maps = template.matrix.into_iter().flatten();
        for entry in maps.flat_map(Mapping::entries) {
            match entry.key.as_str() {
                FROM => {}
                EXCLUDE => matrix.exclude.extend(entries(entry, diagnostics)),
                INCLUDE => matrix.include.extend(entries(entry, diagnostics)),
                _ => matrix.axes.extend(axis(entry, diagnostics)),
            }
        }
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for axis in &matrix.axes {
            if let Some(first) = seen.insert(axis.name, axis.place) {
                diagnostics.push(
                    Diagnostic::new(
                        Code::ConflictingFields,
                        axis.place,
                        format!("The axis `{}` is given both here and in a file.", axis.name),
                    )
                    .also(first, "the other one")
                    .help("Keep one of the two."),
                );
            }
        }
        let is_empty = matrix.axes.is_empty() && matrix.include.is_empty();
        if is_empty && diagnostics.len() == before {
            diagnostics.push(wrong(
                matrix.place,
                "This matrix has no axis.",
                "Write one: `app: [web, api]`.",
            ));
        }
        if diagnostics.len() > before {
            return None;
        }
        if let Some(too_large) = matrix.too_large() {
            diagnostics.push(too_large);
            return None;
        }
        Some(matrix)
    }

    /// What would take too long to expand.
    fn too_large(&self) -> Option<Diagnostic> {
        let sizes: Vec<usize> = self.axes.iter().map(|axis| axis.values.len()).collect();
        let product = self.combinations();
        if product > MOST_COMBINATIONS {
            let how = if product == usize::MAX {
                format!("the values of {} axes", sizes.len())
            } else {
                self.product_in_words()
            };
            return Some(wrong(
                self.place,
                format!("The axes of this matrix have more than 1,000,000 combinations: {how}."),
                "Split it into several syncs with a matrix each, or list the cells under `include`.",
            ));
        }
        let added = self.include.iter().flat_map(|fields| fields.entries());
        let axes = self.axes.iter().map(|axis| axis.name);
        let names: BTreeSet<&str> = axes.chain(added.map(|entry| entry.key.as_str())).collect();
        if names.len() > MOST_NAMES {
            return Some(wrong(
                self.place,
                format!(
                    "This matrix has {} names, axes and what `include` adds, and at most {MOST_NAMES} are possible.",
                    names.len()
                ),
                "Put what belongs together into one axis, as the fields of a map.",
            ));
        }
        let compared = self.exclude.iter().chain(&self.include);
        let values: usize = sizes.iter().sum();
        let weight: usize = compared.clone().map(|fields| fields.weight()).sum();
        let of_values = weight.saturating_mul(values);
        let of_combinations = compared.count().saturating_mul(product);
        (of_values.saturating_add(of_combinations) > MOST_COMPARED).then(|| {
            wrong(
                self.place,
                "`exclude` and `include` are too long for so many combinations.",
                "Split it into several syncs with a matrix each.",
            )
        })
    }

    /// How many combinations the values of all axes have: none if there is no axis.
    fn combinations(&self) -> usize {
        let sizes = self.axes.iter().map(|axis| axis.values.len());
        if self.axes.is_empty() {
            0
        } else {
            sizes.fold(1, usize::saturating_mul)
        }
    }

    /// `2 × 3 are 6`; `its axis has 6 values`.
    fn product_in_words(&self) -> String {
        if let [axis] = self.axes.as_slice() {
            return format!("its axis has {} values", axis.values.len());
        }
        let sizes = self.axes.iter().map(|axis| axis.values.len().to_string());
        let sizes: Vec<String> = sizes.collect();
        format!("{} are {}", sizes.join(" × "), self.combinations())
    }

    /// The values of each cell. Only what `exclude` leaves is made.
    fn cells(&self, diagnostics: &mut Vec<Diagnostic>) -> Vec<Values> {
        let before = diagnostics.len();
        let mut is_left = vec![true; self.combinations()];
        for fields in &self.exclude {
            self.check_names(fields, diagnostics);
            for index in self.matching(fields) {
                // Without an axis there is no combination to take out.
                if let Some(is_left) = is_left.get_mut(index) {
                    *is_left = false;
                }
            }
        }
        let left: Vec<usize> = (0..is_left.len()).filter(|index| is_left[*index]).collect();
        let too_many_left = left.len() > MOST_CELLS;
        if too_many_left {
            let how = if self.exclude.is_empty() {
                self.product_in_words()
            } else {
                format!(
                    "{}, and `exclude` leaves {}",
                    self.product_in_words(),
                    left.len()
                )
            };
            diagnostics.push(too_many(self.place, &how));
            return Vec::new();
        }
        let mut product = self.product(left);
        let own = self.include(&mut product);
        let cells: Vec<Values> = product.into_values().chain(own).collect();
        if cells.len() > MOST_CELLS {
            diagnostics.push(too_many(
                self.place,
                &format!("{} with `include`", cells.len()),
            ));
            return Vec::new();
        }
        if cells.is_empty() && diagnostics.len() == before {
            diagnostics.push(wrong(
                self.place,
                "This matrix has no cell: `exclude` takes all of them.",
                "Correct `exclude`, or remove the sync.",
            ));
        }
        cells
    }

    /// The combinations of these indices, of which the values of the last axis change first.
    fn product(&self, indices: Vec<usize>) -> BTreeMap<usize, Values> {
        let axes: Vec<(Arc<str>, Vec<Arc<Node>>)> = self
            .axes
            .iter()
            .map(|axis| {
                let values = axis.values.iter().cloned().map(Arc::new).collect();
                (axis.name.into(), values)
            })
            .collect();
        let combination = |index: usize| {
            let mut rest = index;
            let mut values: Vec<_> = axes
                .iter()
                .rev()
                .map(|(name, values)| {
                    let value = &values[rest % values.len()];
                    rest /= values.len();
                    (Arc::clone(name), Arc::clone(value))
                })
                .collect();
            values.reverse();
            (index, Values(values))
        };
        indices.into_iter().map(combination).collect()
    }

    /// Adds what `include` says to the combinations, and returns the cells of its own.
    fn include(&self, product: &mut BTreeMap<usize, Values>) -> Vec<Values> {
        let mut own = Vec::new();
        for fields in &self.include {
            let is_axis = |name: &str| self.axes.iter().any(|axis| axis.name == name);
            let entries = fields.entries().iter();
            let values = Values(
                entries
                    .map(|entry| (entry.key.as_str().into(), Arc::new(entry.value.clone())))
                    .collect(),
            );
            let mut has_matched = false;
            for index in self.matching(fields) {
                let Some(cell) = product.get_mut(&index) else {
                    continue;
                };
                has_matched = true;
                for (name, value) in values.0.iter().filter(|(name, _)| !is_axis(name)) {
                    cell.set(name, value);
                }
            }
            if !has_matched {
                own.push(values);
            }
        }
        own
    }

    /// The indices of the combinations that an entry of `exclude` or `include` matches.
    fn matching(&self, fields: &Mapping) -> Vec<usize> {
        let mut found = vec![0];
        for axis in &self.axes {
            let wanted = fields.get(axis.name);
            let is_chosen =
                |index: &usize| wanted.is_none_or(|wanted| is_within(wanted, &axis.values[*index]));
            let chosen: Vec<usize> = (0..axis.values.len()).filter(is_chosen).collect();
            found = found
                .iter()
                .flat_map(|before| {
                    chosen
                        .iter()
                        .map(move |index| before * axis.values.len() + index)
                })
                .collect();
        }
        found
    }

    /// A label for each cell, of which no two are the same: the values of its axes, or without an axis
    /// what differs between cells. If some are still the same, all that differs, and then a number.
    fn labels(&self, cells: &[Values], used_in_key: &[String]) -> Vec<String> {
        let axes = self.axes.iter().map(|axis| axis.name);
        let mut differing: Vec<&str> = axes.clone().collect();
        for name in names(cells) {
            if !differing.contains(&name) && (differs(name, cells) || is_missing(name, cells)) {
                differing.push(name);
            }
        }
        if differing.is_empty() {
            let first = cells.first().and_then(|cell| cell.0.first());
            differing.extend(first.map(|(name, _)| &**name));
        }
        let usual = if self.axes.is_empty() {
            differing.clone()
        } else {
            axes.collect()
        };
        let labels = |names: &[&str], style: LabelStyle<'_>| -> Vec<String> {
            let labels = cells.iter().map(|cell| cell.label(names, style));
            labels.collect()
        };
        let short = LabelStyle::Short { used_in_key };
        let mut found = labels(&usual, short);
        if !all_differ(&found) {
            found = labels(&differing, short);
        }
        if !all_differ(&found) {
            found = labels(&differing, LabelStyle::Whole);
        }
        if !all_differ(&found) {
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            for label in &mut found {
                let count = seen.entry(label.clone()).or_default();
                *count += 1;
                if *count > 1 {
                    label.push_str(&format!(", #{count}"));
                }
            }
        }
        found
    }

    /// Reports what an entry of `exclude` names that is no axis: it would match nothing.
    fn check_names(&self, fields: &Mapping, diagnostics: &mut Vec<Diagnostic>) {
        for entry in fields.entries() {
            let mut names = self.axes.iter().map(|axis| axis.name);
            if names.clone().any(|name| name == entry.key) {
                continue;
            }
            let message = format!("`{}` is not an axis of this matrix.", entry.key);
            diagnostics.push(
                Diagnostic::new(Code::UnknownReference, entry.key_span, message).suggest(
                    &entry.key,
                    names.clone(),
                    || {
                        if self.axes.is_empty() {
                            "It has no axis to exclude from: shorten `include`.".to_owned()
                        } else {
                            format!("Its axes are {}.", list(names.by_ref()))
                        }
                    },
                ),
            );
        }
    }
}

/// Whether every leaf of one value is equal in another.
fn is_within(wanted: &Node, value: &Node) -> bool {
    match (&wanted.value, &value.value) {
        (Value::Mapping(wanted), Value::Mapping(fields)) => wanted.entries().iter().all(|entry| {
            let value = fields.get(&entry.key);
            value.is_some_and(|value| is_within(&entry.value, value))
        }),
        (wanted, value) => wanted.is_same(value),
    }
}

/// The maps in `exclude` or `include`.
fn entries<'a>(entry: &'a Entry, diagnostics: &mut Vec<Diagnostic>) -> Vec<&'a Mapping> {
    let Some(items) = entry.value.as_sequence() else {
        if !entry.value.is_null() {
            diagnostics.push(form::wrong_type(&entry.value, &entry.key, "a list of maps"));
        }
        return Vec::new();
    };
    let mut good = Vec::with_capacity(items.len());
    for item in items {
        let what = format!("An entry of `{}`", entry.key);
        match form::expect_mapping(item, &what, diagnostics) {
            Some(fields) if !fields.is_empty() => good.push(fields),
            Some(_) => diagnostics.push(wrong(
                item.span,
                format!("This entry of `{}` names nothing.", entry.key),
                "Name an axis and its value: `app: web`.",
            )),
            None => {}
        }
    }
    good
}

fn axis<'a>(entry: &'a Entry, diagnostics: &mut Vec<Diagnostic>) -> Option<Axis<'a>> {
    let name = entry.key.as_str();
    let values = entry.value.as_sequence();
    let found = match values {
        _ if !vars::is_axis_name(name) => wrong(
            entry.key_span,
            format!("An axis cannot be named `{name}`."),
            "Use letters, digits, `_` and `-`.",
        ),
        None => wrong(
            entry.value.span,
            format!(
                "The axis `{name}` must be a list of values, and this is {}.",
                entry.value.value.kind()
            ),
            "Write its values as a list, in brackets.",
        ),
        Some([]) => wrong(
            entry.value.span,
            format!("The axis `{name}` has no value, so the matrix has no cell."),
            "Give it a value, or remove the sync.",
        ),
        Some(values) => {
            return Some(Axis {
                name,
                place: entry.key_span,
                values,
            });
        }
    };
    diagnostics.push(found);
    None
}

/// Something that keeps a matrix from being expanded.
fn wrong(place: Span, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::MatrixForm, place, message).help(help)
}

fn too_many(place: Span, how: &str) -> Diagnostic {
    wrong(
        place,
        format!("This matrix has more than 10,000 cells: {how}."),
        "Split it into several syncs with a matrix each.",
    )
}

/// The references in a block.
struct Used {
    /// The paths in the key.
    in_key: Vec<String>,
    /// Every path, and where it is.
    all: BTreeMap<String, Vec<Span>>,
}

impl Used {
    fn of(key: &str, key_span: Span, fields: &Node) -> Self {
        let mut used = Self {
            in_key: vars::fields(key, true).map(str::to_owned).collect(),
            all: BTreeMap::new(),
        };
        for path in &used.in_key {
            used.all.entry(path.clone()).or_default().push(key_span);
        }
        used.add(fields);
        used
    }

    fn add(&mut self, node: &Node) {
        match &node.value {
            Value::String(text) => {
                for path in vars::fields(text, false) {
                    let places = self.all.entry(path.to_owned()).or_default();
                    // A text can repeat a reference, and a block a text.
                    if places.len() < MOST_AT_ONE_PLACE && places.last() != Some(&node.span) {
                        places.push(node.span);
                    }
                }
            }
            Value::Sequence(items) => items.iter().for_each(|item| self.add(item)),
            Value::Mapping(mapping) => {
                for entry in mapping.entries() {
                    self.add(&entry.value);
                }
            }
            _ => {}
        }
    }

    /// Reports the paths that no cell has, and returns them.
    fn report_unknown(
        &self,
        matrix: &Matrix<'_>,
        cells: &[Values],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> BTreeSet<String> {
        let distinct = distinct(cells);
        let has = |path: &str| {
            let (name, rest) = path.split_once('.').unwrap_or((path, ""));
            let mut values = distinct.get(name).into_iter().flatten();
            values.any(|value| rest.is_empty() || value.at(rest).is_some())
        };
        let mut unknown = BTreeSet::new();
        for (path, places) in &self.all {
            if has(path) {
                continue;
            }
            unknown.insert(path.clone());
            if unknown.len() > MOST_AT_ONE_PLACE {
                continue;
            }
            for place in places {
                diagnostics.push(unknown_path(path, *place, &distinct));
            }
        }
        if let Some(further) = unknown.len().checked_sub(MOST_AT_ONE_PLACE)
            && further > 0
        {
            let code = Code::UnknownReference;
            diagnostics.push(Diagnostic::further(code, matrix.place, further));
        }
        unknown
    }

    /// Reports axes that are not used, or not in the key although they differ. Returns whether all
    /// names can differ.
    fn check_axes(
        &self,
        matrix: &Matrix<'_>,
        cells: &[Values],
        block: &Block,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> bool {
        let is_of = |path: &String, axis: &str| path.split('.').next() == Some(axis);
        let mut missing = Vec::new();
        let mut example = block.key.clone();
        for axis in &matrix.axes {
            if !self.all.keys().any(|path| is_of(path, axis.name)) {
                diagnostics.push(wrong(
                    axis.place,
                    format!("The axis `{}` is not used in this sync.", axis.name),
                    format!(
                        "Use `${{matrix.{}}}` in the key and in values, or remove it.",
                        axis.name
                    ),
                ));
            }
            if differs(axis.name, cells) && !self.in_key.iter().any(|path| is_of(path, axis.name)) {
                missing.push(axis.name);
                let first = axis.values.first().and_then(Node::as_mapping);
                example.push_str(&match first.and_then(|fields| fields.entries().first()) {
                    Some(field) => format!("-${{matrix.{}.{}}}", axis.name, field.key),
                    None => format!("-${{matrix.{}}}", axis.name),
                });
            }
        }
        if missing.is_empty() {
            return true;
        }
        let (axes, are) = if missing.len() == 1 {
            ("axis", "has")
        } else {
            ("axes", "have")
        };
        diagnostics.push(wrong(
            block.key_span,
            format!(
                "The key `{}` does not use the {axes} {}, which {are} several values in {}.",
                block.key,
                list(missing.iter().copied()),
                count(cells.len(), "cell"),
            ),
            format!("Use it in the key: `{example}`."),
        ));
        false
    }
}

/// The different values of each name.
fn distinct(cells: &[Values]) -> BTreeMap<&str, Vec<&Arc<Node>>> {
    let mut seen: BTreeSet<(&str, *const Node)> = BTreeSet::new();
    let mut distinct: BTreeMap<&str, Vec<&Arc<Node>>> = BTreeMap::new();
    for (name, value) in cells.iter().flat_map(|cell| &cell.0) {
        if seen.insert((name, Arc::as_ptr(value))) {
            distinct.entry(name).or_default().push(value);
        }
    }
    distinct
}

/// The names that cells have, in the order of their first appearance.
fn names(cells: &[Values]) -> Vec<&str> {
    let mut seen = HashSet::new();
    let names = cells.iter().flat_map(|cell| &cell.0);
    names
        .map(|(name, _)| &**name)
        .filter(|name| seen.insert(*name))
        .collect()
}

/// Whether a name has not the same value in all cells that have it.
fn differs(name: &str, cells: &[Values]) -> bool {
    let mut values = cells.iter().filter_map(|cell| cell.get(name));
    let first = values.next();
    first.is_some_and(|first| {
        values.any(|value| !Arc::ptr_eq(first, value) && !first.value.is_same(&value.value))
    })
}

/// Whether some cell lacks a name.
fn is_missing(name: &str, cells: &[Values]) -> bool {
    cells.iter().any(|cell| cell.get(name).is_none())
}

fn all_differ(labels: &[String]) -> bool {
    let different: HashSet<&str> = labels.iter().map(String::as_str).collect();
    different.len() == labels.len()
}

fn unknown_path(path: &str, place: Span, distinct: &BTreeMap<&str, Vec<&Arc<Node>>>) -> Diagnostic {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let Some(values) = distinct.get(name) else {
        let names = distinct.keys().copied();
        let near = closest(name, names.clone());
        let message = format!("`{name}` is not an axis of this matrix, and no cell has it.");
        let help = match near {
            Some(near) if rest.is_empty() => format!("Did you mean `${{matrix.{near}}}`?"),
            Some(near) => format!("Did you mean `${{matrix.{near}.{rest}}}`?"),
            None => format!("It can be {}.", any_of(names)),
        };
        return Diagnostic::new(Code::UnknownReference, place, message).help(help);
    };
    // As far as a value has the path.
    let (above, field) = rest.rsplit_once('.').unwrap_or(("", rest));
    let maps = values.iter().filter_map(|value| {
        let node = if above.is_empty() {
            Some(&***value)
        } else {
            value.at(above)
        };
        node?.as_mapping()
    });
    let fields: BTreeSet<&str> = maps
        .flat_map(|map| map.entries().iter().take(MOST_FIELDS))
        .map(|entry| entry.key.as_str())
        .take(MOST_FIELDS)
        .collect();
    let message = format!("No cell of this matrix has `{path}`.");
    let diagnostic = Diagnostic::new(Code::UnknownReference, place, message);
    let parent = if above.is_empty() {
        name.to_owned()
    } else {
        format!("{name}.{above}")
    };
    match closest(field, fields.iter().copied()) {
        Some(near) => diagnostic.help(format!("Did you mean `${{matrix.{parent}.{near}}}`?")),
        None if fields.is_empty() => diagnostic.help(format!(
            "`{parent}` is not a map: use `${{matrix.{parent}}}`."
        )),
        None => diagnostic.help(format!("`{parent}` has {}.", list(fields.iter().copied()))),
    }
}

/// How many fields are looked at for the one that is meant.
const MOST_FIELDS: usize = 1_000;
