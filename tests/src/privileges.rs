//! What the functions' roles may do, compared with what they did.
//!
//! The emulator refuses what a role may not do, so that a missing permission fails a scenario. A
//! permission that no call needs makes no scenario fail. It is found here, after all scenarios.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use aws_sdk_iam::Client;
use iam_policy::ActionPattern;
use local_aws::Call;
use local_aws::emulator::ACCOUNT;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use wildmatch::WildMatch;

use crate::World;

/// Actions that AWS services call in a role's name, where the emulator calls nothing.
const BY_SERVICES: [&str; 6] = [
    // Lambda itself writes a function's logs and sends its traces.
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    // SNS encrypts a message in its publisher's name.
    "kms:GenerateDataKey*",
    "kms:Decrypt",
];

/// One action on one resource that a role's policies allow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Grant {
    role: String,
    action: String,
    resource: String,
}

impl Grant {
    fn covers(&self, call: &Call) -> Result<bool> {
        let action = self.action.parse::<ActionPattern>()?;
        Ok(action.matches(&call.action) && WildMatch::new(&self.resource).matches(&call.resource))
    }
}

/// Every grant that no call used and every call that no grant covers, over all `worlds`. The list
/// is empty if roles and code agree.
pub(crate) async fn disagreements<'w>(
    worlds: impl IntoIterator<Item = &'w World>,
) -> Result<Vec<String>> {
    let mut found = Vec::new();
    // The stacks have one template, so a grant has the same place in each, with other resources.
    let mut used: BTreeMap<(String, usize), (Grant, bool)> = BTreeMap::new();
    for world in worlds {
        let calls = world.emulator.calls(0).await?;
        let resources = world.stack.resources().await?;
        for (logical, physical) in &resources {
            if !is_role_of_function(logical, &resources) {
                continue;
            }
            let suffix = format!("/{physical}");
            let of_role =
                |call: &&Call| call.role.as_deref().is_some_and(|it| it.ends_with(&suffix));
            let calls = calls.iter().filter(of_role);
            let calls: Vec<&Call> = calls.filter(|call| !is_elsewhere(call)).collect();
            let grants = grants(world.emulator.iam(), logical, physical).await?;
            for call in &calls {
                let mut covered = false;
                for grant in &grants {
                    covered |= grant.covers(call)?;
                }
                if !covered {
                    found.push(format!(
                        "{logical} called {} on `{}`, which no statement allows",
                        call.action, call.resource
                    ));
                }
            }
            for (index, grant) in grants.into_iter().enumerate() {
                let mut is_used = BY_SERVICES.contains(&grant.action.as_str());
                for call in &calls {
                    is_used |= grant.covers(call)?;
                }
                let entry = used
                    .entry((logical.clone(), index))
                    .or_insert((grant, false));
                entry.1 |= is_used;
            }
        }
    }
    let unused = used.into_values().filter(|(_, is_used)| !is_used);
    found.extend(unused.map(|(grant, _)| {
        format!(
            "{} may call {} on `{}`, which no scenario needs",
            grant.role, grant.action, grant.resource
        )
    }));
    found.sort();
    found.dedup();
    Ok(found)
}

/// Whether a call is about a policy of another account, as the recorded events are. No role has
/// permissions there.
fn is_elsewhere(call: &Call) -> bool {
    let account = call.resource.split(':').nth(4).unwrap_or_default();
    // AWS managed policies are in the account `aws`.
    !["", "*", "aws", ACCOUNT].contains(&account)
}

/// The role of a function has the function's name. Agreement tests compare the other roles with the
/// definition.
fn is_role_of_function(logical: &str, resources: &BTreeMap<String, String>) -> bool {
    logical
        .strip_suffix("Role")
        .is_some_and(|name| resources.contains_key(&format!("{name}Function")))
}

/// The grants of the role's policies in IAM.
async fn grants(iam: &Client, logical: &str, role: &str) -> Result<Vec<Grant>> {
    let names = iam.list_role_policies().role_name(role).send().await?;
    let mut grants = Vec::new();
    for name in names.policy_names {
        let policy = iam.get_role_policy().role_name(role).policy_name(&name);
        let encoded = policy
            .send()
            .await
            .with_context(|| format!("cannot read the policy `{name}` of `{role}`"))?
            .policy_document;
        let document: Value = serde_json::from_str(&percent_decode_str(&encoded).decode_utf8()?)
            .with_context(|| format!("the policy `{name}` of `{role}` is not valid JSON"))?;
        for statement in many(document.get("Statement")) {
            if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
                continue;
            }
            for action in texts(statement.get("Action")) {
                for resource in texts(statement.get("Resource")) {
                    grants.push(Grant {
                        role: logical.to_owned(),
                        action: action.clone(),
                        resource,
                    });
                }
            }
        }
    }
    Ok(grants)
}

fn many(value: Option<&Value>) -> Vec<Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(values)) => values.clone(),
        Some(value) => vec![value.clone()],
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let values = many(value);
    values
        .iter()
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect()
}
