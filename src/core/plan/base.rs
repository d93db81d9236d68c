//! What was declared before, in the form of what is remote: so that two versions of the files are
//! compared by the same rules as the files and the platform.

use serde::Serialize;

use crate::core::desired::{ConnectionRef, DesiredSync};
use crate::core::fields::{ENVIRONMENT, SECRET_PATH};
use crate::core::remote::{Job, RemoteConnection, RemoteSync};
use crate::core::resolve::ResolvedSync;
use crate::core::spec::DestinationSpec;

/// The version of the files that a plan compares with, instead of what is remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Base {
    /// The revision, as a person named it.
    pub revision: String,
    /// The commit that the checkout and the revision have in common.
    pub commit: String,
}

/// A declared sync without a look at any server: names stay names.
pub fn as_spelled(sync: &DesiredSync, server: &str, app: Option<&str>) -> ResolvedSync {
    let project = sync.project.as_ref();
    ResolvedSync {
        server: server.to_owned(),
        project_id: project.map(|word| word.text.clone()).unwrap_or_default(),
        connection: connection(sync, app),
        desired: sync.clone(),
    }
}

/// The connection that a file names, with its name as its id.
fn connection(sync: &DesiredSync, app: Option<&str>) -> Option<RemoteConnection> {
    let (reference, _) = sync.connection.as_ref()?;
    let (id, name) = match reference {
        ConnectionRef::Id(id) => (id.to_ascii_lowercase(), String::new()),
        ConnectionRef::Name(name, None) => (name.clone(), name.clone()),
        ConnectionRef::Name(name, Some(scope)) => {
            (format!("{name} ({})", scope.word()), name.clone())
        }
    };
    Some(RemoteConnection {
        id,
        name,
        app: app.unwrap_or_default().to_owned(),
        project_id: None,
    })
}

/// A sync that was declared before, as if it existed as declared and worked.
pub fn as_remote(sync: &ResolvedSync, spec: Option<&DestinationSpec>) -> RemoteSync {
    let desired = &sync.desired;
    let mut fields = desired.fields_as_json();
    fields.retain(|_, value| !value.is_null());
    let mut text = |key: &str| match fields.shift_remove(key) {
        Some(serde_json::Value::String(text)) => Some(text),
        _ => None,
    };
    let (environment, secret_path) = (text(ENVIRONMENT), text(SECRET_PATH));
    let name = &desired.name.text;
    RemoteSync {
        id: format!("{}/{name}", desired.destination.text),
        name: name.clone(),
        destination: spec
            .map_or(&desired.destination.text, |spec| &spec.slug)
            .clone(),
        project_id: sync.project_id.clone(),
        connection: sync.connection.clone().unwrap_or_default(),
        environment,
        secret_path,
        fields,
        created_at: None,
        updated_at: None,
        sync_job: Job {
            at: Some("before".to_owned()),
            ..Job::default()
        },
        import_job: Job::default(),
        remove_job: Job::default(),
    }
}
