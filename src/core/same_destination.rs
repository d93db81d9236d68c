//! Syncs that push to one place, where each deletes what it does not know.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

use serde_json::{Map, Value};

use super::code::Code;
use super::desired::DesiredSync;
use super::diagnostic::Diagnostic;
use super::fields::DESTINATION_CONFIG;
use super::normalize::{self, Comparable};
use super::platform::Platform;
use super::remote::RemoteSync;
use super::rules::{Reach, RulesOf};
use super::span::Span;
use super::spec::{Access, DestinationSpec, FieldSpec, Identifies, ObjectSpec};
use super::value::{Mapping, Node};
use super::words::list_some;

/// How many syncs of one place are pointed at.
const MOST_POINTED_AT: usize = 10;

/// The place that a destination's configuration means, as platforms compare it: display names and
/// options do not count, and what is empty is absent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    exact: Map<String, Value>,
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
        Self { exact, part }
    }

    /// A text that is the same for the same place.
    pub fn key(&self) -> String {
        let exact: BTreeMap<_, _> = self.exact.iter().collect();
        let exact = serde_json::to_string(&exact).unwrap_or_default();
        format!("{exact} {}", self.part.as_deref().unwrap_or_default())
    }

    /// Whether a push to the one place is one to the other.
    pub fn is_same(&self, other: &Self) -> bool {
        overlap(self.part.as_deref(), other.part.as_deref()) && self.exact == other.exact
    }
}

