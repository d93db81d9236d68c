//! Syncs that push to one place, where each deletes what it does not know.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::fields::DESTINATION_CONFIG;
use super::normalize::Comparable;
use super::platform::Platform;
use super::rules::RulesOf;
use super::span::Span;
use super::spec::{Access, DestinationSpec, FieldSpec, Identifies, ObjectSpec};
use super::words::list_some;

/// How many syncs of one place are pointed at.
const MOST_POINTED_AT: usize = 10;

/// The keys at its destination that a sync writes and deletes: those that start and end so.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Reach {
    /// What every key of it starts with.
    pub prefix: String,
    /// What every key of it ends with.
    pub suffix: String,
    /// Whether it deletes keys of that form that its source does not have.
    pub deletes: bool,
}

impl Reach {
    /// Whether a key can be within the reach of both. Between its ends a key can be anything.
    pub fn meets(&self, other: &Self) -> bool {
        let start = |one: &Self, other: &Self| one.prefix.starts_with(&other.prefix);
        let end = |one: &Self, other: &Self| one.suffix.ends_with(&other.suffix);
        (start(self, other) || start(other, self)) && (end(self, other) || end(other, self))
    }
}

/// The place that a destination's configuration means, as platforms compare it: display names and
/// options do not count, and what is empty is absent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    exact: String,
    /// The value of the field that has one for all others; `None` for that one.
    part: Option<String>,
}

impl Target {
    /// The place that a sync in comparable form pushes to; `None` if it says none.
    pub fn of(spec: &DestinationSpec, sync: &Comparable) -> Option<Self> {
        let config = sync.get(DESTINATION_CONFIG)?.as_object()?;
        let fields = spec.create.field(DESTINATION_CONFIG, sync);
        let object = fields.and_then(|field| field.object.as_ref());
        Some(Self::of_config(object, config))
    }

    fn of_config(spec: Option<&ObjectSpec>, config: &Map<String, Value>) -> Self {
        let mut exact = Map::new();
        let mut part = None;
        for (name, value) in config {
            let field = spec.and_then(|spec| spec.field(name, config));
            let is_blank = field.is_some_and(|field| field.blank.as_ref() == Some(value));
            if is_empty(value) || is_blank {
                continue;
            }
            let is_read =
                |field: &FieldSpec| matches!(field.access, Access::BothWays | Access::Ignored);
            match field.map(|field| (&field.identifies, is_read(field))) {
                Some((Identifies::Nothing, _) | (_, false)) => {}
                Some((Identifies::TakenInBy(all), true)) => {
                    part = value
                        .as_str()
                        .filter(|value| value != all)
                        .map(str::to_owned);
                }
                Some((Identifies::ByValue, true)) | None => {
                    exact.insert(name.clone(), value.clone());
                }
            }
        }
        let mut exact = Value::Object(exact);
        exact.sort_all_objects();
        Self {
            exact: exact.to_string(),
            part,
        }
    }

    /// Whether a push to the one place is one to the other.
    pub fn is_same(&self, other: &Self) -> bool {
        let is_part = self.part.is_none() || other.part.is_none() || self.part == other.part;
        is_part && self.exact == other.exact
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A sync as it is to push.
#[derive(Debug)]
pub struct Pusher<'a> {
    /// The provider's name in the files.
    pub provider: &'a str,
    /// The project as people know it.
    pub project: &'a str,
    /// Its own name.
    pub name: &'a str,
    /// Where it is declared; `None` if it is only remote.
    pub place: Option<Span>,
    /// Which platform it is.
    pub platform: Platform,
    /// The server that it is on.
    pub server: &'a str,
    /// Its connection: the same text for the same connection.
    pub connection: String,
    /// Its destination.
    pub spec: &'a DestinationSpec,
    /// What it is, in comparable form.
    pub fields: Cow<'a, Comparable>,
}

impl Pusher<'_> {
    /// How people find it: `infisical/payments/web`.
    fn address(&self) -> String {
        format!("{}/{}/{}", self.provider, self.project, self.name)
    }
}

