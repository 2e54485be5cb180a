//! The hints of a sweep: records that nobody wrote.

use serde_json::{Value, json};

use super::{Grant, GrantId};
use crate::snapshot::sha256;
use crate::subject::{OwnerKind, ReportedCall};
use crate::{ExecutionArn, Subject, Timestamp};

/// The `userIdentity.type` of a hint. Whoever writes the like by hand opens a question at most,
/// where the last sweep knew what it is about.
pub const SWEEP: &str = "Sweep";

/// The name of the execution about a grant that this sweep starts: a retry of the same sweep starts
/// none, and nobody can take the name before, because EventBridge names the sweep.
#[must_use]
pub fn hint_name(id: &GrantId, sweep: &ExecutionArn) -> String {
    let digest = sha256(sweep.as_str());
    let short = digest.get(..16).unwrap_or(&digest);
    format!("sweep-{}-{short}", id.as_str())
}

/// The input of an execution about a grant: an event that names where to look. `None` for what no
/// call of one kind can have added.
#[must_use]
pub fn hint(
    grant: &Grant,
    account: &str,
    region: &str,
    sweep: &ExecutionArn,
    now: Timestamp,
) -> Option<Value> {
    let (call, parameters) = match &grant.subject {
        Subject::Managed(policy) => (
            "SetDefaultPolicyVersion",
            json!({"policyArn": policy.arn, "versionId": grant.version.as_ref()?}),
        ),
        Subject::Inline(policy) => {
            let owner = &policy.owner;
            let (call, member) = match owner.kind {
                OwnerKind::Role => ("PutRolePolicy", "roleName"),
                OwnerKind::User => ("PutUserPolicy", "userName"),
                OwnerKind::Group => ("PutGroupPolicy", "groupName"),
            };
            (call, json!({member: owner.name, "policyName": policy.name}))
        }
        Subject::Reported(ReportedCall::Attachment { owner, policy }) => {
            let (call, member) = match owner.kind {
                OwnerKind::Role => ("AttachRolePolicy", "roleName"),
                OwnerKind::User => ("AttachUserPolicy", "userName"),
                OwnerKind::Group => ("AttachGroupPolicy", "groupName"),
            };
            (call, json!({member: owner.name, "policyArn": policy}))
        }
        Subject::Reported(ReportedCall::AddedToGroup { user, group }) => (
            "AddUserToGroup",
            json!({"userName": user, "groupName": group}),
        ),
        Subject::Reported(_) => return None,
    };
    Some(json!({
        "account": account,
        "region": region,
        "detail": {
            "eventSource": "iam.amazonaws.com",
            "eventName": call,
            "eventTime": now,
            "eventID": hint_name(&grant.id, sweep),
            // The sweep that says so.
            "userIdentity": {"type": SWEEP, "arn": sweep},
            "requestParameters": parameters,
        },
    }))
}
