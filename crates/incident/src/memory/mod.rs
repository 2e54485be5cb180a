//! What the guard remembers: whether the same thing is asked about, was allowed or was denied.
//!
//! The guard keeps no table. The history of an execution proves what was decided in it, and nobody
//! can change a history. A *claim* only finds that execution: it is an execution of the state
//! machine `STACK-claims` whose name is the key of the thing, and whose input names the incident.
//! Everyone who may start executions can make a claim, so a claim proves nothing. The incident that
//! it names must be about the same subject, the same identity, an equivalent document and the same
//! met patterns, and must name the claim in turn.

mod key;
mod remembered;
mod rules;

use serde::{Deserialize, Serialize};

pub use key::{ClaimName, ClaimNameError, KnownName, MemoryKey, ReportName};
pub use remembered::{Known, Remembered};
pub use rules::{ForgetBefore, MemoryDays, MemoryRules};

use crate::message::{ObservedPolicy, Response, Restricted, is_false};
use crate::subject::{AddedIdentity, Addition};
use crate::{Analysis, ExecutionArn, PolicyChange, Snapshot, Subject, Timestamp, VersionId};

/// `verdict.memory`: what earlier executions say, and what this one claims.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// The claim that names this execution: it is the one that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimName>,
    /// The earlier incident about the same thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
    /// The name under which this execution reports, as the first one in a week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportName>,
    /// The name under which a sweep finds this execution, about a grant that stays in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<KnownName>,
    /// Whether this execution itself allowed the same thing, and the allow has ended.
    #[serde(default, skip_serializing_if = "is_false")]
    pub lapsed: bool,
}

impl Memory {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An earlier incident about the same thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Before {
    pub execution: ExecutionArn,
    pub claim: ClaimName,
    pub standing: Standing,
    /// Whether a pending incident is at its question: it has contained this, or asks first.
    #[serde(default, skip_serializing_if = "is_false")]
    pub asks: bool,
    /// When Step Functions showed that.
    pub seen: Timestamp,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Timestamp>,
    /// When its allow ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The address that the decision came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip_address: Option<String>,
    /// The reason that the administrator gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The version of a managed policy that its decision is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<VersionId>,
}

/// What an earlier incident means for the same thing now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// It asks, or will, or its decision is being carried out.
    Pending,
    /// An administrator allowed it, and the allow has not ended.
    Allowed,
    /// An administrator denied it.
    Denied,
}

/// What an execution is about, and the key that finds earlier ones about the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub key: MemoryKey,
    subject: Subject,
    thing: Thing,
}

#[derive(Clone, Debug, PartialEq)]
enum Thing {
    Document {
        observed: ObservedPolicy,
        restricted: Restricted,
        /// What the guard does about it: contain it, or ask first.
        response: Response,
    },
    Addition {
        /// The event of the call that added it.
        event_id: String,
        identity: AddedIdentity,
        restricted: Restricted,
    },
}

impl Wanted {
    /// A restricted document of a policy, and what the guard does about it; `None` for one that is
    /// too long to be compared.
    #[must_use]
    pub fn document(
        subject: &Subject,
        observed: &ObservedPolicy,
        response: Response,
        analysis: &Analysis<'_>,
    ) -> Option<Self> {
        if observed.document.is_cut() {
            return None;
        }
        Some(Self {
            key: MemoryKey::of_document(
                subject,
                &observed.identity,
                &observed.document,
                &analysis.met(&observed.document),
            ),
            subject: subject.clone(),
            thing: Thing::Document {
                observed: observed.clone(),
                restricted: analysis.restricted(&observed.document),
                response,
            },
        })
    }

    /// What a call added.
    #[must_use]
    pub fn addition(change: &PolicyChange, addition: &Addition) -> Self {
        let subject = &change.subject;
        Self {
            key: MemoryKey::of_addition(subject, &addition.identity, &addition.restricted),
            subject: subject.clone(),
            thing: Thing::Addition {
                event_id: change.event_id.clone(),
                identity: addition.identity.clone(),
                restricted: addition.restricted.clone(),
            },
        }
    }

    /// What the claim's input says for people.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }
}

/// The text that finds an equivalent document.
fn fingerprint(document: &Snapshot) -> String {
    match document.as_str().parse::<iam_policy::PolicyDocument>() {
        Ok(read) => format!("document {}", read.canonical_text()),
        Err(_) => format!("text {document}"),
    }
}
