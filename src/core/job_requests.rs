//! Jobs that a person requests, apart from what the files declare.

use std::collections::BTreeMap;

use super::by_name::ByName;
use super::desired::{DesiredSync, Ensure};
use super::plan::{ProjectKey, Subject};
use super::remote::{JobKind, RemoteSync};
use super::resolve::ResolvedSync;
use super::select::{NamePatterns, Selection};
use super::spec::Specs;
use super::words::list;

/// A job that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedJob {
    /// A push to the destination.
    Sync,
    /// An import from the destination; this side wins where both have a secret.
    Import(Winner),
    /// A removal of the sync's secrets at the destination. The sync stays.
    Removal,
}

/// Which side's value an import keeps where both have a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Winner {
    /// The source's.
    Source,
    /// The destination's, which overwrites the source's.
    Destination,
}

impl Winner {
    /// The platform's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Source => "prioritize-source",
            Self::Destination => "prioritize-destination",
        }
    }
}

impl RequestedJob {
    /// The kind of job.
    pub const fn kind(self) -> JobKind {
        match self {
            Self::Sync => JobKind::Sync,
            Self::Import(_) => JobKind::Import,
            Self::Removal => JobKind::Removal,
        }
    }
}

/// A job of one sync.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRequest {
    /// The sync.
    pub subject: Subject,
    /// The job.
    pub job: RequestedJob,
    /// The sync's id, or why it cannot be asked for the job, as a full sentence.
    pub target: Result<String, String>,
}

/// What jobs are asked for among.
#[derive(Debug)]
pub struct Candidates<'a> {
    /// The declared syncs.
    pub syncs: &'a [ResolvedSync],
    /// The remote syncs of each project.
    pub remote: &'a BTreeMap<ProjectKey, Vec<RemoteSync>>,
    /// The destinations that the syncs name.
    pub specs: &'a Specs,
    /// The syncs that are meant.
    pub selection: &'a Selection,
    /// Names whose secrets are never removed.
    pub protect: &'a NamePatterns,
}

/// Why no job of a sync can be asked for, whatever exists remotely, as a full sentence.
fn without_jobs(sync: &DesiredSync) -> Option<String> {
    if !sync.platform.has_jobs() {
        Some(format!(
            "{} publishes no way to request a job.",
            sync.platform.title()
        ))
    } else if sync.ensure == Ensure::Absent {
        Some("The file says `ensure: absent`.".to_owned())
    } else {
        None
    }
}

/// The selected syncs that have no jobs and are left out, each with why, as a full sentence;
/// ordered by provider, project and name.
pub fn left_out(among: &Candidates<'_>) -> Vec<(Subject, String)> {
    let selected = among.syncs.iter();
    let mut left_out: Vec<_> = selected
        .filter(|sync| among.selection.matches(*sync))
        .filter_map(|sync| Some((Subject::of(sync), without_jobs(&sync.desired)?)))
        .collect();
    left_out.sort();
    left_out
}

/// The requests for a job of every selected sync, ordered by provider, project and name.
///
/// Syncs that should be absent, or whose platform has no jobs, are left out. An error is made of
/// full sentences: nothing is left, and why, or a destination cannot do it.
pub fn build(job: RequestedJob, among: &Candidates<'_>) -> Result<Vec<JobRequest>, String> {
    let meant: Vec<&ResolvedSync> = among
        .syncs
        .iter()
        .filter(|sync| without_jobs(&sync.desired).is_none())
        .filter(|sync| among.selection.matches(*sync))
        .collect();
    if meant.is_empty() {
        let reasons = left_out(among).into_iter();
        let reasons: Vec<String> = reasons
            .map(|(subject, reason)| format!("\n{}: {reason}", subject.address()))
            .collect();
        return Err(format!(
            "No job can be requested for any of the selected syncs.{}",
            reasons.concat()
        ));
    }
    if let RequestedJob::Import(_) = job {
        let cannot = |sync: &&ResolvedSync| {
            let spec = among.specs.of(&sync.desired);
            !spec.is_some_and(|spec| spec.can_import)
        };
        let refused: Vec<&str> = meant
            .iter()
            .filter(|sync| cannot(sync))
            .map(|sync| sync.desired.name.text.as_str())
            .collect();
        if !refused.is_empty() {
            return Err(format!(
                "Nothing can be imported from the destinations of {}.",
                list(refused)
            ));
        }
    }
    let remote = ByName::of(among.remote);
    let mut requests: Vec<JobRequest> = meant
        .into_iter()
        .map(|sync| JobRequest {
            subject: Subject::of(sync),
            job,
            target: target(job, sync, among, &remote),
        })
        .collect();
    requests.sort_by(|one, other| one.subject.cmp(&other.subject));
    Ok(requests)
}

