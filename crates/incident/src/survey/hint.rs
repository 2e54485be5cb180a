//! The hints of a sweep: records that nobody wrote.

use serde_json::{Value, json};

use super::Grant;
use crate::message::Response;
use crate::subject::{OwnerKind, ReportedCall};
use crate::{Subject, Timestamp};

/// The `userIdentity.type` of a hint. An event is only a hint, so whoever writes the same by hand
/// gains nothing.
pub const SWEEP: &str = "Sweep";

/// A week in seconds.
const WEEK: i64 = 7 * 24 * 60 * 60;

/// The name of the execution about a grant, in a sweep that began at `now`.
///
/// What is contained may come back at any time, so each sweep starts one for it; a retry of the
/// same sweep starts none. What is asked about stays, so there is one question a week.
#[must_use]
pub fn hint_name(grant: &Grant, now: Timestamp) -> String {
    let (id, now) = (grant.id.as_str(), now.as_second());
    match grant.response {
        Response::Contain => format!("sweep-{id}-{now}"),
        Response::Ask | Response::Report | Response::None => format!("sweep-{id}-w{}", now / WEEK),
    }
}

/// The input of an execution about a grant: an event that names where to look. `None` for what no
/// call of one kind can have added.
#[must_use]
pub fn hint(grant: &Grant, account: &str, region: &str, now: Timestamp) -> Option<Value> {
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
            "eventID": hint_name(grant, now),
            "userIdentity": {"type": SWEEP},
            "requestParameters": parameters,
        },
    }))
}
