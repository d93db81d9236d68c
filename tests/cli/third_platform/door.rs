//! All that is true of Strongbox.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Method;
use secsync::cancel::Cancellation;
use secsync::core::code::{Code, PlatformLint};
use secsync::core::desired::DesiredSync;
use secsync::core::diagnostic::{Diagnostic, Severity};
use secsync::core::normalize::Comparable;
use secsync::core::plan::Effect;
use secsync::core::platform::{Capability, Description, Platform};
use secsync::core::remote::{Job, RemoteConnection, RemoteProject, RemoteSync};
use secsync::core::rules::Rules;
use secsync::core::spec::DestinationSpec;
use secsync::http::HttpOptions;
use secsync::http::answer::{Answer, bad_answer};
use secsync::http::error::{RequestError, RequestErrorKind};
use secsync::http::request::Repeat;
use secsync::http::request::Request;
use secsync::provider::credential::{Credential, LoginOptions, Token, message, missing};
use secsync::provider::door::{BundledText, Door, FieldMeaning, OperationKind, Servers};
use secsync::provider::environment_variables::ProviderVariables;
use secsync::provider::session::AuthenticatedClient;
use secsync::provider::{Deletion, ManagedSyncs, Provider};
use serde_json::{Map, Value};

pub const PLATFORM: Platform = Platform::new(&Description {
    name: "strongbox",
    title: "Strongbox",
    capabilities: &[Capability::ReadsBack, Capability::ListsDestinations],
});

/// What its fields mean, as far as their names do not say it.
const FIELDS: [FieldMeaning; 1] = [FieldMeaning::new(
    "paused",
    "Whether changes wait until somebody pushes them.",
)];

/// Its own lint.
const CAPITAL_NAME: Code = Code::OfPlatform(&PlatformLint {
    name: "capital-name",
    severity: Severity::Error,
    summary: "A sync's name has no capital letter at its start.",
    page: include_str!("capital-name.md"),
});

/// The door, and the rules.
pub struct Strongbox;

impl Door for Strongbox {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn servers(&self) -> Servers {
        Servers {
            official: &[&["https://strongbox.example"]],
            host_variables: &["STRONGBOX_URL"],
            project_variable: None,
            document_path: None,
            sync_paths: "",
        }
    }

    fn credential(
        &self,
        variables: &ProviderVariables<'_>,
        _: &LoginOptions,
        _: &HttpOptions,
        _: &Cancellation,
    ) -> Result<Credential, RequestError> {
        Token::read(variables, "STRONGBOX_TOKEN")?
            .map(Credential::Token)
            .ok_or_else(|| missing(PLATFORM, &variables.name("STRONGBOX_TOKEN")))
    }

    fn provider(&self, session: AuthenticatedClient) -> Provider {
        Provider::Managed(Arc::new(Account { session }))
    }

    fn schemas(&self) -> &'static [(&'static str, BundledText)] {
        &[
            ("chest", BundledText::Plain(include_str!("chest.json"))),
            ("drawer", BundledText::Plain(include_str!("drawer.json"))),
            ("locker", BundledText::Plain(include_str!("locker.json"))),
        ]
    }

    fn fields(&self) -> &'static [FieldMeaning] {
        &FIELDS
    }

    fn lints(&self) -> &'static [Code] {
        &[CAPITAL_NAME]
    }

    fn operation<'d>(&self, _: &[&'d str], _: &str) -> Option<OperationKind<'d>> {
        None
    }
}

impl Rules for Strongbox {
    /// Its names begin with a capital letter.
    fn lint(
        &self,
        sync: &DesiredSync,
        _spec: Option<&DestinationSpec>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let name = &sync.name;
        assert!(name.text != "Panic", "the name is {}", name.text);
        if !name
            .text
            .starts_with(|first: char| first.is_ascii_uppercase())
        {
            let message = format!(
                "The name `{}` has no capital letter at its start.",
                name.text
            );
            diagnostics.push(Diagnostic::new(CAPITAL_NAME, name.span, message));
        }
    }

