//! Each recorded event in `events/` against the deployed rule: some start an incident, others do
//! not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{SOON, Scenario, World};
use local_aws::poll;
use serde_json::Value;

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new(
        "rule::each_recorded_event_starts_an_incident_or_not",
        recorded_events,
    )]
}

/// The events, and whether each starts an incident.
const EXPECTED: [(&str, bool); 65] = [
    ("accept-delegation-request", true),
    ("acquire-role", true),
    ("add-client-id-to-open-id-connect-provider", true),
    ("add-role-to-instance-profile", true),
    ("add-user-to-group", true),
    ("attach-group-policy", true),
    ("attach-role-policy-aws-managed", true),
    ("attach-user-policy", true),
    ("create-access-key", true),
    ("create-access-key-own", true),
    ("create-access-key-root", true),
    ("create-login-profile", true),
    ("create-login-profile-assume-root", true),
    ("create-open-id-connect-provider", true),
    ("create-policy", true),
    ("create-policy-6kb", true),
    ("create-policy-delegate", true),
    ("create-policy-notaction", true),
    ("create-policy-root-console", true),
    ("create-policy-version", true),
    ("create-policy-version-not-default", true),
    ("create-policy-version-request-omitted", true),
    ("create-policy-version-sso-role", true),
    ("create-policy-wildcard-terraform", true),
    ("create-role", true),
    ("create-role-request-omitted", true),
    ("create-saml-provider", true),
    ("create-service-specific-credential", true),
    ("deactivate-mfa-device", true),
    ("delete-policy-version", false),
    ("delete-role-permissions-boundary", true),
    ("delete-user-permissions-boundary", true),
    ("detach-group-policy", true),
    ("detach-role-policy", true),
    ("detach-user-policy", true),
    ("enable-organizations-root-credentials-management", true),
    ("enable-organizations-root-sessions", true),
    ("enable-outbound-web-identity-federation", true),
    ("failed-create-policy-access-denied", false),
    ("failed-create-policy-version-limit", false),
    ("put-account-properties", true),
    ("put-group-policy", true),
    ("put-role-permissions-boundary", true),
    ("put-role-policy", true),
    ("put-role-policy-cloudformation", true),
    ("put-user-permissions-boundary", true),
    ("put-user-policy", true),
    ("remove-user-from-group", true),
    ("reset-service-specific-credential", true),
    ("update-access-key", true),
    ("update-access-key-inactive", false),
    ("update-assume-role-policy", true),
    ("update-group", true),
    ("update-login-profile", true),
    ("update-open-id-connect-provider-thumbprint", true),
    ("update-saml-provider", true),
    ("update-service-specific-credential", true),
    ("update-signing-certificate", true),
    ("update-ssh-public-key", true),
    ("update-trust-account-number", true),
    ("update-trust-account-number-own", true),
    ("update-user", true),
    ("update-user-path", false),
    ("upload-signing-certificate", true),
    ("upload-ssh-public-key", true),
];
/// The role that calls marks this event.
const OWN_ROLE: &str = "own-role-create-policy-version";
const SET_DEFAULT: &str = "set-default-policy-version";
const ISSUER: &str = "/userIdentity/sessionContext/sessionIssuer/arn";

async fn recorded_events(world: Arc<World>) -> Result<()> {
    let mut recorded = read_events()?;
    let own = recorded.remove(OWN_ROLE).context("no event of a role")?;
    let mut played: Vec<(String, Value, bool)> = Vec::new();
    let expected: BTreeMap<&str, bool> =
        EXPECTED.into_iter().chain([(SET_DEFAULT, true)]).collect();
    for (name, event) in recorded {
        let starts = expected.get(name.as_str()).with_context(|| {
            format!("events/{name}.json is new: say here whether it starts an incident")
        })?;
        played.push((name, event, *starts));
    }
    ensure!(played.len() == expected.len(), "an event is missing");
    let resources = world.stack.resources().await?;
    for (logical, starts) in [
        ("PolicyApprovalRole", false),
        ("RemediateRole", true),
        ("NotifyRole", true),
    ] {
        let name = resources.get(logical).context("no such role")?;
        let role = world.emulator.iam().get_role().role_name(name).send();
        let arn = role.await?.role.context("no role")?.arn;
        let mut event = own.clone();
        *event.pointer_mut(ISSUER).context("no issuer")? = arn.into();
        played.push((format!("{OWN_ROLE} as {logical}"), event, starts));
    }
    // A caller without a session has no issuer.
    let mut without = own.clone();
    let identity = without.get_mut("userIdentity").context("no identity")?;
    identity
        .as_object_mut()
        .context("no object")?
        .remove("sessionContext");
    played.push(("without a session".to_owned(), without, true));

    // Events that start nothing come first, so they had time when the others have started.
    played.sort_by_key(|(_, _, starts)| *starts);
    let mut marks = Vec::new();
    for (number, (name, mut detail, starts)) in played.into_iter().enumerate() {
        let mark = format!("played-{number:03}-{}", std::process::id());
        *detail.get_mut("eventID").context("no eventID")? = mark.clone().into();
        world.play(&detail).await?;
        let event_name = detail.get("eventName").and_then(Value::as_str);
        let event_name = event_name.context("no eventName")?.to_owned();
        marks.push((name, event_name, mark, starts));
    }
    for (name, event_name, mark, _) in marks.iter().filter(|(_, _, _, starts)| *starts) {
        poll(&format!("the incident of {name}"), SOON, async || {
            Ok(world.incidents(event_name, mark).await?.pop())
        })
        .await?;
    }
    let mut wrong = BTreeSet::new();
    for (name, event_name, mark, starts) in &marks {
        let found = world.incidents(event_name, mark).await?.len();
        if found != usize::from(*starts) {
            wrong.insert(format!("{name} started {found} incidents"));
        }
    }
    ensure!(wrong.is_empty(), "{wrong:?}");
    Ok(())
}

/// The records of the events in `events/` by the names of their files.
fn read_events() -> Result<BTreeMap<String, Value>> {
    let folder = local_aws::workspace::root().join("events");
    let mut events = BTreeMap::new();
    for entry in fs::read_dir(&folder).context("cannot list events/")? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if let Some(name) = name.strip_suffix(".json") {
            let text = fs::read_to_string(&path)?;
            let mut event: Value = serde_json::from_str(&text)?;
            let detail = event.get_mut("detail").map(Value::take);
            events.insert(name.to_owned(), detail.context("no detail")?);
        }
    }
    Ok(events)
}
