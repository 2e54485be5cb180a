//! What a record says about what users, roles and groups hold.

use incident::subject::{Owner, ReportedCall};
use incident::{OwnerKind, PolicyArn, PolicyChange, Record, Subject, Timestamp, VersionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::holdings::Known;

/// A record that changes what someone holds, or that the guard may report.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) account: String,
    pub(super) time: Timestamp,
    pub(super) what: What,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum What {
    /// A call that the guard reports and does not revert, and the trust policy that it wrote.
    Call(Box<PolicyChange>, Option<String>),
    /// The version of a managed policy became the default.
    Version(PolicyArn, VersionId),
    Made(Owner),
    Gone(Owner),
    Given(Owner, Thing, Known),
    Taken(Owner, Thing),
}

/// One thing that an owner holds, in small letters: IAM takes names and ARNs in any letter case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Thing {
    Inline(String),
    Attached(String),
    Group(String),
}

impl From<Record> for Step {
    fn from(record: Record) -> Self {
        Self {
            account: record.change.account.clone(),
            time: record.change.event_time,
            what: What::Call(Box::new(record.change), record.document),
        }
    }
}

impl Step {
    /// The order of the steps. Records have whole seconds, and a pipeline makes a role and what it
    /// holds in one second.
    pub(super) fn order(&self) -> i64 {
        self.time.as_second() * 3 + self.what.rank()
    }
}

impl What {
    pub(super) fn call(&self) -> Option<&ReportedCall> {
        match self {
            Self::Call(change, _) => match &change.subject {
                Subject::Reported(call) => Some(call),
                Subject::Managed(_) | Subject::Inline(_) => None,
            },
            _ => None,
        }
    }

    /// What the call changed.
    pub(super) fn effect(&self) -> Option<Self> {
        let attached = |arn: &PolicyArn| Thing::Attached(arn.as_str().to_ascii_lowercase());
        let member = |group: &str| Thing::Group(group.to_ascii_lowercase());
        let user = |name: &String| owner(OwnerKind::User, name);
        let none = Known::NO_POLICY;
        Some(match self.call()? {
            ReportedCall::Attachment { owner, policy } => {
                Self::Given(owner.clone(), attached(policy), none)
            }
            ReportedCall::Detachment { owner, policy } => {
                Self::Taken(owner.clone(), attached(policy))
            }
            ReportedCall::AddedToGroup { user: name, group } => {
                Self::Given(user(name), member(group), none)
            }
            ReportedCall::RemovedFromGroup { user: name, group } => {
                Self::Taken(user(name), member(group))
            }
            ReportedCall::Trust { role, is_new: true } => Self::Made(owner(OwnerKind::Role, role)),
            // What it holds under the new name is then not known.
            ReportedCall::Renaming { owner: now, before }
                if !now.name.eq_ignore_ascii_case(before) =>
            {
                Self::Gone(owner(now.kind, before))
            }
            // Nobody knows what a template gave a role.
            _ => return None,
        })
    }

    fn rank(&self) -> i64 {
        match self {
            Self::Made(_) => 0,
            Self::Version(..) | Self::Given(_, Thing::Inline(_), _) => 1,
            _ => self.effect().map_or(2, |effect| effect.rank()),
        }
    }
}

pub(super) fn owner(kind: OwnerKind, name: &str) -> Owner {
    let name = name.to_owned();
    Owner { kind, name }
}

/// Calls that change what someone holds, and that the guard does not watch.
pub(super) const UNWATCHED: [(&str, OwnerKind); 8] = [
    ("CreateUser", OwnerKind::User),
    ("CreateGroup", OwnerKind::Group),
    ("DeleteRole", OwnerKind::Role),
    ("DeleteUser", OwnerKind::User),
    ("DeleteGroup", OwnerKind::Group),
    ("DeleteRolePolicy", OwnerKind::Role),
    ("DeleteUserPolicy", OwnerKind::User),
    ("DeleteGroupPolicy", OwnerKind::Group),
];

/// Reads the record of a call in [`UNWATCHED`]; `None` for others, and if the call failed.
pub(super) fn unwatched(event: &Value) -> Option<Step> {
    let text = |path: &str| event.pointer(path).and_then(Value::as_str);
    let parameter = |key: &str| text(&format!("/detail/requestParameters/{key}"));
    let event_name = text("/detail/eventName")?;
    let (_, kind) = *UNWATCHED.iter().find(|(name, _)| *name == event_name)?;
    if text("/detail/eventSource")? != "iam.amazonaws.com" || text("/detail/errorCode").is_some() {
        return None;
    }
    let owner = owner(kind, parameter(&format!("{kind}Name"))?);
    let what = if event_name.starts_with("Create") {
        What::Made(owner)
    } else if event_name.ends_with("Policy") {
        let name = parameter("policyName")?.to_ascii_lowercase();
        What::Taken(owner, Thing::Inline(name))
    } else {
        What::Gone(owner)
    };
    Some(Step {
        account: text("/account")?.to_owned(),
        time: text("/detail/eventTime")?.parse().ok()?,
        what,
    })
}
