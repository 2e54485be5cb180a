//! What a call added and one other call takes away again: an attachment, a membership, an access
//! key, a service-specific credential, a password.
//!
//! IAM answers a repeated call like a first one, so nothing here is taken away without a question.
//! What holds a `Deny` stays, because without it more may be allowed.

use std::fmt;

use iam_account::HeldBy;
use serde::{Deserialize, Serialize};

use super::{Credentials, OwnerKind, ReportedCall, UniqueId};
use crate::message::{Report, Restricted};
use crate::reconcile::{Action, Call, Changeable};
use crate::subject::ReportedState;
use crate::survey::GrantId;
use crate::{PolicyChange, Subject, Timestamp, WatchedCall};

/// What a call added, and the call that takes it away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addable<'c> {
    pub call: &'c ReportedCall,
    inverse: Call,
    /// When the call was made.
    event_time: Timestamp,
}

impl<'c> Addable<'c> {
    /// What a change added; `None` if the guard does not take such a change back.
    #[must_use]
    pub fn of(change: &'c PolicyChange) -> Option<Self> {
        let Subject::Reported(call) = &change.subject else {
            return None;
        };
        let inverse = match call {
            ReportedCall::Attachment { owner, .. } => match owner.kind {
                OwnerKind::Role => Call::DetachRolePolicy,
                OwnerKind::User => Call::DetachUserPolicy,
                OwnerKind::Group => Call::DetachGroupPolicy,
            },
            ReportedCall::AddedToGroup { .. } => Call::RemoveUserFromGroup,
            ReportedCall::Credentials {
                credentials,
                is_own: false,
                ..
            } => match credentials {
                Credentials::AccessKey(Some(_)) | Credentials::ActivatedKey(Some(_)) => {
                    Call::UpdateAccessKey
                }
                // What was reset or changed was there before.
                Credentials::ServiceSpecific(Some(_))
                    if change.event_name != WatchedCall::ResetServiceSpecificCredential =>
                {
                    Call::UpdateServiceSpecificCredential
                }
                Credentials::Password if change.event_name == WatchedCall::CreateLoginProfile => {
                    Call::DeleteLoginProfile
                }
                _ => return None,
            },
            _ => return None,
        };
        Some(Self {
            call,
            inverse,
            event_time: change.event_time,
        })
    }

    /// Whether the call can have joined these two. What was made after it has these names now, and
    /// another call joined that. IAM's dates have whole seconds.
    pub(crate) fn can_have_joined(&self, identity: &AddedIdentity) -> bool {
        /// The call itself makes credentials. Their date comes from another clock than its own.
        const SKEW: i64 = 60;
        let time = self.event_time.as_second();
        let later = if self.hides_denials() { 0 } else { SKEW };
        identity.owner.created.as_second() <= time
            && identity.added.created.as_second() <= time + later
    }

    /// Whether a `Deny` in what was added keeps it from being taken away.
    pub(crate) fn hides_denials(&self) -> bool {
        matches!(
            self.call,
            ReportedCall::Attachment { .. } | ReportedCall::AddedToGroup { .. }
        )
    }
}

impl fmt::Display for Addable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call.fmt(f)
    }
}

impl Changeable for Addable<'_> {
    type Observed = ReportedState;
    type Action = AddedAction;

    fn call(&self, action: AddedAction) -> Action {
        match action {
            AddedAction::LookUp => Action::new(Call::LookupEvents),
            AddedAction::AskSweep(grant) => Action::new(Call::DescribeExecution).with_grant(grant),
            AddedAction::TakeAway => Action::new(self.inverse),
        }
    }
}

/// What is done about an addition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddedAction {
    /// `LookupEvents`: asks CloudTrail for the record of the call.
    LookUp,
    /// `DescribeExecution`: asks for the sweep that found the addition, which lists this id.
    AskSweep(GrantId),
    /// The call that takes the addition away.
    TakeAway,
}

/// What distinguishes an addition from another one with the same names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddedIdentity {
    /// The role, user or group that got something.
    pub owner: UniqueId,
    /// The policy, the group, the key, the credential or the password.
    pub added: UniqueId,
}

/// What IAM showed of an addition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Added {
    pub identity: AddedIdentity,
    /// Whether it is in effect: attached, a member, active.
    pub is_present: bool,
}

/// `proposal`: an addition that the administrator decides about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Addition {
    pub identity: AddedIdentity,
    /// Why the guard asks.
    pub report: Report,
    /// The restricted patterns that it brings.
    #[serde(flatten)]
    pub restricted: Restricted,
    /// How many get it, if a group does.
    #[serde(rename = "heldBy", default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<HeldBy>,
}
