//! How the declared syncs are doing: whether they are there, and how their last jobs ended.

use std::collections::BTreeMap;

use super::by_name::ByName;
use super::desired::Ensure;
use super::plan::{ProjectKey, Subject};
use super::remote::{JobKind, RemoteSync};
use super::resolve::ResolvedSync;
use super::select::Selection;
use super::span::Span;
use super::starts::{Start, Starts};

/// How one declared sync is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncStatus {
    /// The sync.
    pub subject: Subject,
    /// Where it is declared.
    pub place: Span,
    /// What is known of it.
    pub presence: Presence,
}

/// What is known of a declared sync.
#[derive(Debug, Clone, PartialEq)]
pub enum Presence {
    /// It is not there.
    Missing,
    /// It exists under this or its old name.
    There(Box<RemoteSync>),
    /// It was started; nothing more is known. This is the id of the configuration.
    Started(String),
    /// It was not started.
    NotStarted,
    /// Whether it was started is not recorded.
    Unrecorded,
}

/// A sync's state in one word; if several apply, the one that needs attention most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SyncState {
    /// It is not there.
    Missing,
    /// A last job failed.
    Failed,
    /// A job is queued or at work.
    Running,
    /// Every last job ended well.
    Succeeded,
    /// It exists and never had a job.
    Idle,
    /// It was started; nothing more is known.
    Started,
    /// It was not started.
    NotStarted,
    /// Whether it was started is not recorded.
    Unknown,
}

impl SyncState {
    /// The word for people and machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Failed => "failed",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Idle => "never-synced",
            Self::Started => "started",
            Self::NotStarted => "not-started",
            Self::Unknown => "unknown",
        }
    }
}

impl SyncStatus {
    /// The state in one word.
    pub fn state(&self) -> SyncState {
        let remote = match &self.presence {
            Presence::Missing => return SyncState::Missing,
            Presence::Started(_) => return SyncState::Started,
            Presence::NotStarted => return SyncState::NotStarted,
            Presence::Unrecorded => return SyncState::Unknown,
            Presence::There(remote) => remote,
        };
        let jobs = || JobKind::ALL.map(|kind| remote.job(kind));
        if jobs().iter().any(|job| job.has_failed()) {
            SyncState::Failed
        } else if jobs().iter().any(|job| job.is_going()) {
            SyncState::Running
        } else if jobs().iter().any(|job| job.status.is_some()) {
            SyncState::Succeeded
        } else {
            SyncState::Idle
        }
    }
}

/// The states of the selected syncs, ordered by provider, project and name.
/// A sync that should be absent is reported only while it exists.
pub fn of(
    syncs: &[ResolvedSync],
    remote: &BTreeMap<ProjectKey, Vec<RemoteSync>>,
    starts: &Starts,
    selection: &Selection,
) -> Vec<SyncStatus> {
    let remote = ByName::of(remote);
    let mut statuses: Vec<SyncStatus> = syncs
        .iter()
        .filter(|sync| selection.matches(*sync))
        .filter_map(|sync| {
            let presence = if sync.desired.platform.reads_back() {
                found(sync, &remote)
            } else {
                started(sync, starts)
            };
            let is_there = matches!(presence, Presence::There(_) | Presence::Started(_));
            (sync.desired.ensure == Ensure::Present || is_there).then(|| SyncStatus {
                subject: Subject::of(sync),
                place: sync.desired.key,
                presence,
            })
        })
        .collect();
    statuses.sort_by(|one, other| one.subject.cmp(&other.subject));
    statuses
}

fn found(sync: &ResolvedSync, remote: &ByName<'_>) -> Presence {
    remote.find(sync).map_or(Presence::Missing, |found| {
        Presence::There(Box::new(found.clone()))
    })
}

