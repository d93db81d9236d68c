//! What an action does besides what it is for: to secrets at the destination, or at the source.

/// Something that a reviewer must know before saying yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// The first push deletes what the destination has and the source has not.
    FirstSyncDeletes,
    /// The first push overwrites what the destination has, and deletes nothing.
    FirstSyncOverwrites,
    /// The next push deletes what the destination has and the source has not.
    NextSyncDeletes,
    /// The next push overwrites what the destination has there, and deletes nothing.
    NextSyncOverwrites,
    /// The secrets under their old keys are deleted at the destination.
    OldKeysDeleted,
    /// The secrets under their old keys stay at the destination.
    OldKeysStay,
    /// What was pushed to the old place stays there.
    OldPlaceKeepsSecrets,
    /// The first sync imports the destination's secrets into the source, and the source wins.
    ImportsNewIntoSource,
    /// The first sync imports the destination's secrets into the source, and overwrites it.
    ImportOverwritesSource,
    /// Nothing is pushed, because auto-sync is off and nothing triggers a job.
    NotPushed,
    /// `renamedFrom` names a sync that stays with the entry of its name, so a new one is created.
    StaleRename,
    /// It is sent whole although nothing of it may differ, because `--resend` asks for that.
    SentWhole,
    /// The request also has fields that no answer gives back, as they are declared.
    SendsUnread,
    /// The sync's secrets are removed from the destination.
    SecretsRemoved,
    /// The sync's secrets stay at the destination.
    SecretsStay,
}

impl Effect {
    /// What happens, as a full sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::FirstSyncDeletes => {
                "The first sync overwrites the destination's secrets, and deletes those that \
                 the source does not have."
            }
            Self::FirstSyncOverwrites => {
                "The first sync overwrites secrets at the destination that have the same keys."
            }
            Self::NextSyncDeletes => {
                "The next sync overwrites the destination's secrets, and deletes those that the \
                 source does not have."
            }
            Self::NextSyncOverwrites => {
                "The next sync overwrites secrets at the destination that have the same keys."
            }
            Self::OldKeysDeleted => {
                "The next sync deletes the secrets under their old keys at the destination."
            }
            Self::OldKeysStay => "The secrets under their old keys stay at the destination.",
            Self::OldPlaceKeepsSecrets => "What was pushed to the old place stays there.",
            Self::ImportsNewIntoSource => {
                "The first sync imports secrets from the destination into the source."
            }
            Self::ImportOverwritesSource => {
                "The first sync imports secrets from the destination and overwrites those of the source."
            }
            Self::NotPushed => {
                "Auto-sync is off and nothing triggers a job: no secret is pushed until someone starts one."
            }
            Self::StaleRename => {
                "Its `renamedFrom` is stale: the sync of that name stays with the entry that declares it. Remove the line."
            }
            Self::SentWhole => "It is sent whole again, because `--resend` names it.",
            Self::SendsUnread => {
                "The request has fields that the platform never gives back, as they are declared."
            }
            Self::SecretsRemoved => "Its secrets are removed from the destination.",
            Self::SecretsStay => "Its secrets stay at the destination.",
        }
    }

    /// The stable word for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::FirstSyncDeletes => "first-sync-deletes",
            Self::FirstSyncOverwrites => "first-sync-overwrites",
            Self::NextSyncDeletes => "next-sync-deletes",
            Self::NextSyncOverwrites => "next-sync-overwrites",
            Self::OldKeysDeleted => "old-keys-deleted",
            Self::OldKeysStay => "old-keys-stay",
            Self::OldPlaceKeepsSecrets => "old-place-keeps-secrets",
            Self::ImportsNewIntoSource => "imports-new-into-source",
            Self::ImportOverwritesSource => "import-overwrites-source",
            Self::NotPushed => "not-pushed",
            Self::StaleRename => "stale-rename",
            Self::SentWhole => "sent-whole",
            Self::SendsUnread => "sends-unread",
            Self::SecretsRemoved => "secrets-removed",
            Self::SecretsStay => "secrets-stay",
        }
    }

    /// Whether secrets are deleted at the destination.
    pub const fn deletes_secrets(self) -> bool {
        matches!(
            self,
            Self::FirstSyncDeletes
                | Self::NextSyncDeletes
                | Self::OldKeysDeleted
                | Self::SecretsRemoved
        )
    }

    /// Whether secrets are deleted, or overwritten at the source. That a push overwrites what it
    /// finds at the destination is what it is for.
    pub const fn is_destructive(self) -> bool {
        self.deletes_secrets() || matches!(self, Self::ImportOverwritesSource)
    }
}
