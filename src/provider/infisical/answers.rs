//! Reads Infisical's answers strictly: half an answer is an error, never "no syncs".

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::refusal;
use crate::core::remote::{
    IdentityScope, Job, JobStatus, RemoteConnection, RemoteDestination, RemoteEnvironment,
    RemoteIdentity, RemoteOrganization, RemoteProject, RemoteSync,
};
use crate::http::answer::{Answer, Fields, bad_answer};
use crate::http::error::RequestError;
use crate::http::origin::Origin;
use crate::http::quote::quotable;
use crate::provider::session::TokenFacts;
use crate::redaction::redacted;

/// The fields that only the server sets, or that [`RemoteSync`] holds apart.
pub const SERVER_FIELDS: [&str; 26] = [
    "id",
    "name",
    "version",
    "projectId",
    "folderId",
    "connectionId",
    "createdAt",
    "updatedAt",
    "syncStatus",
    "lastSyncJobId",
    "lastSyncMessage",
    "lastSyncedAt",
    "importStatus",
    "lastImportJobId",
    "lastImportMessage",
    "lastImportedAt",
    "removeStatus",
    "lastRemoveJobId",
    "lastRemoveMessage",
    "lastRemovedAt",
    "connection",
    "environment",
    "folder",
    "secretPath",
    "destination",
    "project",
];

/// Reads the answers to one request.
pub struct AnswerReader {
    task: String,
    origin: Origin,
}

type Object = Map<String, Value>;

impl AnswerReader {
    /// A reader that names the request in its errors.
    pub fn new(task: &str, origin: &Origin) -> Self {
        Self {
            task: task.to_owned(),
            origin: origin.clone(),
        }
    }

    /// The body of an answer that accepts the request, or the error that it amounts to.
    pub fn accepted(&self, answer: &Answer) -> Result<Value, RequestError> {
        refusal::accepted(answer, &self.task, &self.origin)
    }

    /// `{"secretSync": {…}}`
    pub fn sync(&self, body: Value) -> Result<RemoteSync, RequestError> {
        match take(body, "secretSync") {
            Some(Value::Object(sync)) => self.remote_sync(sync.into()),
            _ => Err(self.bad("without a secretSync")),
        }
    }

    /// The sync that was asked for by its id.
    pub fn sync_with_id(&self, body: Value, id: &str) -> Result<RemoteSync, RequestError> {
        let sync = self.sync(body)?;
        if sync.id == id {
            Ok(sync)
        } else {
            Err(self.bad("with another sync"))
        }
    }

    /// `{"secretSyncs": [{…}]}`, all of them of one project.
    ///
    /// A project can have so many that they are read one by one.
    pub fn syncs(
        &self,
        answer: &Answer,
        project_id: &str,
    ) -> Result<Vec<RemoteSync>, RequestError> {
        const LIST: &str = "secretSyncs";
        if answer.status() != 200 {
            let refused = self.accepted(answer).err();
            return Err(refused.unwrap_or_else(|| self.bad(&answer.status_line())));
        }
        let mut syncs = Vec::new();
        let missing = || self.bad(&format!("without a list of {LIST}"));
        let take = |sync| {
            syncs.push(self.remote_sync(sync)?);
            Ok(())
        };
        let beside = answer.items(LIST, take, missing, |what| {
            self.bad(&format!("with {what}"))
        })?;
        syncs.shrink_to_fit();
        let why = not_whole(&beside, syncs.len()).or_else(|| answer.more_than(syncs.len()));
        self.check_whole(LIST, why)?;
        if let Some(stray) = syncs
            .iter()
            .find(|sync| !sync.project_id.eq_ignore_ascii_case(project_id))
        {
            return Err(self.bad(&format!(
                "with the sync \"{}\" of another project",
                quotable(&stray.name, 100)
            )));
        }
        self.all_differ("id", syncs.iter().map(|sync| &sync.id))?;
        self.all_differ("name", syncs.iter().map(|sync| &sync.name))?;
        Ok(syncs)
    }

    /// `{"folders": [{name, …}]}`
    pub fn folder_names(&self, body: Value) -> Result<Vec<String>, RequestError> {
        self.list(body, "folders")?
            .iter()
            .map(|folder| self.text(folder, "name", "folder"))
            .collect()
    }