/// Whether two parts of a place have something in common. `None` is the whole place.
fn overlap(one: Option<&str>, other: Option<&str>) -> bool {
    one.is_none() || other.is_none() || one == other
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

/// What says how a sync is to be.
#[derive(Clone, Copy)]
pub enum Definition<'a> {
    /// What an action makes of it, in comparable form.
    Planned(&'a Comparable),
    /// Its declaration.
    Declared(&'a DesiredSync),
    /// The remote sync, which stays as it is.
    Remote(&'a RemoteSync),
}

impl Definition<'_> {
    /// The comparable form.
    fn fields(&self, spec: &DestinationSpec) -> Cow<'_, Comparable> {
        match self {
            Self::Planned(fields) => Cow::Borrowed(fields),
            Self::Declared(sync) => Cow::Owned(normalize::desired(spec, sync, None)),
            Self::Remote(sync) => Cow::Owned(normalize::remote(spec, sync)),
        }
    }

    fn target(&self, spec: &DestinationSpec) -> Option<Target> {
        match self {
            // The other fields would only be thrown away.
            Self::Declared(sync) if spec.create.union.is_none() => {
                let config = normalize::desired_field(spec, sync, DESTINATION_CONFIG);
                Target::of(spec, &config)
            }
            _ => Target::of(spec, &self.fields(spec)),
        }
    }

    /// A number that is equal for equal targets, and rarely for others. It is made of the texts that a
    /// target holds as they are spelled, so that most targets need not be made.
    fn look(&self, spec: &DestinationSpec, hashing: &RandomState) -> u64 {
        let mut fields = spec.create.fields.iter();
        let config = fields.find(|field| field.name == DESTINATION_CONFIG);
        let Some(config) = config.and_then(|field| field.object.as_ref()) else {
            return 0;
        };
        let texts = self.texts();
        let text = |name: &str| Some(texts.iter().find(|(key, _)| *key == name)?.1);
        let default = |name: &str| {
            let field = config.fields.iter().find(|field| field.name == name)?;
            field.default.as_ref()?.as_str()
        };
        let counts = |field: &&FieldSpec| {
            field.default.is_none() && is_read(field) && field.identifies.is_by_its_value()
        };
        let hashes = config
            .fields_with(|tag| text(tag).or_else(|| default(tag)))
            .filter(counts)
            .filter_map(|field| {
                let text = text(&field.name).filter(|text| !text.is_empty())?;
                Some(hashing.hash_one((&field.name, text)))
            });
        // In whichever order they are spelled.
        hashes.fold(0, u64::wrapping_add)
    }

    /// The texts of the destination's configuration.
    fn texts(&self) -> Vec<(&str, &str)> {
        match self {
            Self::Planned(fields) => texts_in(fields.get(DESTINATION_CONFIG)),
            Self::Remote(sync) => texts_in(sync.fields.get(DESTINATION_CONFIG)),
            Self::Declared(sync) => {
                let config = sync.fields.get(DESTINATION_CONFIG);
                let entries = config.and_then(Node::as_mapping).map(Mapping::entries);
                let texts = (entries.unwrap_or_default().iter())
                    .filter_map(|entry| Some((&*entry.key, entry.value.as_str()?)));
                texts.collect()
            }
        }
    }
}

fn texts_in(config: Option<&Value>) -> Vec<(&str, &str)> {
    let fields = config.and_then(Value::as_object).into_iter().flatten();
    let texts = fields.filter_map(|(key, value)| Some((&**key, value.as_str()?)));
    texts.collect()
}

fn is_read(field: &FieldSpec) -> bool {
    matches!(field.access, Access::BothWays | Access::Ignored)
}

/// The connection that a sync pushes through: equal for the same one, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Through<'a> {
    /// By its id, in lower case.
    Id(Cow<'a, str>),
    /// By its name, in whichever scope it is.
    Name(&'a str),
    /// By its name among those of the organization.
    OfOrganization(&'a str),
    /// By the project that it belongs to, and its name.
    OfProject(&'a str, &'a str),
}

impl<'a> Through<'a> {
    /// The connection with that id, in whatever case.
    pub fn id(id: &'a str) -> Self {
        Self::Id(if id.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(id.to_ascii_lowercase())
        } else {
            Cow::Borrowed(id)
        })
    }
}

/// A sync as it is to push.
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
    /// Its connection.
    pub connection: Through<'a>,
    /// Its destination.
    pub spec: &'a DestinationSpec,
    /// What it pushes, and to which place.
    pub definition: Definition<'a>,
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
    for of_place in shared_places(pushers) {
        for mut group in groups(of_place, rules) {
            // What is declared comes first, in the order of the files.
            group.sort_by_cached_key(|(pusher, _)| {
                (pusher.place.is_none(), pusher.place, pusher.address())
            });
            diagnostics.extend(finding(&group, rules));
        }
    }
}

/// Those that push to one place, but for their parts of it. Most syncs have theirs to themselves, so
/// no target is made unless another one looks like it.
fn shared_places<'p, 'a>(pushers: &'p [Pusher<'a>]) -> Vec<Vec<Part<'p, 'a>>> {
    let hashing = RandomState::new();
    let way = |pusher: &'p Pusher<'a>| {
        let of_server = (pusher.platform, pusher.server);
        (of_server, &pusher.connection, &*pusher.spec.slug)
    };
    let look = |pusher: &'p Pusher<'a>| {
        let config = pusher.definition.look(pusher.spec, &hashing);
        hashing.hash_one((way(pusher), config))
    };
    let looks: Vec<u64> = pushers.iter().map(look).collect();
    let mut counts: HashMap<u64, usize> = HashMap::with_capacity(looks.len());
    for look in &looks {
        *counts.entry(*look).or_default() += 1;
    }
    let mut places: HashMap<_, Vec<_>> = HashMap::new();
    for (pusher, look) in pushers.iter().zip(&looks) {
        if counts.get(look).is_none_or(|count| *count < 2) {
            continue;
        }
        if let Some(Target { exact, part }) = pusher.definition.target(pusher.spec) {
            let place = (way(pusher), exact);
            places.entry(place).or_default().push((pusher, part));
        }
    }
    places
        .into_values()
        .filter(|syncs| syncs.len() > 1)
        .collect()
}

/// Syncs of one place that are alike in all that decides which others they meet.
struct Kind<'p, 'a> {
    part: Option<String>,
    reach: Reach,
    is_declared: bool,
    syncs: Vec<&'p Pusher<'a>>,
}

/// A sync with its part of a place, of which `None` is the whole.
type Part<'p, 'a> = (&'p Pusher<'a>, Option<String>);
type Group<'p, 'a> = Vec<(&'p Pusher<'a>, Reach)>;

