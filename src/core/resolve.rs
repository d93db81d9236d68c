//! Names to ids, from tables that were read before.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::code::Code;
use super::desired::{ConnectionRef, DesiredSync, Word};
use super::diagnostic::Diagnostic;
use super::remote::{RemoteConnection, RemoteProject, Scope, UsableConnections};
use super::span::Span;
use super::words::{is_uuid, list, list_some};

/// A sync whose project and connection are known by id.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedSync {
    /// What the files want.
    pub desired: Arc<DesiredSync>,
    /// The origin of its server.
    pub server: String,
    /// The id of its project.
    pub project_id: String,
    /// The other words for its project, as far as they are known.
    pub project_words: Arc<[String]>,
    /// Its connection, if the platform has connections. Without a name if only the id is known.
    pub connection: Option<RemoteConnection>,
}

impl ResolvedSync {
    /// The project as the file spells it.
    pub fn project_label(&self) -> &str {
        self.desired
            .project
            .as_ref()
            .map_or(self.project_id.as_str(), |project| project.text.as_str())
    }
}

/// The id of a project: a word in the form of an id is one, and needs no table;
/// any other is looked up as an id, then as a slug, then as a name that only one project has.
pub fn project(
    word: &Word,
    provider: &str,
    table: &[RemoteProject],
) -> Result<String, Box<Diagnostic>> {
    if let Some(id) = project_id(&word.text, table) {
        return Ok(id);
    }
    match projects_of(&word.text, table).as_slice() {
        [] => Err(Box::new(unknown_project(word, provider, table))),
        several => Err(Box::new(
            Diagnostic::new(
                Code::AmbiguousProject,
                word.span,
                format!(
                    "{} projects of {provider} are named `{}`.",
                    several.len(),
                    word.text
                ),
            )
            .help(format!(
                "Write the slug or the id of one of them: {}.",
                list(several.iter().map(|project| project.slug.as_str()))
            )),
        )),
    }
}

/// The projects that a word can mean.
fn projects_of<'a>(word: &str, table: &'a [RemoteProject]) -> Vec<&'a RemoteProject> {
    let by =
        |key: fn(&RemoteProject) -> &str| table.iter().filter(move |project| key(project) == word);
    for mut matches in [by(|p| &p.id), by(|p| &p.slug)] {
        if let Some(found) = matches.next() {
            return vec![found];
        }
    }
    by(|p| &p.name).collect()
}

/// The id of the only project that a word can mean.
pub fn project_id(word: &str, table: &[RemoteProject]) -> Option<String> {
    if is_uuid(word) {
        return Some(word.to_ascii_lowercase());
    }
    match projects_of(word, table).as_slice() {
        [only] => Some(only.id.clone()),
        _ => None,
    }
}

/// The projects that the identity can see, by provider, as far as names had to be looked up.
pub type ProjectTables = BTreeMap<String, Vec<RemoteProject>>;

/// The words besides its id that a project of that id goes by: its slug and its name.
pub fn project_words<'a>(id: &str, table: &'a [RemoteProject]) -> Vec<&'a str> {
    let project = table.iter().find(|project| project.id == id);
    let words = project.map(|project| vec![project.slug.as_str(), project.name.as_str()]);
    words.unwrap_or_default()
}

/// How a file best names a project: by its slug, if that means no other one.
pub fn project_word<'a>(id: &'a str, table: &'a [RemoteProject]) -> &'a str {
    let slug = table
        .iter()
        .find(|project| project.id == id)
        .map(|project| project.slug.as_str())
        .filter(|slug| can_be_written(slug) && !is_uuid(slug));
    match slug {
        Some(slug)
            if projects_of(slug, table)
                .iter()
                .all(|project| project.id == id) =>
        {
            slug
        }
        _ => id,
    }
}

