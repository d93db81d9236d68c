//! What a refusal is about, by its words: refusals of one status differ by nothing else, and versions
//! of the server word them differently. Case, quotes and the order of words mean nothing, and what is
//! quoted is somebody's name.

use crate::core::plan::duplicates::HeldIn;
use crate::core::words::is_uuid;
use crate::http::error::RequestErrorKind;

/// The organization's plan allows no more syncs.
pub const PLAN_LIMIT: RequestErrorKind = RequestErrorKind::OwnRefusal("plan-limit");
/// The organization's plan does not include it.
pub const PLAN_RESTRICTION: RequestErrorKind = RequestErrorKind::OwnRefusal("plan-restriction");
/// The connection belongs to another project.
pub const FOREIGN_CONNECTION: RequestErrorKind = RequestErrorKind::OwnRefusal("foreign-connection");
/// A sync with subfolders would push secrets of one name from several folders.
pub const FOLDER_CLASH: RequestErrorKind = RequestErrorKind::OwnRefusal("folder-clash");
/// The identity may not read the secrets that a sync would push. The right is one on secrets, and
/// not on syncs.
pub const SECRETS_UNREADABLE: RequestErrorKind = RequestErrorKind::OwnDenial("secrets-unreadable");

/// The kind of a refusal of what a request wants (400).
pub fn kind(said: &str) -> RequestErrorKind {
    let words = Words::of(said);
    let is_about_sync = words.has("secret sync") || words.has("sync with");
    let exists = words.has_one(&["already exists", "already used", "already in use"]);
    // Other things that already exist are other destinations' syncs, not the name.
    if exists && is_about_sync && words.has_one(&["sync with the name", "sync with name"]) {
        return RequestErrorKind::NameTaken;
    }
    let holds_secret = words.has_one(&["at the destination", "in the destination"]);
    let is_taken = exists || words.has("duplicate");
    if is_taken && is_about_sync && words.has("destination") && !holds_secret {
        return RequestErrorKind::DestinationTaken;
    }
    if words.has("plan") && words.has("limit") {
        return PLAN_LIMIT;
    }
    if words.has_one(&["plan restriction", "enterprise plan"])
        || (words.has("plan") && words.has_one(&["upgrade", "enterprise"]))
    {
        return PLAN_RESTRICTION;
    }
    let is_missing = words.has_one(&["not found", "not find", "not exist", "already exists"]);
    if !is_missing && is_of_another_project(&words) {
        return FOREIGN_CONNECTION;
    }
    if !is_missing && is_clash(&words) {
        return FOLDER_CLASH;
    }
    if words.has("already in progress") {
        return RequestErrorKind::JobInProgress;
    }
    RequestErrorKind::Rejected
}

fn is_of_another_project(words: &Words) -> bool {
    words.has_one(&["connection", "connections"])
        && words.has_one(&["project", "projects"])
        && words.has_one(&[
            "from project",
            "another project",
            "different project",
            "other project",
            "other projects",
            "different projects",
            "not belong to",
            "belongs to project",
            "belongs to the project",
            "not part of",
            "outside",
        ])
}

fn is_clash(words: &Words) -> bool {
    let is_about_several = words.has_one(&[
        "folders",
        "subfolder",
        "subfolders",
        "more than one folder",
        "another folder",
    ]);
    let is_about_names = words.has_one(&["secret", "secrets", "name", "names", "key", "keys"]);
    // It names the folders.
    let folders = words.0.matches(" /").count();
    let is_in_several = folders > 1
        && words.has_one(&[
            "exists in",
            "exist in",
            "found in",
            "is in",
            "are in",
            "used in",
        ]);
    let says_so = || {
        words.has_one(&[
            "more than one",
            "only once",
            "multiple",
            "several",
            "same name",
            "same names",
            "same key",
            "duplicate",
            "duplicated",
            "clash",
            "clashes",
            "conflict",
            "conflicts",
            "conflicting",
            "collide",
            "collision",
            "twice",
        ])
    };
    is_about_several && is_about_names && folders > 0 && (is_in_several || says_so())
}