fn target(
    job: RequestedJob,
    sync: &ResolvedSync,
    among: &Candidates<'_>,
    remote: &ByName<'_>,
) -> Result<String, String> {
    let desired = &sync.desired;
    let Some(found) = remote.find(sync) else {
        return Err("It does not exist yet; `secsync apply` creates it.".to_owned());
    };
    if found.destination != desired.destination.text {
        return Err(format!(
            "The remote sync of that name goes to {}, not to the destination in the file.",
            found.destination
        ));
    }
    let is_protected = desired.protect || among.protect.matches(&desired.name.text);
    if job == RequestedJob::Removal && is_protected {
        return Err("It is protected, so its secrets are not removed.".to_owned());
    }
    Ok(found.id.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::{Candidates, JobRequest, RequestedJob, Winner, build};
    use crate::core::desired::{DesiredSync, Ensure};
    use crate::core::plan::ProjectKey;
    use crate::core::remote::RemoteSync;
    use crate::core::select::{NamePatterns, Selection};
    use crate::core::spec::DestinationSpec;
    use crate::core::spec::Specs;
    use crate::core::testing::{
        ENKRYPTIFY, INFISICAL, desired_sync, remote_sync, resolved, spec, sync_fields,
    };

    fn requests(
        job: RequestedJob,
        sync: DesiredSync,
        remote: Vec<RemoteSync>,
        can_import: bool,
    ) -> Result<Vec<JobRequest>, String> {
        let sync = resolved(sync);
        let spec = DestinationSpec {
            can_import,
            ..spec()
        };
        build(
            job,
            &Candidates {
                remote: &BTreeMap::from([(ProjectKey::of(&sync), remote)]),
                syncs: &[sync],
                specs: &Specs::from_iter([((INFISICAL, "humanitec".to_owned()), Arc::new(spec))]),
                selection: &Selection::default(),
                protect: &NamePatterns::default(),
            },
        )
    }

    fn web() -> DesiredSync {
        desired_sync("web", sync_fields())
    }

    fn target(job: RequestedJob, sync: DesiredSync, remote: RemoteSync) -> Result<String, String> {
        let requests = requests(job, sync, vec![remote], true).unwrap();
        requests[0].target.clone()
    }

    #[test]
    fn every_job_can_be_requested_for_an_existing_sync() {
        for job in [
            RequestedJob::Sync,
            RequestedJob::Import(Winner::Source),
            RequestedJob::Removal,
        ] {
            let id = remote_sync("web").id;
            assert_eq!(target(job, web(), remote_sync("web")), Ok(id));
        }
    }

    #[test]
    fn rejects_a_missing_sync_or_one_with_another_destination() {
        let requests = requests(RequestedJob::Sync, web(), Vec::new(), false).unwrap();
        let reason = requests[0].target.as_ref().unwrap_err();
        assert!(reason.contains("`secsync apply`"), "{reason}");
        let mut elsewhere = remote_sync("web");
        elsewhere.destination = "vercel".to_owned();
        let reason = target(RequestedJob::Removal, web(), elsewhere).unwrap_err();
        assert!(reason.contains("goes to vercel"), "{reason}");
    }

    #[test]
    fn secrets_of_a_protected_sync_are_pushed_and_never_removed() {
        let mut sync = web();
        sync.protect = true;
        assert!(target(RequestedJob::Sync, sync.clone(), remote_sync("web")).is_ok());
        let reason = target(RequestedJob::Removal, sync, remote_sync("web")).unwrap_err();
        assert!(reason.contains("protected"), "{reason}");
    }

    #[test]
    fn an_import_needs_a_destination_that_can_be_read() {
        let import = RequestedJob::Import(Winner::Destination);
        let refused = requests(import, web(), vec![remote_sync("web")], false).unwrap_err();
        assert!(refused.contains("`web`"), "{refused}");
        assert!(requests(import, web(), vec![remote_sync("web")], true).is_ok());
    }

    #[test]
    fn leaves_out_syncs_without_jobs_and_reports_if_none_is_left() {
        let mut absent = web();
        absent.ensure = Ensure::Absent;
        let mut started = web();
        started.platform = ENKRYPTIFY;
        for (sync, reason) in [
            (absent, "`ensure: absent`"),
            (started, "Enkryptify publishes no way"),
        ] {
            let refused = requests(RequestedJob::Sync, sync, Vec::new(), false).unwrap_err();
            assert!(refused.contains("No job can be requested"), "{refused}");
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