/// How a file best names a connection: by its name, with its scope if one of the other scope has the
/// same, among those to the destination's app that the identity may use in the project.
pub fn connection_word(id: &str, usable: &[RemoteConnection]) -> ConnectionRef {
    let by_id = || ConnectionRef::Id(id.to_owned());
    let Some(this) = usable.iter().find(|connection| connection.id == id) else {
        return by_id();
    };
    let means_this = |scope: Option<Scope>| {
        let named = named(&this.name, scope, usable);
        named.iter().all(|connection| connection.id == id)
    };
    let scopes = [None, Some(this.scope())];
    match scopes.into_iter().find(|scope| means_this(*scope)) {
        Some(scope) if can_be_written(&this.name) => ConnectionRef::Name(this.name.clone(), scope),
        _ => by_id(),
    }
}

fn named<'a>(
    name: &str,
    scope: Option<Scope>,
    among: &'a [RemoteConnection],
) -> Vec<&'a RemoteConnection> {
    let is_meant = |connection: &&RemoteConnection| {
        connection.name == name && scope.is_none_or(|scope| connection.scope() == scope)
    };
    among.iter().filter(is_meant).collect()
}

/// Whether a file takes a word: not one that is empty or has blanks at an end.
fn can_be_written(word: &str) -> bool {
    !word.is_empty() && word.trim() == word
}

fn unknown_project(word: &Word, provider: &str, table: &[RemoteProject]) -> Diagnostic {
    let mut slugs: Vec<&str> = table.iter().map(|project| project.slug.as_str()).collect();
    slugs.sort_unstable();
    let spellings = table
        .iter()
        .flat_map(|project| [project.slug.as_str(), project.name.as_str()]);
    let message = format!(
        "The project `{}` does not exist at {provider}, or this identity is not a member of it.",
        word.text
    );
    Diagnostic::new(Code::UnknownProject, word.span, message).suggest(&word.text, spellings, || {
        if slugs.is_empty() {
            "This identity is a member of no project: add it to one.".to_owned()
        } else {
            format!("This identity can see {}.", list_some(&slugs))
        }
    })
}

/// The connection of that id, with its name if it is among the known ones.
pub fn connection_by_id<'a>(
    id: &str,
    known: impl IntoIterator<Item = &'a RemoteConnection>,
) -> RemoteConnection {
    // The platform takes ids in any case and shows them in lower case.
    let id = id.to_ascii_lowercase();
    let mut known = known.into_iter();
    let found = known.find(|connection| connection.id == id).cloned();
    found.unwrap_or_else(|| RemoteConnection {
        id,
        ..RemoteConnection::default()
    })
}

/// The connection that a name in a file means. `usable` are those to the destination's app that the
/// identity may use in the sync's project; `elsewhere` are other known ones, which show that the app
/// is wrong, not the name.
pub fn connection<'a>(
    (name, scope): (&str, Option<Scope>),
    span: Span,
    app: &str,
    usable: &UsableConnections,
    elsewhere: impl IntoIterator<Item = &'a RemoteConnection>,
) -> Result<RemoteConnection, Box<Diagnostic>> {
    let named = named(name, scope, &usable.seen);
    let diagnostic = match named.as_slice() {
        [only] => return Ok((*only).clone()),
        [] => unknown_connection((name, scope), span, app, usable, elsewhere),
        several => ambiguous_connection(name, span, app, several),
    };
    Err(Box::new(diagnostic))
}

fn ambiguous_connection(
    name: &str,
    span: Span,
    app: &str,
    several: &[&RemoteConnection],
) -> Diagnostic {
    let message = format!("{} connections to {app} are named `{name}`.", several.len());
    let candidates = several.iter().map(|connection| {
        let (id, scope) = (&connection.id, connection.scope().word());
        format!("{id} ({scope})")
    });
    let candidates = candidates.collect::<Vec<_>>().join(", ");
    let first = several.first().map(|connection| connection.scope());
    let is_of_first = |connection: &&RemoteConnection| Some(connection.scope()) == first;
    let help = if several.iter().all(is_of_first) {
        format!("Write `connectionId:` with the id of one of them: {candidates}.")
    } else {
        format!(
            "Write `connection: {{name: {name}, scope: {}}}` or the other scope, or `connectionId:` \
             with the id of one of them: {candidates}.",
            Scope::Project.word()
        )
    };
    Diagnostic::new(Code::AmbiguousConnection, span, message).help(help)
}