/// Reports syncs that push to one place and whose keys can meet, unless none of them deletes: one
/// finding for all that meet. What is only remote is reported beside what is declared.
pub fn report(pushers: &[Pusher<'_>], rules: RulesOf, diagnostics: &mut Vec<Diagnostic>) {
    let mut places: HashMap<_, Vec<_>> = HashMap::new();
    for pusher in pushers {
        let Some(target) = Target::of(pusher.spec, &pusher.fields) else {
            continue;
        };
        let way = (pusher.platform, pusher.server, &*pusher.connection);
        let place = (way, &*pusher.spec.slug, target.exact);
        places.entry(place).or_default().push((target.part, pusher));
    }
    for of_place in places.into_values().filter(|syncs| syncs.len() > 1) {
        for mut group in groups(of_place, rules) {
            // What is declared comes first, in the order of the files.
            group.sort_by_cached_key(|(pusher, _)| {
                (pusher.place.is_none(), pusher.place, pusher.address())
            });
            diagnostics.extend(finding(&group, rules));
        }
    }
}

/// Syncs of one place that are alike in all that decides which others they meet.
struct Kind<'p, 'a> {
    reach: Reach,
    is_declared: bool,
    syncs: Vec<&'p Pusher<'a>>,
}

type Group<'p, 'a> = Vec<(&'p Pusher<'a>, Reach)>;

/// Those syncs of one place that meet, whether directly or by others between them.
fn groups<'p, 'a>(
    of_place: Vec<(Option<String>, &'p Pusher<'a>)>,
    rules: RulesOf,
) -> Vec<Group<'p, 'a>> {
    let mut by_kind: BTreeMap<_, Vec<&Pusher>> = BTreeMap::new();
    for (part, pusher) in of_place {
        if let Some(reach) = rules(pusher.platform).reach(&pusher.fields) {
            let kind = (part, reach, pusher.place.is_some());
            by_kind.entry(kind).or_default().push(pusher);
        }
    }
    let mut kinds = Vec::new();
    let mut parts: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for ((part, reach, is_declared), syncs) in by_kind {
        parts.entry(part).or_default().push(kinds.len());
        kinds.push(Kind {
            reach,
            is_declared,
            syncs,
        });
    }
    let mut joined = Joined::new(&kinds);
    let whole = parts.remove(&None).unwrap_or_default();
    joined.join_those_that_meet(&whole);
    for of_part in parts.into_values() {
        joined.join_those_that_meet(&[of_part, whole.clone()].concat());
    }
    joined.groups()
}

/// Kinds of one place, and which of them belong together.
struct Joined<'k, 'p, 'a> {
    kinds: &'k [Kind<'p, 'a>],
    /// For each kind another one of its group, or itself.
    parents: Vec<usize>,
}

impl<'k, 'p, 'a> Joined<'k, 'p, 'a> {
    fn new(kinds: &'k [Kind<'p, 'a>]) -> Self {
        Self {
            kinds,
            parents: (0..kinds.len()).collect(),
        }
    }

    /// Joins those kinds of which a sync of the one and a sync of the other meet.
    ///
    /// Of two that meet, the one's prefix starts with the other's. So in the order of prefixes each
    /// is compared only with those that it extends; or the same with suffixes, if there are more.
    fn join_those_that_meet(&mut self, members: &[usize]) {
        let kinds = self.kinds;
        let distinct = |side: fn(&Reach) -> &str| {
            let sides = members.iter().map(|index| side(&kinds[*index].reach));
            sides.collect::<BTreeSet<&str>>().len()
        };
        let by_suffix = distinct(|reach| &reach.suffix) > distinct(|reach| &reach.prefix);
        let side = |reach: &Reach| -> String {
            if by_suffix {
                reach.suffix.chars().rev().collect()
            } else {
                reach.prefix.clone()
            }
        };
        let sides = members.iter();
        let mut sorted: Vec<(String, usize)> = sides
            .map(|index| (side(&kinds[*index].reach), *index))
            .collect();
        sorted.sort();
        let mut extended: Vec<(String, usize)> = Vec::new();
        for (side, index) in sorted {
            while extended
                .last()
                .is_some_and(|(last, _)| !side.starts_with(last.as_str()))
            {
                extended.pop();
            }
            for (_, other) in &extended {
                if conflict(&kinds[index], &kinds[*other]) {
                    self.join(index, *other);
                }
            }
            extended.push((side, index));
        }
    }