fn started(sync: &ResolvedSync, starts: &Starts) -> Presence {
    match starts.of(sync) {
        None | Some(Some(Start::Unknown)) => Presence::Unrecorded,
        Some(None) => Presence::NotStarted,
        Some(Some(Start::Done { id })) => Presence::Started(id.clone()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Presence, SyncState, SyncStatus, of};
    use crate::core::desired::{DesiredSync, Ensure, Word};
    use crate::core::plan::ProjectKey;
    use crate::core::remote::{Job, JobStatus, RemoteSync};
    use crate::core::select::{Patterns, Selection};
    use crate::core::starts::{Start, StartKey, Starts};
    use crate::core::testing::{ENKRYPTIFY, desired_sync, remote_sync, resolved, sync_fields};

    fn statuses(sync: DesiredSync, remote: Vec<RemoteSync>, starts: &Starts) -> Vec<SyncStatus> {
        let sync = resolved(sync);
        let remote = BTreeMap::from([(ProjectKey::of(&sync), remote)]);
        of(&[sync], &remote, starts, &Selection::default())
    }

    fn state(sync: DesiredSync, remote: Vec<RemoteSync>) -> Vec<SyncState> {
        let statuses = statuses(sync, remote, &Starts::Missing);
        statuses.iter().map(SyncStatus::state).collect()
    }

    fn web() -> DesiredSync {
        desired_sync("web", sync_fields())
    }

    fn job(status: JobStatus) -> Job {
        Job {
            status: Some(status),
            ..Job::default()
        }
    }

    #[test]
    fn a_sync_is_missing_or_has_the_state_of_its_jobs() {
        assert_eq!(state(web(), Vec::new()), [SyncState::Missing]);
        assert_eq!(state(web(), vec![remote_sync("web")]), [SyncState::Idle]);
        let with = |sync: JobStatus, import: Option<JobStatus>| {
            let mut remote = remote_sync("web");
            remote.sync_job = job(sync);
            remote.import_job = import.map(job).unwrap_or_default();
            state(web(), vec![remote])
        };
        assert_eq!(with(JobStatus::Succeeded, None), [SyncState::Succeeded]);
        assert_eq!(with(JobStatus::Pending, None), [SyncState::Running]);
        assert_eq!(
            with(JobStatus::Other("queued".to_owned()), None),
            [SyncState::Running]
        );
        assert_eq!(
            with(JobStatus::Running, Some(JobStatus::Failed)),
            [SyncState::Failed]
        );
    }

    #[test]
    fn before_a_rename_is_applied_the_old_name_counts() {
        let mut sync = web();
        sync.renamed_from = Some(Word {
            text: "old".to_owned(),
            span: sync.key,
        });
        assert_eq!(
            state(sync.clone(), vec![remote_sync("old")]),
            [SyncState::Idle]
        );
        let both = vec![remote_sync("old"), remote_sync("web")];
        let found = statuses(sync, both, &Starts::Missing);
        assert!(matches!(&found[0].presence, Presence::There(remote) if remote.name == "web"));
    }

    #[test]
    fn what_should_be_absent_is_reported_only_while_it_exists() {
        let mut sync = web();
        sync.ensure = Ensure::Absent;
        assert_eq!(state(sync.clone(), Vec::new()), []);
        assert_eq!(state(sync, vec![remote_sync("web")]), [SyncState::Idle]);
    }

    #[test]
    fn counts_recorded_starts_on_a_platform_without_a_list() {
        let mut sync = web();
        sync.platform = ENKRYPTIFY;
        let of = |starts: &Starts| statuses(sync.clone(), Vec::new(), starts)[0].state();
        assert_eq!(of(&Starts::Missing), SyncState::Unknown);
        assert_eq!(
            of(&Starts::Recorded(BTreeMap::new())),
            SyncState::NotStarted
        );
        let recorded = |start| {
            let key = StartKey {
                server: "https://a".to_owned(),
                destination: "humanitec".to_owned(),
                project: "p1".to_owned(),
                name: "web".to_owned(),
            };
            Starts::Recorded(BTreeMap::from([(key, start)]))
        };
        let id = "7".to_owned();
        assert_eq!(of(&recorded(Start::Done { id })), SyncState::Started);
        assert_eq!(of(&recorded(Start::Unknown)), SyncState::Unknown);
    }

    #[test]
    fn only_selected_syncs_are_reported() {
        let sync = resolved(web());
        let remote = BTreeMap::from([(ProjectKey::of(&sync), Vec::new())]);
        let selection = Selection::new(&Patterns {
            targets: &["other".to_owned()],
            ..Patterns::default()
        })
        .unwrap();
        assert_eq!(of(&[sync], &remote, &Starts::Missing, &selection), []);
    }
}