fn unknown_connection<'a>(
    (name, scope): (&str, Option<Scope>),
    span: Span,
    app: &str,
    usable: &UsableConnections,
    elsewhere: impl IntoIterator<Item = &'a RemoteConnection>,
) -> Diagnostic {
    let hidden = usable.lacks.filter(|_| usable.may_hide(scope));
    let usable = usable.seen.as_slice();
    let of_other_scope = usable.iter().find(|connection| connection.name == name);
    if let Some(right) = hidden {
        let (message, help) = match (of_other_scope, scope) {
            (Some(other), _) => {
                let other = other.scope().word();
                (
                    format!(
                        "The connection `{name}` to {app} is one of the {other}, and this identity \
                         may not see those of the project."
                    ),
                    format!("Write `scope: {other}` or the name alone, or grant it {right}."),
                )
            }
            (None, Some(_)) => (
                format!(
                    "The connection `{name}` to {app} is to be one of the project, which this \
                     identity may not see."
                ),
                format!("Grant it {right}, or correct the name or the scope."),
            ),
            (None, None) => (
                format!(
                    "This identity sees no connection `{name}` to {app} in the organization, and it \
                     may not see those of the project."
                ),
                format!("Grant it {right}, or correct the name."),
            ),
        };
        return Diagnostic::new(Code::UnknownConnection, span, message).help(help);
    }
    let mut elsewhere = elsewhere.into_iter();
    if let Some(other) = elsewhere.find(|connection| connection.name == name) {
        return Diagnostic::new(
            Code::UnknownConnection,
            span,
            format!(
                "The connection `{name}` is for {}, but this destination needs one for {app}.",
                other.app
            ),
        )
        .help(candidates(app, usable));
    }
    let nowhere = |scope: Scope| {
        format!(
            "This identity sees no connection `{name}` to {app} in the {}.",
            scope.word()
        )
    };
    if let (Some(other), Some(scope)) = (of_other_scope, scope) {
        let message = format!(
            "{} There is one in the {}.",
            nowhere(scope),
            other.scope().word()
        );
        let help = format!(
            "Write `scope: {}`, or the name alone.",
            other.scope().word()
        );
        return Diagnostic::new(Code::UnknownConnection, span, message).help(help);
    }
    let message = match scope {
        Some(scope) => nowhere(scope),
        None => format!(
            "The connection `{name}` to {app} does not exist, or this identity may not use it."
        ),
    };
    let names = usable.iter().map(|connection| connection.name.as_str());
    Diagnostic::new(Code::UnknownConnection, span, message)
        .suggest(name, names, || candidates(app, usable))
}

fn candidates(app: &str, usable: &[RemoteConnection]) -> String {
    let mut names: Vec<&str> = usable
        .iter()
        .map(|connection| connection.name.as_str())
        .collect();
    names.sort_unstable();
    if names.is_empty() {
        format!("This identity may use no connection to {app}: ask an administrator for one.")
    } else {
        format!("This identity may use {}.", list_some(&names))
    }
}

#[cfg(test)]
mod tests {
    use super::{connection, connection_by_id, connection_word, project, project_word};
    use crate::core::code::Code;
    use crate::core::desired::{ConnectionRef, Word};
    use crate::core::diagnostic::Diagnostic;
    use crate::core::remote::{RemoteConnection, RemoteProject, Scope, UsableConnections};
    use crate::core::span::Span;
    use crate::core::testing::source;

    const ID: &str = "cce1dad3-129d-4264-889e-738ca69f25de";

    fn span() -> Span {
        Span::new(source(), 0, 0)
    }