    fn first(&mut self, mut index: usize) -> usize {
        while self.parents[index] != index {
            self.parents[index] = self.parents[self.parents[index]];
            index = self.parents[index];
        }
        index
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        self.parents[one.max(other)] = one.min(other);
    }

    /// The syncs of the kinds that were joined, and of those whose own syncs meet each other.
    fn groups(mut self) -> Vec<Group<'p, 'a>> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for index in 0..self.kinds.len() {
            groups.entry(self.first(index)).or_default().push(index);
        }
        let meets_itself = |kind: &Kind<'_, '_>| kind.syncs.len() > 1 && conflict(kind, kind);
        groups.retain(|first, kinds| kinds.len() > 1 || meets_itself(&self.kinds[*first]));
        let of_kinds = |kinds: Vec<usize>| {
            let kinds = kinds.into_iter().map(|index| &self.kinds[index]);
            let syncs =
                kinds.flat_map(|kind| kind.syncs.iter().map(|sync| (*sync, kind.reach.clone())));
            syncs.collect()
        };
        groups.into_values().map(of_kinds).collect()
    }
}

/// Whether a sync of the one kind and another one of the other write the same keys, and one of them
/// deletes those of the other.
fn conflict(one: &Kind<'_, '_>, other: &Kind<'_, '_>) -> bool {
    (one.is_declared || other.is_declared)
        && (one.reach.deletes || other.reach.deletes)
        && one.reach.meets(&other.reach)
}

fn finding(group: &[(&Pusher<'_>, Reach)], rules: RulesOf) -> Option<Diagnostic> {
    let (first, _) = group.first()?;
    let diagnostic = Diagnostic::new(Code::SameDestination, first.place?, message(group))
        .help(rules(first.platform).separation(first.spec));
    let declared = group
        .iter()
        .filter_map(|(pusher, reach)| Some((pusher.place?, does(pusher, reach))));
    let mut declared = declared.take(MOST_POINTED_AT);
    let diagnostic = match declared.next() {
        Some((_, label)) => diagnostic.label(label),
        None => diagnostic,
    };
    Some(declared.fold(diagnostic, |diagnostic, (place, label)| {
        diagnostic.also(place, label)
    }))
}

fn message(group: &[(&Pusher<'_>, Reach)]) -> String {
    let all: Vec<String> = group.iter().map(|(pusher, _)| pusher.address()).collect();
    let (deleting, keeping): (Vec<usize>, Vec<usize>) =
        (0..group.len()).partition(|index| group[*index].1.deletes);
    let what = match (&*deleting, &*keeping) {
        ([_, _], []) => "each deletes the other's secrets".to_owned(),
        (_, []) => "each deletes secrets of the others".to_owned(),
        ([one], [other]) => format!("`{}` deletes the secrets of `{}`", all[*one], all[*other]),
        ([one], _) => format!("`{}` deletes secrets of the others", all[*one]),
        (several, _) => format!("{} of them delete secrets of the others", several.len()),
    };
    let mut message = format!(
        "{} push to the same destination through the same connection, and their keys can meet: \
         {what} at each sync.",
        list_some(&all)
    );
    let remote = group.iter().filter(|(pusher, _)| pusher.place.is_none());
    let remote: Vec<String> = remote.map(|(pusher, _)| pusher.address()).collect();
    match remote.len() {
        0 => {}
        1 => message += &format!(" `{}` is remote and not declared.", remote[0]),
        _ => message += &format!(" {} are remote and not declared.", list_some(&remote)),
    }
    message
}

fn does(pusher: &Pusher<'_>, reach: &Reach) -> String {
    let does = if reach.deletes {
        "deletes what it does not know"
    } else {
        "deletes nothing"
    };
    format!("`{}` {does}", pusher.name)
}