    /// `{"project": {"environments": [{slug, name}]}}`, or the same under `workspace`.
    pub fn environments(
        &self,
        body: Value,
        envelope: &str,
    ) -> Result<Vec<RemoteEnvironment>, RequestError> {
        let project = take(body, envelope);
        let project = project.ok_or_else(|| self.bad(&format!("without a {envelope}")))?;
        self.list(project, "environments")?
            .iter()
            .map(|environment| {
                Ok(RemoteEnvironment {
                    slug: self.text(environment, "slug", "environment")?,
                    name: self.text(environment, "name", "environment")?,
                })
            })
            .collect()
    }

    /// `{"secretSyncOptions": [{destination, name, connection, canImportSecrets}]}`
    pub fn destinations(&self, body: Value) -> Result<Vec<RemoteDestination>, RequestError> {
        self.list(body, "secretSyncOptions")?
            .iter()
            .map(|destination| {
                Ok(RemoteDestination {
                    slug: self.text(destination, "destination", "destination")?,
                    name: self.text(destination, "name", "destination")?,
                    app: optional(destination, "connection"),
                    can_import: destination.get("canImportSecrets") == Some(&Value::Bool(true)),
                })
            })
            .collect()
    }

    /// `{"appConnections": [{app, name, id}]}`
    pub fn connections(&self, body: Value) -> Result<Vec<RemoteConnection>, RequestError> {
        let connections = self
            .list(body, "appConnections")?
            .iter()
            .map(|connection| {
                Ok(RemoteConnection {
                    id: self.text(connection, "id", "connection")?,
                    name: self.text(connection, "name", "connection")?,
                    app: self.text(connection, "app", "connection")?,
                    project_id: optional(connection, "projectId"),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        self.all_differ("id", connections.iter().map(|connection| &connection.id))?;
        Ok(connections)
    }

    /// `{"workspaces": [{id, slug, name}]}`, or the same under `projects`.
    pub fn projects(
        &self,
        body: Value,
        envelope: &'static str,
    ) -> Result<Vec<RemoteProject>, RequestError> {
        let projects = self
            .list(body, envelope)?
            .iter()
            .map(|project| {
                Ok(RemoteProject {
                    id: self.text(project, "id", "project")?,
                    slug: self.text(project, "slug", "project")?,
                    name: self.text(project, "name", "project")?,
                    environments: project.get("environments").and_then(environments),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        self.all_differ("id", projects.iter().map(|project| &project.id))?;
        Ok(projects)
    }

    fn remote_sync(&self, mut sync: Fields<'_>) -> Result<RemoteSync, RequestError> {
        let id = self.take_text(&mut sync, "id")?;
        let name = self.take_text(&mut sync, "name")?;
        self.is_whole(&sync)?;
        Ok(RemoteSync {
            id,
            name,
            destination: self.take_text(&mut sync, "destination")?,
            project_id: self.take_text(&mut sync, "projectId")?,
            connection: self.connection_of(&mut sync)?,
            environment: self.source(&mut sync, "environment", "slug")?,
            secret_path: self.source(&mut sync, "folder", "path")?,
            created_at: take_optional(&mut sync, "createdAt"),
            updated_at: take_optional(&mut sync, "updatedAt"),
            sync_job: Job {
                status: status(&mut sync, "syncStatus"),
                last_id: take_optional(&mut sync, "lastSyncJobId"),
                message: message(&mut sync, "lastSyncMessage"),
                at: take_optional(&mut sync, "lastSyncedAt"),
            },
            import_job: Job {
                status: status(&mut sync, "importStatus"),
                last_id: take_optional(&mut sync, "lastImportJobId"),
                message: message(&mut sync, "lastImportMessage"),
                at: take_optional(&mut sync, "lastImportedAt"),
            },
            remove_job: Job {
                status: status(&mut sync, "removeStatus"),
                last_id: take_optional(&mut sync, "lastRemoveJobId"),
                message: message(&mut sync, "lastRemoveMessage"),
                at: take_optional(&mut sync, "lastRemovedAt"),
            },
            fields: sync.without(&SERVER_FIELDS),
        })
    }

    /// Refuses a sync without what every sync has: it would look like a change that somebody made.
    fn is_whole(&self, sync: &Fields<'_>) -> Result<(), RequestError> {
        type IsRight = fn(&Value) -> bool;
        let parts: [(&str, IsRight); 3] = [
            ("isAutoSyncEnabled", Value::is_boolean),
            ("syncOptions", Value::is_object),
            ("destinationConfig", Value::is_object),
        ];
        let mut parts = parts.iter();
        match parts.find(|(field, is_right)| !sync.get(field).is_some_and(is_right)) {
            Some((field, _)) => Err(self.bad(&format!("with a sync that has no {field}"))),
            None => Ok(()),
        }
    }

    fn connection_of(&self, sync: &mut Fields<'_>) -> Result<RemoteConnection, RequestError> {
        let id = self.take_text(sync, "connectionId")?;
        let described = sync.take("connection");
        let text = |field| {
            let described = described.as_ref().and_then(Value::as_object);
            described
                .and_then(|connection| optional(connection, field))
                .unwrap_or_default()
        };
        Ok(RemoteConnection {
            name: text("name"),
            app: text("app"),
            id,
            project_id: None,
        })
    }

    /// A part of the source: null once the folder was deleted, but never simply missing.
    fn source(
        &self,
        sync: &mut Fields<'_>,
        part: &str,
        field: &str,
    ) -> Result<Option<String>, RequestError> {
        match sync.take(part) {
            Some(Value::Null) => Ok(None),
            Some(Value::Object(mut source)) => match source.swap_remove(field) {
                Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
                _ => Err(self.bad(&format!("with a sync's {part} that has no {field}"))),
            },
            _ => Err(self.bad(&format!("with a sync that has no {part}"))),
        }
    }

    fn take_text(&self, sync: &mut Fields<'_>, field: &str) -> Result<String, RequestError> {
        match sync.take(field) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            _ => Err(self.bad(&format!("with a sync that has no {field}"))),
        }
    }

    fn list(&self, body: Value, envelope: &'static str) -> Result<Vec<Object>, RequestError> {
        let missing = || self.bad(&format!("without a list of {envelope}"));
        let Value::Object(mut body) = body else {
            return Err(missing());
        };
        let Some(Value::Array(items)) = body.remove(envelope) else {
            return Err(missing());
        };
        self.check_whole(envelope, not_whole(&body, items.len()))?;
        items
            .into_iter()
            .map(|item| match item {
                Value::Object(object) => Ok(object),
                _ => Err(missing()),
            })
            .collect()
    }

    /// Refuses a list if there is something that says why it is not the whole one.
    fn check_whole(&self, envelope: &str, why: Option<String>) -> Result<(), RequestError> {
        why.map_or(Ok(()), |why| {
            let what = format!("with a list of {envelope} that is not whole: {why}");
            Err(self.bad(&what).help(
                "This version of secsync does not know how this server hands out the rest; look for a \
                 newer one.",
            ))
        })
    }

    fn text(&self, object: &Object, field: &str, what: &str) -> Result<String, RequestError> {
        match object.get(field) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            _ => Err(self.bad(&format!("with a {what} that has no {field}"))),
        }
    }

    fn all_differ<'v>(
        &self,
        field: &str,
        values: impl Iterator<Item = &'v String>,
    ) -> Result<(), RequestError> {
        let mut seen = HashSet::new();
        for value in values {
            if !seen.insert(value) {
                return Err(self.bad(&format!(
                    "with the {field} \"{}\" twice in one list",
                    quotable(value, 100)
                )));
            }
        }
        Ok(())
    }

    fn bad(&self, what: &str) -> RequestError {
        bad_answer(&self.task, &self.origin, what)
    }
}

/// An identity by the details that a server gives of it, and by what its access token says. Servers
/// of June 2025 put no more than the identity's id into a token; newer ones its name and its
/// organization, too.
///
/// A server that knows no sub-organizations takes no notice of the slug that a login asked for: then the
/// organization is another one.
pub fn identity(details: &Value, token: &TokenFacts, asked: Option<&str>) -> RemoteIdentity {
    let claim = |name| optional(&token.claims, name);
    let described = details["organization"]
        .as_object()
        .and_then(|organization| {
            Some(RemoteOrganization {
                id: optional(organization, "id")?,
                name: optional(organization, "name"),
                slug: optional(organization, "slug"),
            })
        });
    let acting_in = claim("orgId");
    // The details are about the organization of the identity; the token can be for one within it.
    let is_it =
        |described: &RemoteOrganization| acting_in.as_ref().is_none_or(|id| *id == described.id);
    let by_id = || {
        acting_in.clone().map(|id| RemoteOrganization {
            id,
            name: None,
            slug: None,
        })
    };
    let organization = described.filter(is_it).or_else(by_id);
    let slug = organization.as_ref().and_then(|one| one.slug.as_deref());
    RemoteIdentity {
        missed_organization: asked
            .filter(|asked| slug.is_some_and(|slug| slug != *asked))
            .map(str::to_owned),
        id: claim("identityId"),
        name: claim("identityName").filter(|name| !name.is_empty()),
        organization,
        scope: acting_in.zip(claim("rootOrgId")).map(|(id, root)| {
            if id == root {
                IdentityScope::Organization
            } else {
                IdentityScope::SubOrganization
            }
        }),
        token_ends: token.ends,
    }
}

/// Why a list of so many items is not the whole one, by what stands beside it; none if nothing says
/// so. No list of Infisical has pages as far as is known, so there is no way to ask for the rest:
/// but half a list must never pass for all there is.
fn not_whole(beside: &Object, items: usize) -> Option<String> {
    beside.iter().find_map(|(field, value)| {
        let plain = field.replace(['_', '-'], "").to_ascii_lowercase();
        match (plain.as_str(), value) {
            // A count, or a cursor, within what describes the page.
            (
                "pagination" | "page" | "pageinfo" | "meta" | "metadata" | "links",
                Value::Object(inner),
            ) => not_whole(inner, items),
            (
                "count" | "total" | "totalcount" | "totalitems" | "totalresults" | "totalsize"
                | "totalrecords",
                Value::Number(count),
            ) => (count.as_u64() != u64::try_from(items).ok())
                .then(|| format!("`{field}` is {count}, and it holds {items}")),
            (
                "next" | "nextcursor" | "nextpage" | "nextpagetoken" | "nexttoken" | "nextlink"
                | "nextoffset" | "continuationtoken",
                Value::String(_) | Value::Number(_) | Value::Object(_) | Value::Bool(true),
            ) if *value != "" => Some(format!("`{field}` leads to more")),
            ("totalpages" | "pagecount" | "pages" | "lastpage", Value::Number(pages))
                if pages.as_f64().is_none_or(|pages| pages > 1.0) =>
            {
                Some(format!("`{field}` is {pages}"))
            }
            ("islastpage" | "islast" | "lastpage" | "last" | "complete", Value::Bool(false)) => {
                Some(format!("`{field}` is false"))
            }
            (
                "hasmore" | "hasnext" | "hasnextpage" | "istruncated" | "truncated",
                Value::Bool(true),
            ) => Some(format!("`{field}` says that there is more")),
            _ => None,
        }
    })
}

/// The environments of a project in a list, if they are all there.
fn environments(listed: &Value) -> Option<Vec<RemoteEnvironment>> {
    let text =
        |environment: &Value, field: &str| Some(environment.get(field)?.as_str()?.to_owned());
    let one = |environment: &Value| {
        Some(RemoteEnvironment {
            slug: text(environment, "slug")?,
            name: text(environment, "name")?,
        })
    };
    listed.as_array()?.iter().map(one).collect()
}

fn take(body: Value, field: &str) -> Option<Value> {
    match body {
        Value::Object(mut object) => object.remove(field),
        _ => None,
    }
}

fn optional(object: &Object, field: &str) -> Option<String> {
    match object.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn take_optional(sync: &mut Fields<'_>, field: &str) -> Option<String> {
    match sync.take(field)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What a destination said of a job, without any secret of this run: it is cut where it is shown.
fn message(sync: &mut Fields<'_>, field: &str) -> Option<String> {
    take_optional(sync, field).map(|text| redacted(&text).into_owned())
}

fn status(sync: &mut Fields<'_>, field: &str) -> Option<JobStatus> {
    take_optional(sync, field).map(|word| JobStatus::parse(&word))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::not_whole;

    fn why(beside: &Value) -> Option<String> {
        not_whole(beside.as_object().expect("an object"), 2)
    }

    #[test]
    fn a_list_is_whole_unless_something_beside_it_says_otherwise() {
        for whole in [
            json!({}),
            json!({"totalCount": 2, "nextCursor": null, "hasMore": false}),
            json!({"nextCursor": "", "pagination": {"total": 2, "next": null}}),
            json!({"count": "2", "total": null, "page": 1, "meta": []}),
            json!({"totalPages": 1, "isLastPage": true}),
        ] {
            assert_eq!(why(&whole), None, "{whole}");
        }
        for part in [
            json!({"nextCursor": "abc"}),
            json!({"next_cursor": 3}),
            json!({"totalCount": 3}),
            json!({"total": 1}),
            json!({"count": 2.5}),
            json!({"total_count": 100}),
            json!({"hasMore": true}),
            json!({"pagination": {"next": "/api/v1/secret-syncs?offset=2"}}),
            json!({"meta": {"pageInfo": {"hasNextPage": true}}}),
            json!({"totalPages": 3, "currentPage": 1}),
            json!({"page_count": 2}),
            json!({"isLastPage": false}),
        ] {
            assert!(why(&part).is_some(), "{part}");
        }
    }
}