    fn find(word: &str, table: &[(&str, &str, &str)]) -> Result<String, Box<Diagnostic>> {
        let table: Vec<_> = table
            .iter()
            .map(|(id, slug, name)| RemoteProject {
                id: (*id).to_owned(),
                slug: (*slug).to_owned(),
                name: (*name).to_owned(),
                environments: None,
            })
            .collect();
        project(
            &Word {
                text: word.to_owned(),
                span: span(),
            },
            "infisical",
            &table,
        )
    }

    #[test]
    fn a_uuid_is_an_id_and_needs_no_table() {
        assert_eq!(find(&ID.to_uppercase(), &[]).unwrap(), ID);
    }

    #[test]
    fn an_id_wins_over_a_slug_and_a_slug_over_a_name() {
        let table = [("1", "b", "c"), ("2", "c", "x"), ("b", "y", "z")];
        assert_eq!(find("b", &table).unwrap(), "b");
        assert_eq!(find("c", &table).unwrap(), "2");
        assert_eq!(find("x", &table).unwrap(), "2");
    }

    #[test]
    fn a_name_that_several_projects_have_lists_them() {
        let found = find("Pay", &[("1", "pay-a", "Pay"), ("2", "pay-b", "Pay")]).unwrap_err();
        assert_eq!(found.code, Code::AmbiguousProject);
        assert!(found.help.unwrap().contains("`pay-a` and `pay-b`"));
    }

    #[test]
    fn an_unknown_project_says_that_it_may_be_hidden_and_names_candidates() {
        let found = find("paymets", &[("1", "payments", "Payments")]).unwrap_err();
        assert_eq!(found.code, Code::UnknownProject);
        assert!(found.message.contains("or this identity is not a member"));
        assert_eq!(found.help.as_deref(), Some("Did you mean `payments`?"));
        let found = find("zzz", &[("1", "b", "B"), ("2", "a", "A")]).unwrap_err();
        assert_eq!(
            found.help.as_deref(),
            Some("This identity can see `a` and `b`.")
        );
    }

    #[test]
    fn a_project_is_best_named_by_a_slug_that_means_no_other() {
        let table = |rows: &[(&str, &str)]| -> Vec<RemoteProject> {
            let project = |(id, slug): &(&str, &str)| RemoteProject {
                id: (*id).to_owned(),
                slug: (*slug).to_owned(),
                name: "Pay".to_owned(),
                environments: None,
            };
            rows.iter().map(project).collect()
        };
        let usual = table(&[("1", "pay"), ("2", "shop")]);
        assert_eq!(project_word("1", &usual), "pay");
        assert_eq!(project_word("9", &usual), "9");
        // A slug that is the id of another one, that has the form of an id, or that no file takes.
        for odd in ["2", ID, "", " pay"] {
            assert_eq!(project_word("1", &table(&[("1", odd), ("2", "x")])), "1");
        }
    }

    /// A connection to Humanitec; one of a project if its id begins with `p`.
    fn row((id, name): (&str, &str)) -> RemoteConnection {
        RemoteConnection {
            id: id.to_owned(),
            name: name.to_owned(),
            app: "humanitec".to_owned(),
            project_id: id.starts_with('p').then(|| "project".to_owned()),
        }
    }

    const USABLE: [(&str, &str); 5] = [
        ("1", "main"),
        ("2", "twin"),
        ("3", "twin"),
        ("4", "both"),
        ("p5", "both"),
    ];

    fn find_connection(
        name: &str,
        scope: Option<Scope>,
        lacks: Option<&'static str>,
    ) -> Result<RemoteConnection, Box<Diagnostic>> {
        let usable = UsableConnections {
            seen: USABLE.map(row).into(),
            lacks,
        };
        let elsewhere = RemoteConnection {
            app: "vercel".to_owned(),
            ..row(("6", "vc"))
        };
        connection((name, scope), span(), "humanitec", &usable, &[elsewhere])
    }

    fn named(name: &str) -> Result<RemoteConnection, Box<Diagnostic>> {
        find_connection(name, None, None)
    }

    #[test]
    fn a_connection_is_found_by_its_name() {
        assert_eq!(named("main").unwrap().id, "1");
    }