    fn is_auto_synced(&self, sync: &Comparable) -> bool {
        sync.get("paused") != Some(&Value::Bool(true))
    }

    fn effects_of_first_sync(&self, _: &Comparable) -> Vec<Effect> {
        vec![Effect::FirstSyncOverwrites]
    }
}

/// A Strongbox server, as one identity sees it.
struct Account {
    session: AuthenticatedClient,
}

impl Account {
    async fn call(
        &self,
        method: Method,
        segments: &[&str],
        body: Option<&Map<String, Value>>,
    ) -> Result<Value, RequestError> {
        let repeat = match method {
            Method::GET => Repeat::Read,
            Method::POST => Repeat::Never,
            _ => Repeat::Same,
        };
        let task = format!("{method} {}", segments.join("/"));
        let mut request: Request = self
            .session
            .request(method, segments, repeat, task.as_str())?;
        if let Some(body) = body {
            request = request.json(body);
        }
        let read = |answer: &Answer| match answer.status() {
            200 => answer
                .json()
                .map_err(|what| bad_answer(&task, self.session.origin(), what)),
            status => {
                let kind = match status {
                    404 => RequestErrorKind::NotFound,
                    409 => RequestErrorKind::NameTaken,
                    _ => RequestErrorKind::Rejected,
                };
                Err(RequestError::new(kind, format!("{}.", message(answer))))
            }
        };
        self.session.call(request, read).await
    }

    async fn list_in(&self, project_id: &str) -> Result<Vec<RemoteSync>, RequestError> {
        let list = self.call(Method::GET, &["boxes", project_id], None).await?;
        let items = list.as_array().into_iter().flatten();
        Ok(items.map(sync).collect())
    }
}

fn sync(item: &Value) -> RemoteSync {
    let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
    let mut fields = item.as_object().cloned().unwrap_or_default();
    fields.retain(|key, _| !["id", "name", "projectId", "target"].contains(&key.as_str()));
    RemoteSync {
        id: text("id"),
        name: text("name"),
        destination: text("target"),
        project_id: text("projectId"),
        connection: RemoteConnection::default(),
        environment: None,
        secret_path: None,
        fields,
        created_at: None,
        updated_at: None,
        sync_job: Job::default(),
        import_job: Job::default(),
        remove_job: Job::default(),
    }
}

#[async_trait]
impl ManagedSyncs for Account {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn server(&self) -> &str {
        self.session.server()
    }

    fn auth_method(&self) -> String {
        self.session.auth_method()
    }

    async fn projects(&self) -> Result<Vec<RemoteProject>, RequestError> {
        Ok(vec![RemoteProject {
            id: "shop".to_owned(),
            slug: "shop".to_owned(),
            name: "The shop".to_owned(),
            environments: None,
        }])
    }

    async fn list(&self, project_id: &str, _: &str) -> Result<Vec<RemoteSync>, RequestError> {
        self.list_in(project_id).await
    }

    async fn get(&self, _: &str, id: &str) -> Result<Option<RemoteSync>, RequestError> {
        let all = self.list_in("shop").await?;
        Ok(all.into_iter().find(|sync| sync.id == id))
    }

    async fn create(
        &self,
        destination: &str,
        body: &Map<String, Value>,
    ) -> Result<RemoteSync, RequestError> {
        let path = ["boxes", "shop", destination];
        Ok(sync(&self.call(Method::POST, &path, Some(body)).await?))
    }

    async fn update(
        &self,
        _: &str,
        id: &str,
        body: &Map<String, Value>,
    ) -> Result<RemoteSync, RequestError> {
        let path = ["box", id];
        Ok(sync(&self.call(Method::PATCH, &path, Some(body)).await?))
    }

    async fn delete(&self, _: &str, id: &str, _: bool) -> Result<Deletion, RequestError> {
        self.call(Method::DELETE, &["box", id], None).await?;
        Ok(Deletion::Gone)
    }
}
