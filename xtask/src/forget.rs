//! Makes the guard forget one decision, so that the same change is asked about again.
//!
//! The guard finds an earlier incident by its newest claim: an execution of the state machine
//! `STACK-claims` that names the incident. A newer claim that names none takes its place.

use std::fmt;

use anyhow::{Context as _, Result, bail};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use local_aws::report;
use serde_json::Value;

/// How many claims one key has.
const GENERATIONS: u8 = 9;
/// The digits of a key.
const DIGITS: usize = 64;
/// The input of a claim that names no incident.
const NOTHING: &str = "{}";

/// Where the data of an execution names a claim, the most exact place first: what it asked about,
/// and else the incident whose decision counted.
const CLAIMS: [&str; 5] = [
    "/quarantine/claim",
    "/proposal/claim",
    "/verdict/memory/claim",
    "/quarantine/settled/before/claim",
    "/verdict/memory/before/claim",
];

/// An execution of the incidents, by its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    arn: String,
    /// The Region that it ran in.
    pub region: String,
    /// The number of its account.
    pub account: String,
    /// The ARN of the state machine of the claims.
    claims: String,
}

impl Incident {
    /// Reads the ARN of an execution.
    ///
    /// # Errors
    ///
    /// Fails if it is something else, or an execution of another state machine.
    pub fn parse(arn: &str) -> Result<Self> {
        let parts: Vec<&str> = arn.split(':').collect();
        let [
            "arn",
            partition,
            "states",
            region,
            account,
            "execution",
            machine,
            _,
        ] = parts.as_slice()
        else {
            bail!("`{arn}` is not the ARN of an execution: write it as EXECUTION=arn:…");
        };
        let stack = machine.strip_suffix("-incidents");
        let stack = stack.with_context(|| format!("`{arn}` is not an incident of the guard"))?;
        Ok(Self {
            arn: arn.to_owned(),
            region: (*region).to_owned(),
            account: (*account).to_owned(),
            claims: format!(
                "arn:{partition}:states:{region}:{account}:stateMachine:{stack}-claims"
            ),
        })
    }
}

/// What was forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// The claim that names no incident.
    pub claim: String,
    /// What the incident is about.
    subject: String,
    is_document: bool,
}

impl fmt::Display for Forgotten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = &self.subject;
        if self.is_document {
            write!(
                f,
                "The next write of this document to {subject} is asked about again."
            )
        } else {
            write!(
                f,
                "The next such call about {subject} is asked about again."
            )
        }
    }
}

/// Forgets the decision about what an incident is about.
///
/// # Errors
///
/// Fails if the incident names no claim, if all names of the claims are taken, or if AWS refuses.
pub async fn forget(states: &Client, incident: &Incident) -> Result<Forgotten> {
    let arn = &incident.arn;
    let Some((claim, data)) = claim(states, arn).await? else {
        bail!("the execution `{arn}` names no claim, so the guard remembers nothing of it");
    };
    // The guard looks at the names of a key in this order, up to the first that is free.
    for name in generations(&claim)? {
        let start = states.start_execution().state_machine_arn(&incident.claims);
        let started = start.name(&name).input(NOTHING).send().await;
        match started {
            Ok(_) => return Ok(forgotten(name, &data)),
            Err(error) => match error.as_service_error() {
                Some(StartExecutionError::ExecutionAlreadyExists(_)) => {}
                _ => return Err(error).context(format!("cannot start the claim `{name}`")),
            },
        }
    }
    bail!(
        "all {GENERATIONS} claims of this document are taken, so the guard remembers no decision about it and asks each \
         time; a claim is free again 90 days after it was started"
    )
}

/// Forgets, and says what that means.
pub async fn run(states: &Client, incident: &Incident) -> Result<()> {
    let forgotten = forget(states, incident).await?;
    report::step(&format!("started the claim {}", forgotten.claim));
    report::line(&forgotten.to_string());
    Ok(())
}

