//! Records without parameters: what to look for in IAM, and what was found.
//!
//! CloudTrail leaves out parameters of more than about 100 KB, and IAM does not count white space.
//! So a padded document keeps its policy out of the record.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::snapshot::sha256;
use crate::{OwnerKind, PolicyArn, VersionId};

/// What a record without parameters wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This version of a managed policy, at about the time of the record.
    Version(VersionId),
    /// A long inline policy of an owner of this kind.
    Inline(OwnerKind),
    /// A long trust policy.
    Trust,
}

impl Wanted {
    /// The shortest text to look for, in bytes. CloudTrail measures the text as JSON, which writes
    /// no byte as more than six.
    pub const LONG: usize = 16 * 1024;
}

/// Parameters of a record that name a policy, as IAM shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Target {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_arn: Option<PolicyArn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_name: Option<String>,
}

impl Target {
    #[must_use]
    pub fn managed(arn: PolicyArn) -> Self {
        Self {
            policy_arn: Some(arn),
            ..Self::default()
        }
    }

    /// The inline policy of an owner, or its trust policy where there is no `policy`.
    #[must_use]
    pub fn of(kind: OwnerKind, owner: &str, policy: Option<&str>) -> Self {
        let owner = Some(owner.to_owned());
        let mut target = Self {
            policy_name: policy.map(str::to_owned),
            ..Self::default()
        };
        match kind {
            OwnerKind::Role => target.role_name = owner,
            OwnerKind::User => target.user_name = owner,
            OwnerKind::Group => target.group_name = owner,
        }
        target
    }

    /// The event with these parameters beside those that it has.
    #[must_use]
    pub fn named_in(&self, event: &Value) -> Value {
        let mut event = event.clone();
        let Some(detail) = event.get_mut("detail").and_then(Value::as_object_mut) else {
            return event;
        };
        let parameters = detail.entry("requestParameters").or_insert(Value::Null);
        if !parameters.is_object() {
            *parameters = Value::Object(serde_json::Map::new());
        }
        if let (Some(into), Ok(Value::Object(names))) =
            (parameters.as_object_mut(), serde_json::to_value(self))
        {
            into.extend(names);
        }
        event
    }
}

/// A hint that starts an incident of its own: the event of this one, with other parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// The name of the execution, the same for the same hint.
    pub name: String,
    pub parameters: Target,
}

impl Hint {
    #[must_use]
    pub fn new(event_id: &str, parameters: Target) -> Self {
        let text = serde_json::to_string(&(event_id, &parameters)).unwrap_or_default();
        let digest = sha256(&text);
        let short = digest.get(..40).unwrap_or(&digest);
        Self {
            name: format!("found-{short}"),
            parameters,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_added_to_what_is_there() {
        let target = Target::of(OwnerKind::User, "alice", Some("own"));
        for before in [json!({"omitted": true}), Value::Null] {
            let event = json!({"detail": {"eventID": "e", "requestParameters": before}});
            let named = target.named_in(&event);
            let parameters = &named["detail"]["requestParameters"];
            assert_eq!(parameters["userName"], "alice");
            assert_eq!(parameters["policyName"], "own");
            assert_eq!(parameters.get("roleName"), None);
        }
        assert_eq!(target.named_in(&json!([1])), json!([1]));
    }

    #[test]
    fn the_same_hint_has_the_same_name() {
        let target = |name| Target::of(OwnerKind::Role, name, None);
        let first = Hint::new("e", target("a"));
        assert_eq!(first, Hint::new("e", target("a")));
        assert_ne!(first.name, Hint::new("e", target("b")).name);
        assert_ne!(first.name, Hint::new("f", target("a")).name);
        assert_eq!(first.name.len(), 46);
    }
}