/// Those syncs of one place that meet, whether directly or by others between them.
fn groups<'p, 'a>(of_place: Vec<Part<'p, 'a>>, rules: RulesOf) -> Vec<Group<'p, 'a>> {
    let mut by_kind: BTreeMap<_, Vec<&Pusher>> = BTreeMap::new();
    for (pusher, part) in of_place {
        let fields = pusher.definition.fields(pusher.spec);
        if let Some(reach) = rules(pusher.platform).reach(pusher.spec, &fields) {
            let kind = (part, reach, pusher.place.is_some());
            by_kind.entry(kind).or_default().push(pusher);
        }
    }
    let kinds: Vec<Kind> = by_kind
        .into_iter()
        .map(|((part, reach, is_declared), syncs)| Kind {
            part,
            reach,
            is_declared,
            syncs,
        })
        .collect();
    let mut joined = Joined::new(&kinds);
    joined.join_those_that_meet();
    joined.groups()
}

/// What two kinds can only meet by if that of the one starts with that of the other: for each what
/// its keys start with, what they end with, and its part of the place, of which the whole has none.
const SIDES: [fn(&Kind<'_, '_>) -> String; 3] = [
    |kind| kind.reach.prefix.clone(),
    |kind| kind.reach.suffix.chars().rev().collect(),
    |kind| {
        kind.part
            .as_ref()
            .map_or_else(String::new, |part| format!("{part}\n"))
    },
];

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
    /// In the order of one of their sides each is compared only with those whose side it extends.
    /// The side that differs most leaves the fewest of these.
    fn join_those_that_meet(&mut self) {
        let sides = SIDES.map(|side| self.kinds.iter().map(side).collect::<Vec<String>>());
        let distinct = |sides: &Vec<String>| sides.iter().collect::<BTreeSet<_>>().len();
        let Some(sides) = sides.iter().max_by_key(|sides| distinct(sides)) else {
            return;
        };
        let mut sorted: Vec<(&String, usize)> = sides.iter().zip(0..).collect();
        sorted.sort();
        let mut extended: Vec<(&String, usize)> = Vec::new();
        for (side, index) in sorted {
            let is_extended = |(other, _): &(&String, usize)| side.starts_with(other.as_str());
            while extended.last().is_some_and(|last| !is_extended(last)) {
                extended.pop();
            }
            for (_, other) in &extended {
                if conflict(&self.kinds[index], &self.kinds[*other]) {
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
    overlap(one.part.as_deref(), other.part.as_deref())
        && (one.is_declared || other.is_declared)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::hash::RandomState;

    use proptest::collection::vec;
    use proptest::option::of;
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::{Value as Json, json};

    use super::{
        Comparable, DESTINATION_CONFIG, Definition, DestinationSpec, Pusher, Reach, Through,
        groups, normalize,
    };
    use crate::core::platform::Platform;
    use crate::core::rules::Rules;
    use crate::core::span::Span;
    use crate::core::testing::{
        INFISICAL, desired_sync, fields, remote_sync, source, spec, sync_fields,
    };

    struct Given;

    impl Rules for Given {
        fn reach(&self, _spec: &DestinationSpec, sync: &Comparable) -> Option<Reach> {
            let text = |key: &str| sync[key].as_str().unwrap().to_owned();
            Some(Reach {
                prefix: text("prefix"),
                suffix: text("suffix"),
                deletes: sync["deletes"] == true,
            })
        }
    }

    fn rules(_: Platform) -> &'static dyn Rules {
        &Given
    }

    type Sync = (String, String, bool, bool, Option<String>);

    /// The indices of syncs of one place, by what is found to meet.
    fn found(syncs: &[Sync]) -> BTreeSet<BTreeSet<usize>> {
        let spec = spec();
        let names: Vec<String> = (0..syncs.len()).map(|index| index.to_string()).collect();
        let given = syncs.iter().map(|(prefix, suffix, deletes, ..)| {
            fields(json!({"prefix": prefix, "suffix": suffix, "deletes": deletes}))
        });
        let given: Vec<Comparable> = given.collect();
        let pushers = names
            .iter()
            .zip(syncs)
            .zip(&given)
            .map(|((name, sync), given)| Pusher {
                provider: "infisical",
                project: "payments",
                name,
                place: sync.3.then(|| Span::new(source(), 0, 0)),
                platform: INFISICAL,
                server: "",
                connection: Through::Name(""),
                spec: &spec,
                definition: Definition::Planned(given),
            });
        let pushers: Vec<Pusher<'_>> = pushers.collect();
        let parts = pushers
            .iter()
            .zip(syncs)
            .map(|(pusher, sync)| (pusher, sync.4.clone()));
        let groups = groups(parts.collect(), rules).into_iter();
        let indices = |group: Vec<(&Pusher<'_>, Reach)>| {
            let names = group.into_iter().map(|(pusher, _)| pusher.name);
            names.map(|name| name.parse().unwrap()).collect()
        };
        groups.map(indices).collect()
    }

    /// The same, each compared with each other.
    fn compared(syncs: &[Sync]) -> BTreeSet<BTreeSet<usize>> {
        let meets = |one: &Sync, other: &Sync| {
            let within = |one: &str, other: &str| one.starts_with(other) || other.starts_with(one);
            let ends = |one: &str, other: &str| one.ends_with(other) || other.ends_with(one);
            let parts = one.4.is_none() || other.4.is_none() || one.4 == other.4;
            let counts = (one.2 || other.2) && (one.3 || other.3);
            within(&one.0, &other.0) && ends(&one.1, &other.1) && parts && counts
        };
        let mut groups: Vec<BTreeSet<usize>> = Vec::new();
        for (index, sync) in syncs.iter().enumerate() {
            let is_met = |group: &BTreeSet<usize>| group.iter().any(|i| meets(sync, &syncs[*i]));
            let (met, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(is_met);
            groups = others;
            groups.push(met.into_iter().flatten().chain([index]).collect());
        }
        groups.into_iter().filter(|group| group.len() > 1).collect()
    }

    /// Values of which some mean the same, or nothing.
    fn config() -> impl Strategy<Value = Json> {
        let scope = of(select(vec!["application", "environment"]));
        let text = || {
            of(select(vec![
                json!(""),
                json!("web"),
                json!("api"),
                json!(null),
            ]))
        };
        let flag = of(select(vec![json!(false), json!(true)]));
        (scope, text(), text(), flag, text()).prop_map(|(scope, app, env, sensitive, new)| {
            let fields = [
                ("new", new),
                ("env", env),
                ("app", app),
                ("sensitive", sensitive),
                ("scope", scope.map(Json::from)),
            ];
            let fields = fields.into_iter();
            fields
                .filter_map(|(key, value)| Some((key.to_owned(), value?)))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn equal_targets_look_alike_however_they_are_defined(one in config(), other in config()) {
            let hashing = RandomState::new();
            let (mut declared, mut remote) = (sync_fields(), remote_sync("web"));
            declared[DESTINATION_CONFIG] = one;
            remote.fields.insert(DESTINATION_CONFIG.to_owned(), other);
            let declared = desired_sync("web", declared);
            let planned = normalize::desired(&spec(), &declared, None);
            let definitions = [
                Definition::Declared(&declared),
                Definition::Planned(&planned),
                Definition::Remote(&remote),
            ];
            let [first, second, third] = definitions.map(|definition| {
                let look = definition.look(&spec(), &hashing);
                definition.target(&spec()).map(|target| (target.exact, look))
            });
            prop_assert_eq!(&first, &second);
            if let (Some((one, look)), Some((other, other_look))) = (first, third) {
                prop_assert!(one != other || look == other_look);
            }
        }

        #[test]
        fn those_that_meet_are_found_as_if_each_was_compared_with_each(
            syncs in vec(("[AB]{0,2}", "[AB]{0,2}", proptest::bool::ANY, proptest::bool::ANY, of("[xy]")), 0..12)
        ) {
            prop_assert_eq!(found(&syncs), compared(&syncs));
        }
    }

    #[test]
    fn ten_thousand_syncs_of_one_place_take_no_time() {
        let of = |number: usize, part: Option<usize>| {
            let part = part.map(|part| part.to_string());
            (format!("{number:05}"), String::new(), true, true, part)
        };
        let apart: Vec<Sync> = (0..10_000)
            .map(|index| of(index, (index % 2 == 0).then_some(index)))
            .collect();
        assert!(found(&apart).is_empty());
        let alike: Vec<Sync> = (0..10_000).map(|_| of(0, None)).collect();
        assert_eq!(found(&alike).len(), 1);
    }
}