/// The claim that an execution names, with the data that names it.
async fn claim(states: &Client, arn: &str) -> Result<Option<(String, Value)>> {
    let describe = states.describe_execution().execution_arn(arn).send();
    let described = describe
        .await
        .with_context(|| format!("cannot read `{arn}`"))?;
    if let Some(found) = described.output().and_then(claim_in) {
        return Ok(Some(found));
    }
    // It runs, or it has failed: the newest state that names a claim.
    let history = states.get_execution_history().execution_arn(arn);
    let mut pages = history.reverse_order(true).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.with_context(|| format!("cannot read the history of `{arn}`"))?;
        for event in page.events {
            let entered = event.state_entered_event_details;
            if let Some(found) = entered.and_then(|it| claim_in(it.input()?)) {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

fn claim_in(data: &str) -> Option<(String, Value)> {
    let data: Value = serde_json::from_str(data).ok()?;
    let mut claims = CLAIMS
        .into_iter()
        .filter_map(|path| data.pointer(path)?.as_str());
    let claim = claims.next()?.to_owned();
    Some((claim, data))
}

/// The names of all claims with the key of this one.
fn generations(claim: &str) -> Result<Vec<String>> {
    let key = claim.split_once('-').map(|(key, _)| key);
    let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    let key = key.filter(|key| key.len() == DIGITS && key.chars().all(is_digit));
    let key = key.with_context(|| format!("`{claim}` is not the name of a claim"))?;
    let names = (1..=GENERATIONS).map(|generation| format!("{key}-{generation}"));
    Ok(names.collect())
}

fn forgotten(claim: String, data: &Value) -> Forgotten {
    let subject = data.pointer("/verdict/change/subject");
    let text = |path: &str| subject.and_then(|it| it.pointer(path)?.as_str());
    let words = match (text("/type"), text("/arn"), text("/name")) {
        (Some("managed"), Some(arn), _) => arn.to_owned(),
        (Some("inline"), _, Some(name)) => {
            let owner = ["/owner/kind", "/owner/name"].map(|it| text(it).unwrap_or_default());
            format!("the inline policy `{name}` of the {}", owner.join(" "))
        }
        _ => "the same thing".to_owned(),
    };
    Forgotten {
        claim,
        subject: words,
        is_document: text("/type") != Some("reported"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use incident::memory::ClaimName;
    use serde_json::json;

    const ARN: &str =
        "arn:aws-cn:states:cn-north-1:111122223333:execution:my-guard-incidents:0a-1b";

    #[test]
    fn an_incident_leads_to_the_claims_of_its_stack() {
        let incident = Incident::parse(ARN).unwrap();
        assert_eq!(
            (incident.region.as_str(), incident.account.as_str()),
            ("cn-north-1", "111122223333")
        );
        assert_eq!(
            incident.claims,
            "arn:aws-cn:states:cn-north-1:111122223333:stateMachine:my-guard-claims"
        );
        for wrong in [
            "",
            "0a-1b",
            "arn:aws:states:us-east-1:111122223333:stateMachine:guard-incidents",
            "arn:aws:states:us-east-1:111122223333:execution:guard-incidents",
            "arn:aws:states:us-east-1:111122223333:execution:guard-claims:x",
            "arn:aws:states:us-east-1:111122223333:execution:other:x",
            "arn:aws:states:us-east-1:111122223333:execution:guard-incidents:x:y",
        ] {
            assert!(Incident::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_claim_of_what_was_asked_about_counts_first() {
        let mut data = json!({
            "verdict": {"memory": {"claim": "judged", "before": {"claim": "before"}}},
            "quarantine": {"claim": "contained", "settled": {"before": {"claim": "settled"}}},
        });
        let found = |data: &Value| claim_in(&data.to_string()).map(|(claim, _)| claim);
        for (expected, path) in [
            ("contained", "/quarantine/claim"),
            ("judged", "/verdict/memory/claim"),
            ("settled", "/quarantine/settled/before/claim"),
            ("before", "/verdict/memory/before/claim"),
        ] {
            assert_eq!(found(&data).as_deref(), Some(expected));
            *data.pointer_mut(path).unwrap() = Value::Null;
        }
        assert_eq!(found(&data), None);
        let proposal = json!({"proposal": {"claim": "proposed"}});
        assert_eq!(found(&proposal).as_deref(), Some("proposed"));
        assert_eq!(claim_in("not JSON"), None);
    }

    #[test]
    fn the_names_of_a_key_are_those_of_the_guard() {
        let claim = format!("{}-4", "0a".repeat(DIGITS / 2));
        let names = generations(&claim).unwrap();
        let read = ClaimName::try_from(claim).unwrap();
        let known = ClaimName::generations(read.key()).map(|it| it.to_string());
        assert_eq!(names, known.collect::<Vec<_>>());
        for wrong in [
            "",
            "-1",
            "0a-1",
            &"0A".repeat(32),
            &format!("{}-1", "0A".repeat(32)),
        ] {
            assert!(generations(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn it_says_what_is_asked_about_again() {
        let said = |subject: Value| {
            let data = json!({"verdict": {"change": {"subject": subject}}});
            forgotten("claim".to_owned(), &data).to_string()
        };
        assert_eq!(
            said(json!({"type": "managed", "arn": "arn:aws:iam::111122223333:policy/app"})),
            "The next write of this document to arn:aws:iam::111122223333:policy/app is asked about again."
        );
        assert_eq!(
            said(json!({"type": "inline", "owner": {"kind": "role", "name": "app"}, "name": "x"})),
            "The next write of this document to the inline policy `x` of the role app is asked about again."
        );
        assert_eq!(
            said(json!({"type": "reported", "call": "attachment"})),
            "The next such call about the same thing is asked about again."
        );
    }
}
