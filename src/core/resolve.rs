//! Names to ids, from tables that were read before.

use super::code::Code;
use super::desired::{ConnectionRef, DesiredSync, Word};
use super::diagnostic::Diagnostic;
use super::remote::{RemoteConnection, RemoteProject};
use super::span::Span;
use super::words::{is_uuid, list, list_some};

/// A sync whose project and connection are known by id.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedSync {
    /// What the files want.
    pub desired: DesiredSync,
    /// The origin of its server.
    pub server: String,
    /// The id of its project.
    pub project_id: String,
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

/// How a file best names a connection: by its name, if that means no other one of those to the
/// destination's app that the identity may use.
pub fn connection_word(id: &str, usable: &[RemoteConnection]) -> ConnectionRef {
    let name = usable
        .iter()
        .find(|connection| connection.id == id)
        .map(|connection| connection.name.as_str())
        .filter(|name| can_be_written(name));
    let means_this = |name: &&str| {
        let mut named = usable.iter().filter(|connection| connection.name == *name);
        named.all(|connection| connection.id == id)
    };
    match name.filter(means_this) {
        Some(name) => ConnectionRef::Name(name.to_owned()),
        None => ConnectionRef::Id(id.to_owned()),
    }
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

/// The connection that a sync means. `usable` are those to the destination's app that the
/// identity may use; `elsewhere` are other known ones, which show that the app is wrong, not the
/// name.
pub fn connection(
    reference: &ConnectionRef,
    span: Span,
    app: &str,
    usable: &[RemoteConnection],
    elsewhere: &[RemoteConnection],
) -> Result<RemoteConnection, Box<Diagnostic>> {
    let name = match reference {
        ConnectionRef::Id(id) => {
            // The platform takes ids in any case and shows them in lower case.
            let id = id.to_ascii_lowercase();
            let known = usable
                .iter()
                .chain(elsewhere)
                .find(|connection| connection.id == id);
            return Ok(known.cloned().unwrap_or_else(|| RemoteConnection {
                id,
                ..RemoteConnection::default()
            }));
        }
        ConnectionRef::Name(name) => name,
    };
    let named: Vec<_> = usable
        .iter()
        .filter(|connection| &connection.name == name)
        .collect();
    let diagnostic = match named.as_slice() {
        [only] => return Ok((*only).clone()),
        [] => unknown_connection(name, span, app, usable, elsewhere),
        several => Diagnostic::new(
            Code::AmbiguousConnection,
            span,
            format!("{} connections to {app} are named `{name}`.", several.len()),
        )
        .help(format!(
            "Write `connectionId:` with the id of one of them: {}.",
            list(several.iter().map(|connection| connection.id.as_str()))
        )),
    };
    Err(Box::new(diagnostic))
}

fn unknown_connection(
    name: &str,
    span: Span,
    app: &str,
    usable: &[RemoteConnection],
    elsewhere: &[RemoteConnection],
) -> Diagnostic {
    if let Some(other) = elsewhere.iter().find(|connection| connection.name == name) {
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
    let message = format!(
        "The connection `{name}` to {app} does not exist, or this identity may not use it."
    );
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
    use super::{connection, connection_word, project, project_word};
    use crate::core::code::Code;
    use crate::core::desired::{ConnectionRef, Word};
    use crate::core::diagnostic::Diagnostic;
    use crate::core::remote::{RemoteConnection, RemoteProject};
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

    #[test]
    fn a_connection_is_best_named_by_a_name_that_only_it_has() {
        let usable = connections(&[
            ("1", "main", "humanitec"),
            ("2", "twin", "humanitec"),
            ("3", "twin", "humanitec"),
            ("4", "padded ", "humanitec"),
        ]);
        let id = |id: &str| ConnectionRef::Id(id.to_owned());
        let name = ConnectionRef::Name("main".to_owned());
        assert_eq!(connection_word("1", &usable), name);
        for other in ["2", "4", "9"] {
            assert_eq!(connection_word(other, &usable), id(other));
        }
    }

    fn connections(rows: &[(&str, &str, &str)]) -> Vec<RemoteConnection> {
        rows.iter()
            .map(|(id, name, app)| RemoteConnection {
                id: (*id).to_owned(),
                name: (*name).to_owned(),
                app: (*app).to_owned(),
            })
            .collect()
    }

    fn named(name: &str) -> Result<RemoteConnection, Box<Diagnostic>> {
        connection(
            &ConnectionRef::Name(name.to_owned()),
            span(),
            "humanitec",
            &connections(&[
                ("1", "main", "humanitec"),
                ("2", "twin", "humanitec"),
                ("3", "twin", "humanitec"),
            ]),
            &connections(&[("4", "vc", "vercel")]),
        )
    }

    #[test]
    fn a_connection_is_found_by_its_name() {
        assert_eq!(named("main").unwrap().id, "1");
    }

    #[test]
    fn an_ambiguous_an_unknown_and_a_wrong_connection_each_say_what_to_do() {
        let ambiguous = named("twin").unwrap_err();
        assert_eq!(ambiguous.code, Code::AmbiguousConnection);
        assert!(ambiguous.help.unwrap().contains("`2` and `3`"));
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
    fn a_connection_id_is_taken_as_it_is() {
        let found = connection(
            &ConnectionRef::Id("9".to_owned()),
            span(),
            "humanitec",
            &[],
            &[],
        );
        assert_eq!(found.unwrap().id, "9");
    }

    #[test]
    fn the_case_of_a_connection_id_means_nothing() {
        let found = connection(
            &ConnectionRef::Id(ID.to_uppercase()),
            span(),
            "humanitec",
            &connections(&[(ID, "main", "humanitec")]),
            &[],
        )
        .unwrap();
        assert_eq!((found.id.as_str(), found.name.as_str()), (ID, "main"));
    }
}
