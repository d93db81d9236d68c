//! What each platform's folder offers to the rest of the program.

use std::borrow::Cow;

use super::connected::Provider;
use super::credential::{Credential, LoginOptions, message};
use super::environment_variables::ProviderVariables;
use super::session::AuthenticatedClient;
use crate::cancel::Cancellation;
use crate::core::code::Code;
use crate::core::platform::Platform;
use crate::core::rules::Rules;
use crate::http::HttpOptions;
use crate::http::answer::Answer;
use crate::http::error::RequestError;

/// The text of a schema file that is part of the program.
#[derive(Debug, Clone, Copy)]
pub enum BundledText {
    /// As it is.
    Plain(&'static str),
    /// Compressed by `build.rs`.
    Deflated(&'static [u8]),
}

impl BundledText {
    /// The text itself.
    #[must_use]
    pub fn text(self) -> Cow<'static, str> {
        match self {
            Self::Plain(text) => text.into(),
            Self::Deflated(bytes) => {
                let inflated = miniz_oxide::inflate::decompress_to_vec(bytes).unwrap_or_default();
                String::from_utf8(inflated).unwrap_or_default().into()
            }
        }
    }
}

/// The one way to a platform: all that only it can know, the rules of its syncs among it.
/// Registered in [`crate::provider`].
pub trait Door: Rules + Send {
    /// The platform as everything else knows it.
    fn platform(&self) -> Platform;

    /// Its servers, and the variables that name others.
    fn servers(&self) -> Servers;

    /// The environment variables that it reads, each with what it is for, as a phrase; see
    /// [`ProviderVariables`] for how other providers read them.
    fn variables(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Takes the credential of a provider from its variables. Sends nothing.
    fn credential(
        &self,
        variables: &ProviderVariables<'_>,
        login: &LoginOptions,
        http: &HttpOptions,
        cancellation: &Cancellation,
    ) -> Result<Credential, RequestError>;

    /// Whether the API itself refused a request, in its own form, so that it had no effect. What
    /// stands before the API answers in forms of its own, also after the request went through.
    fn is_refusal(&self, answer: &Answer) -> bool {
        is_refused(answer.status())
            && answer
                .json()
                .is_ok_and(|body| body["message"].as_str().is_some())
    }

    /// What the server said, if an answer refuses the access token that was sent.
    fn token_refusal(&self, answer: &Answer) -> Option<String> {
        (answer.status() == 401).then(|| message(answer))
    }

    /// The provider behind a session. Sends nothing.
    fn provider(&self, session: AuthenticatedClient) -> Provider;

    /// The schema files that are part of the program, sorted by name. `build.rs` lists those of
    /// `schemas/<platform>`.
    fn schemas(&self) -> &'static [(&'static str, BundledText)];

    /// What its own fields mean: those of a sync, and of its `syncOptions`.
    fn fields(&self) -> &'static [FieldMeaning] {
        &[]
    }

    /// The codes of its own lints, each a [`Code::OfPlatform`].
    fn lints(&self) -> &'static [Code] {
        &[]
    }

    /// What an operation of an OpenAPI document is for, by its path (without a leading `api`) and
    /// its method in lower case; none if it is not about syncs of this platform.
    fn operation<'d>(&self, path: &[&'d str], method: &str) -> Option<OperationKind<'d>>;

    /// How the platform's Terraform provider says what the API says, as
    /// [`crate::export::terraform::ResourceMapping`] reads it; `None` if it has none for syncs.
    fn terraform(&self) -> Option<&'static str> {
        None
    }
}

/// What a field of a sync means, in words for editors and `secsync explain`.
#[derive(Debug)]
pub struct FieldMeaning {
    /// Its name.
    pub name: &'static str,
    /// What it means, as full sentences.
    pub description: &'static str,
    /// The values that it takes and what they mean, the default first; empty if any will do.
    pub values: &'static [(&'static str, &'static str)],
}

impl FieldMeaning {
    /// A field that takes any value.
    pub const fn new(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            description,
            values: &[],
        }
    }

    /// A field that takes these values, the default first.
    pub const fn with_values(
        name: &'static str,
        description: &'static str,
        values: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self {
            name,
            description,
            values,
        }
    }
}

/// Whether a status is one of those that APIs refuse with. That a request took too long, met
/// another one or was given up (408, 409, 499) says nothing of its effect.
pub fn is_refused(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 408 | 409 | 499)
}

/// A platform's servers, and the variables that its own tools read.
#[derive(Debug, Clone, Copy)]
pub struct Servers {
    /// The official servers, the usual one first; each by all its addresses, the first of which
    /// is the one that it is known by.
    pub official: &'static [&'static [&'static str]],
    /// The variables that name another server.
    pub host_variables: &'static [&'static str],
    /// The variable that names the project where no file does.
    pub project_variable: Option<&'static str>,
    /// The path at which a server serves its own OpenAPI document.
    pub document_path: Option<&'static str>,
    /// The paths by which such a document is recognised, as people write them; empty if the
    /// platform publishes none.
    pub sync_paths: &'static str,
}

/// What an operation of an OpenAPI document is for.
#[derive(Debug, Clone, Copy)]
pub enum OperationKind<'d> {
    /// It is about one sync to the destination of that slug.
    Sync(&'d str, SyncRole, &'static Shape),
    /// It lists the destinations, so that the document describes a whole server.
    Destinations(&'static Shape),
    /// It starts a sync to the destination that its path names.
    Start,
}

/// What an operation on one sync does. The order is that in which the answers are trusted to
/// show the whole sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyncRole {
    /// Reads one sync.
    Read,
    /// Creates one.
    Create,
    /// Changes one.
    Update,
    /// Anything else that may answer with a sync.
    Other,
}

/// Where a platform's OpenAPI documents say what.
#[derive(Debug)]
pub struct Shape {
    /// The mark of operations that no released server has.
    pub unreleased: &'static str,
    /// The property of an answer that holds a sync.
    pub sync: &'static str,
    /// The fields at the top of a sync that the server sets, or that answers hold in a form of their
    /// own.
    pub apart: &'static [&'static str],
    /// The field of a sync that says which place of a destination it pushes to.
    pub place: &'static str,
    /// What is known of single destinations and no document says: by slug, then by the path of a
    /// field, the keywords that its schema gets. A JSON object.
    pub annotations: &'static str,
    /// The property of the list of destinations that holds them.
    pub destinations: &'static str,
    /// The property of a listed destination that holds its slug.
    pub slug: &'static str,
    /// The one that holds what people call it.
    pub title: &'static str,
    /// The one that holds the app of its connections.
    pub app: &'static str,
    /// The one that says whether secrets can be imported from it.
    pub can_import: &'static str,
    /// A pointer to that app in the schema of a sync.
    pub app_of_sync: &'static str,
    /// A pointer to what a first sync can do, and how that begins if it imports.
    pub first_sync: (&'static str, &'static str),
}