/// Where the secrets are that may not be read, as a refusal (403) says it: `at path "/x" in
/// environment "prod"`; `None` if the refusal is about something else.
pub fn unreadable_secrets(said: &str) -> Option<&str> {
    let words = Words::of(said);
    let is_about_secrets = words.has("read secrets") || words.has("reading secrets");
    if !is_about_secrets || !words.has_one(&["path", "environment", "folder"]) {
        return None;
    }
    // Lower case of ASCII keeps every place in the text.
    let lower = said.to_ascii_lowercase();
    let start = [
        " at path",
        " in environment",
        " in the environment",
        " in folder",
        " at ",
    ]
    .iter()
    .filter_map(|beginning| lower.find(beginning))
    .min()?;
    let place = said.get(start..)?.trim();
    // More sentences can follow.
    Some(place.split_once(". ").map_or(place, |(first, _)| first))
}

/// Which project has a destination that is taken, as far as a refusal says so.
pub fn held_in(said: &str) -> Option<HeldIn> {
    let words = Words::of(said);
    let is_end = |c: char| c.is_whitespace() || "\"'`“”‘’.,;:()[]".contains(c);
    let mut rest = said.split(is_end).filter(|word| !word.is_empty());
    rest.find(|word| word.eq_ignore_ascii_case("project"));
    let id = rest.find(|word| !["with", "id", "the"].contains(&word.to_ascii_lowercase().as_str()));
    let is_id = |word: &&str| is_uuid(word) || word.chars().any(|c| c.is_ascii_digit());
    if words.has_one(&["another project", "other project", "different project"]) {
        Some(HeldIn::Another)
    } else if let Some(id) = id.filter(is_id) {
        Some(HeldIn::Project(id.to_ascii_lowercase()))
    } else if words.has_one(&["this project", "same project", "the project"]) {
        Some(HeldIn::Same)
    } else {
        None
    }
}

/// The words of a message in lower case, with one blank before and after each, and without what is
/// quoted, paths excepted: of one the first slash is left.
struct Words(String);

impl Words {
    fn of(said: &str) -> Self {
        let mut words = String::from(" ");
        let mut is_quoted_until = None;
        let mut before = ' ';
        let mut letters = said.chars().peekable();
        while let Some(letter) = letters.next() {
            let after = letters.peek().copied().unwrap_or(' ');
            match is_quoted_until {
                // An apostrophe within a word ends no quotation.
                Some(end) if letter == end && (end != '\'' || !after.is_alphanumeric()) => {
                    is_quoted_until = None;
                }
                Some(_) => {}
                None => {
                    is_quoted_until = closing(letter, before);
                    if is_quoted_until.is_some() && after == '/' {
                        words.push_str(if words.ends_with(' ') { "/ " } else { " / " });
                    }
                    if is_quoted_until.is_none() && is_of_word(letter) {
                        words.extend(letter.to_lowercase());
                    } else if !words.ends_with(' ') {
                        words.push(' ');
                    }
                }
            }
            before = letter;
        }
        if !words.ends_with(' ') {
            words.push(' ');
        }
        Self(words)
    }

    /// Whether these words follow each other somewhere.
    fn has(&self, words: &str) -> bool {
        self.0.contains(&format!(" {words} "))
    }

    fn has_one(&self, of: &[&str]) -> bool {
        of.iter().any(|words| self.has(words))
    }
}

/// What ends the quotation that a character begins.
const fn closing(letter: char, before: char) -> Option<char> {
    match letter {
        '"' | '`' => Some(letter),
        '“' => Some('”'),
        '‘' => Some('’'),
        '\'' if !before.is_ascii_alphanumeric() => Some('\''),
        _ => None,
    }
}

/// A hyphen separates words: `app-connections` are app connections.
fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '/'
}

#[cfg(test)]
mod tests {
    use super::{
        FOLDER_CLASH, FOREIGN_CONNECTION, PLAN_LIMIT, PLAN_RESTRICTION, held_in, kind,
        unreadable_secrets,
    };
    use crate::core::plan::duplicates::HeldIn;
    use crate::http::error::RequestErrorKind::{
        self, DestinationTaken, JobInProgress, NameTaken, Rejected,
    };

    const ID: &str = "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11";

