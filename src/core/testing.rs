//! Helpers for the tests of the core.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::desired::{ConnectionRef, DesiredSync, Ensure, OnDelete, Trigger, Word};
use super::remote::{Job, RemoteConnection, RemoteSync};
use super::resolve::ResolvedSync;
use super::span::{SourceId, Span};
use super::spec::{DestinationSpec, FieldSpec, ObjectSpec, UnionSpec, VariantSpec};
use super::value::{Mapping, Node};
use crate::core::sources::Sources;
pub use crate::provider::enkryptify::PLATFORM as ENKRYPTIFY;
pub use crate::provider::infisical::PLATFORM as INFISICAL;

/// The id of a source that no test reads.
pub fn source() -> SourceId {
    Sources::default().add("test.yaml", "")
}

/// A value without meaningful places.
pub fn node(value: Json) -> Node {
    Node::from_json(value, Span::new(source(), 0, 0))
}

/// A map without meaningful places.
pub fn mapping(value: Json) -> Mapping {
    Mapping::from_json(fields(value), Span::new(source(), 0, 0))
}

/// The fields of a JSON object.
pub fn fields(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(fields) => fields,
        other => panic!("{other} is not an object"),
    }
}

/// A field that needs no more than a name.
fn field(name: &str) -> FieldSpec {
    FieldSpec {
        name: name.to_owned(),
        blank: match name {
            "keySchema" => Some("".into()),
            "disableSecretDeletion" => Some(false.into()),
            _ => None,
        },
        ..FieldSpec::default()
    }
}

/// A destination with a default, a nullable field, nested objects and a union.
pub fn spec() -> DestinationSpec {
    let sync_options = ObjectSpec {
        fields: [
            "initialSyncBehavior",
            "keySchema",
            "disableSecretDeletion",
            "n",
            "x",
        ]
        .map(field)
        .into(),
        ..ObjectSpec::default()
    };
    let sensitive = FieldSpec {
        default: Some(false.into()),
        ..field("sensitive")
    };
    let destination_config = ObjectSpec {
        fields: vec![field("scope")],
        union: Some(UnionSpec {
            tag: "scope".to_owned(),
            variants: vec![
                VariantSpec {
                    value: "application".to_owned(),
                    fields: ["org", "app"].map(field).into(),
                },
                VariantSpec {
                    value: "environment".to_owned(),
                    fields: vec![field("org"), field("app"), field("env"), sensitive],
                },
            ],
        }),
        open: false,
    };
    let fields = vec![
        FieldSpec {
            required: true,
            ..field("name")
        },
        FieldSpec {
            required: true,
            ..field("projectId")
        },
        FieldSpec {
            nullable: true,
            ..field("description")
        },
        FieldSpec {
            required: true,
            ..field("connectionId")
        },
        FieldSpec {
            required: true,
            ..field("environment")
        },
        FieldSpec {
            required: true,
            ..field("secretPath")
        },
        FieldSpec {
            default: Some(true.into()),
            ..field("isAutoSyncEnabled")
        },
        FieldSpec {
            object: Some(sync_options),
            ..field("syncOptions")
        },
        FieldSpec {
            object: Some(destination_config),
            ..field("destinationConfig")
        },
        field("plain"),
    ];
    let create = ObjectSpec {
        fields,
        ..ObjectSpec::default()
    };
    DestinationSpec {
        slug: "humanitec".to_owned(),
        name: "Humanitec".to_owned(),
        connection_app: Some("humanitec".to_owned()),
        can_import: false,
        update: create.clone(),
        create,
    }
}

/// The fields of a sync that fits [`spec`].
pub fn sync_fields() -> Json {
    json!({
        "environment": "dev",
        "secretPath": "/apps/web",
        "syncOptions": {"initialSyncBehavior": "overwrite-destination"},
        "destinationConfig": {"scope": "application", "org": "acme", "app": "web"},
    })
}

/// A sync that exists, as [`sync_fields`] would make it.
pub fn remote_sync(name: &str) -> RemoteSync {
    let mut remote = fields(sync_fields());
    remote.remove("environment");
    remote.remove("secretPath");
    remote.insert("isAutoSyncEnabled".to_owned(), true.into());
    remote.insert("description".to_owned(), Json::Null);
    RemoteSync {
        id: format!("id-{name}"),
        name: name.to_owned(),
        destination: "humanitec".to_owned(),
        project_id: "p1".to_owned(),
        connection: RemoteConnection {
            id: "c1".to_owned(),
            name: "main".to_owned(),
            app: "humanitec".to_owned(),
            project_id: None,
        },
        environment: Some("dev".to_owned()),
        secret_path: Some("/apps/web".to_owned()),
        fields: remote,
        created_at: Some("2026-01-01T00:00:00.000Z".to_owned()),
        updated_at: Some("2026-01-01T00:00:00.000Z".to_owned()),
        sync_job: Job::default(),
        import_job: Job::default(),
        remove_job: Job::default(),
    }
}

/// A sync that the files want, of the provider `infisical` in the project `p1`.
pub fn desired_sync(name: &str, fields: Json) -> DesiredSync {
    let span = Span::new(source(), 0, 0);
    let word = |text: &str| Word {
        text: text.to_owned(),
        span,
    };
    DesiredSync {
        name: word(name),
        provider: word("infisical"),
        platform: INFISICAL,
        project: Some(word("p1")),
        destination: word("humanitec"),
        ensure: Ensure::Present,
        connection: Some((ConnectionRef::Name("main".to_owned(), None), span)),
        labels: Vec::new(),
        renamed_from: None,
        protect: false,
        ignore_remote: Vec::new(),
        on_delete: OnDelete::KeepSecrets,
        trigger: Trigger::Never,
        fields: mapping(fields),
        block: span,
        key: span,
        cell: None,
    }
}

/// A sync that is to continue the one of an old name.
pub fn renamed_sync(old: &str, new: &str) -> DesiredSync {
    let mut sync = desired_sync(new, json!({}));
    sync.renamed_from = Some(Word {
        text: old.to_owned(),
        span: sync.key,
    });
    sync
}

/// A sync of the server `https://a` whose project and connection are looked up.
pub fn resolved(desired: DesiredSync) -> ResolvedSync {
    ResolvedSync {
        server: "https://a".to_owned(),
        project_id: desired
            .project
            .as_ref()
            .map(|p| p.text.clone())
            .unwrap_or_default(),
        project_words: Arc::default(),
        connection: Some(RemoteConnection {
            id: "c1".to_owned(),
            name: "main".to_owned(),
            app: "humanitec".to_owned(),
            project_id: None,
        }),
        desired: Arc::new(desired),
    }
}