    #[test]
    fn an_ambiguous_an_unknown_and_a_wrong_connection_each_say_what_to_do() {
        let ambiguous = named("twin").unwrap_err();
        assert_eq!(ambiguous.code, Code::AmbiguousConnection);
        assert_eq!(
            ambiguous.help.as_deref(),
            Some(
                "Write `connectionId:` with the id of one of them: 2 (organization), 3 (organization)."
            )
        );
        assert_eq!(
            named("mian").unwrap_err().help.as_deref(),
            Some("Did you mean `main`?")
        );
        let wrong_app = named("vc").unwrap_err();
        assert!(
            wrong_app
                .message
                .contains("is for vercel, but this destination needs one for humanitec")
        );
    }

    #[test]
    fn the_scope_decides_between_two_connections_of_one_name() {
        let ambiguous = named("both").unwrap_err().help.unwrap();
        assert!(ambiguous.contains("`connection: {name: both, scope: project}`"));
        assert!(
            ambiguous.contains("4 (organization), p5 (project)"),
            "{ambiguous}"
        );
        for (scope, id) in [(Scope::Organization, "4"), (Scope::Project, "p5")] {
            assert_eq!(find_connection("both", Some(scope), None).unwrap().id, id);
        }
        let other = find_connection("main", Some(Scope::Project), None).unwrap_err();
        assert_eq!(
            other.message,
            "This identity sees no connection `main` to humanitec in the project. There is one in the \
             organization."
        );
        let unknown = find_connection("mian", Some(Scope::Project), None).unwrap_err();
        assert_eq!(
            unknown.message,
            "This identity sees no connection `mian` to humanitec in the project."
        );
    }

    #[test]
    fn whoever_cannot_see_the_projects_connections_is_told_which_right_is_missing() {
        assert_eq!(
            find_connection("main", None, Some("a right")).unwrap().id,
            "1"
        );
        let said = |name, scope| {
            let unknown = find_connection(name, scope, Some("a right")).unwrap_err();
            format!("{} {}", unknown.message, unknown.help.unwrap_or_default())
        };
        assert_eq!(
            said("mian", None),
            "This identity sees no connection `mian` to humanitec in the organization, and it may not \
             see those of the project. Grant it a right, or correct the name."
        );
        assert_eq!(
            said("main", Some(Scope::Project)),
            "The connection `main` to humanitec is one of the organization, and this identity may not \
             see those of the project. Write `scope: organization` or the name alone, or grant it a \
             right."
        );
        assert_eq!(
            said("mian", Some(Scope::Project)),
            "The connection `mian` to humanitec is to be one of the project, which this identity may \
             not see. Grant it a right, or correct the name or the scope."
        );
        // The right is about the project alone.
        assert!(!said("mian", Some(Scope::Organization)).contains("a right"));
        let ambiguous = find_connection("twin", None, Some("a right")).unwrap_err();
        assert_eq!(ambiguous.code, Code::AmbiguousConnection);
    }

    #[test]
    fn a_connection_is_best_named_by_its_name_if_that_means_no_other() {
        let usable: Vec<_> = USABLE
            .map(row)
            .into_iter()
            .chain([row(("8", "padded "))])
            .collect();
        let word = |id: &str| connection_word(id, &usable);
        let name = |name: &str, scope| ConnectionRef::Name(name.to_owned(), scope);
        assert_eq!(word("1"), name("main", None));
        assert_eq!(word("p5"), name("both", Some(Scope::Project)));
        assert_eq!(word("3"), ConnectionRef::Id("3".to_owned()));
        for id in ["8", "9"] {
            assert_eq!(word(id), ConnectionRef::Id(id.to_owned()));
        }
    }

    #[test]
    fn an_id_is_taken_as_it_is_and_its_case_means_nothing() {
        assert_eq!(connection_by_id("9", []).id, "9");
        let known = row((ID, "main"));
        let found = connection_by_id(&ID.to_uppercase(), [&known]);
        assert_eq!((found.id.as_str(), found.name.as_str()), (ID, "main"));
    }
}