    #[test]
    fn a_refusal_is_known_by_what_it_says_and_not_by_its_exact_words() {
        let table: [(RequestErrorKind, &[&str]); 8] = [
            (
                FOLDER_CLASH,
                &[
                    "These names are used in more than one folder: \"DB_URL\" in /api and /api/v2.",
                    "The secrets \"DB_URL\" in the folders /api and /api/v2 have the same name",
                    "Secret name conflict: 'KEY' exists in multiple folders (/api, /api/v3)",
                    "DUPLICATE KEYS ACROSS SUBFOLDERS: KEY (/api, /api/v3)",
                    "Subfolders hold names twice: `KEY` in /api, /api/v2",
                    "Secret \"DB_URL\" exists in more than one folder: \"/api\", \"/api/v2\"",
                    "Duplicate secret names found across sub-folders: KEY in \"/api\" and \"/api/v2\"",
                    "Cannot include all sub-folders: the secret \"DB_URL\" exists in folders \"/api\" \
                     and \"/api/v2\". Rename one.",
                    "The keys 'A' and 'B' are in several folders: '/a', '/b'",
                ],
            ),
            (
                FOREIGN_CONNECTION,
                &[
                    "You cannot connect project App Connection with ID \"1\" from project with ID \"2\" \
                     to project with ID \"3\"",
                    "App connection belongs to a different project",
                    "app connection \"main\" belongs to another project",
                    "This App Connection does not belong to this project",
                    "The connection is not part of project \"payments\"",
                    "Cannot use an app-connection outside its project",
                ],
            ),
            (
                DestinationTaken,
                &[
                    "A secret sync with this destination already exists in project ID.",
                    "A SECRET SYNC WITH THE SAME DESTINATION ALREADY EXISTS in another project",
                    "This destination is already used by another Secret Sync in your organization",
                ],
            ),
            (
                NameTaken,
                &[
                    "A Secret Sync with the name \"web\" already exists for the project with ID \"1\"",
                    "a secret sync with the name 'this destination' already exists",
                ],
            ),
            (
                PLAN_LIMIT,
                &[
                    "Failed to create secret sync due to plan limit reached. Upgrade plan to add more.",
                    "The limit of your plan is reached",
                ],
            ),
            (
                PLAN_RESTRICTION,
                &[
                    "Failed to create secret sync due to plan restriction. Upgrade plan to access \
                     enterprise secret syncs.",
                    "Upgrade your plan to use enterprise secret syncs",
                ],
            ),
            (JobInProgress, &["A sync is already in progress"]),
            (
                Rejected,
                &[
                    "Folder with path \"/api\" not found in environment \"prod\"",
                    "The secret path \"/api\" is not valid, like the names of its folders",
                    "Could not find folder /api with subfolders",
                    "A folder with the same name already exists in /api",
                    "Secret \"in more than one folder: \" at /folders is not valid",
                    "App connection \"another project\" is not one of Vercel",
                    "App connection not found in project",
                    "A secret already exists at the destination",
                    "Secret \"secret sync with this destination already exists\" is not valid",
                    "The project's connection isn't valid",
                    "Something else that already exists",
                ],
            ),
        ];
        for (expected, messages) in table {
            for message in messages {
                assert_eq!(kind(message), expected, "{message}");
            }
        }
    }

    #[test]
    fn secrets_that_may_not_be_read_have_their_place_in_any_order() {
        for (said, place) in [
            (
                "You do not have permission to read secrets at path \"/api\" in environment \"prod\". More.",
                Some("at path \"/api\" in environment \"prod\""),
            ),
            (
                "you do not have permission to READ secrets in environment 'prod' at path '/api'",
                Some("in environment 'prod' at path '/api'"),
            ),
            (
                "Missing permission: read secrets at path \"/api\"",
                Some("at path \"/api\""),
            ),
            ("You are not allowed to read on secret-syncs", None),
            ("You are not allowed to read-value on secrets", None),
        ] {
            assert_eq!(unreadable_secrets(said), place, "{said}");
        }
    }

    #[test]
    fn the_project_that_has_a_destination_is_an_id_another_one_or_the_same() {
        let exists = "A secret sync with this destination already exists in";
        for (place, expected) in [
            (
                format!("project {ID}."),
                Some(HeldIn::Project(ID.to_owned())),
            ),
            (
                format!("Project with ID \"{ID}\""),
                Some(HeldIn::Project(ID.to_owned())),
            ),
            (
                "another project in your organization.".to_owned(),
                Some(HeldIn::Another),
            ),
            ("this project".to_owned(), Some(HeldIn::Same)),
            ("your organization".to_owned(), None),
        ] {
            assert_eq!(held_in(&format!("{exists} {place}")), expected, "{place}");
        }
    }
}
