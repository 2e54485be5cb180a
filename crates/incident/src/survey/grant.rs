//! Restricted grants, as a sweep counts them.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::memory::{MemoryKey, Wanted};
use crate::message::{Contained, ObservedPolicy, Response};
use crate::subject::{AddedIdentity, Owner};
use crate::{Analysis, Subject, Timestamp, UniqueId, VersionId};

/// What tells one restricted grant from every other one: 96 bits of a SHA-256, as 16 characters of
/// base64url.
///
/// It has the unique ids of what it is about, and of a document its meaning and the restricted
/// patterns that it meets. So another document, another policy of the same name and another list
/// are other grants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GrantId(Box<str>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the id of a grant")]
pub struct GrantIdError(String);

impl GrantId {
    /// The bytes that are kept of a digest.
    const BYTES: usize = 12;

    /// A restricted document in force.
    #[must_use]
    pub fn of_document(key: &MemoryKey) -> Self {
        Self::of(&("document", key.to_string()))
    }

    /// One that is too long to be compared.
    #[must_use]
    pub fn of_long_document(subject: &Subject, observed: &ObservedPolicy) -> Self {
        Self::of(&("long document", subject, observed))
    }

    /// What a remediation leaves in force; `None` where that is nothing, more than what is only
    /// reported, or too long to be compared.
    #[must_use]
    pub fn of_left(
        subject: &Subject,
        contained: &Contained,
        analysis: &Analysis<'_>,
    ) -> Option<Self> {
        let is_left = analysis.response(&contained.document) == Some(iam_policy::Response::Report);
        if !is_left || contained.removed {
            return None;
        }
        let versions = contained.versions.as_ref();
        let in_force = ObservedPolicy {
            identity: contained.identity.clone(),
            version: versions.map(|versions| versions.quarantine.clone()),
            document: contained.document.clone(),
        };
        let wanted = Wanted::document(subject, &in_force, Response::Report, analysis)?;
        Some(Self::of_document(&wanted.key))
    }

    /// Something restricted that a call added: an attachment or a membership.
    #[must_use]
    pub fn of_addition(identity: &AddedIdentity) -> Self {
        Self::of(&("addition", identity))
    }

    /// A policy or a group that is or was restricted, and that others can hold.
    pub(super) fn of_holding(identity: &UniqueId) -> Self {
        Self::of(&("holding", identity))
    }

    /// A denial that an owner had and has no more since the day before `now` or the day of `now`: a
    /// policy that was attached, or a boundary. It may come back, and go on another day.
    #[must_use]
    pub fn of_departure(owner: &Owner, policy: Option<&str>, now: Timestamp) -> [Self; 2] {
        let day = now.as_second() / (24 * 60 * 60);
        [day - 1, day].map(|day| Self::of(&("departure", owner, policy, day)))
    }

    fn of(parts: &impl Serialize) -> Self {
        let digest = Sha256::digest(serde_json::to_string(parts).unwrap_or_default());
        let kept: Vec<u8> = digest.iter().copied().take(Self::BYTES).collect();
        Self(URL_SAFE_NO_PAD.encode(kept).into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<GrantId> for String {
    fn from(id: GrantId) -> Self {
        id.0.into()
    }
}

impl TryFrom<String> for GrantId {
    type Error = GrantIdError;

    fn try_from(text: String) -> Result<Self, GrantIdError> {
        match URL_SAFE_NO_PAD.decode(&text) {
            Ok(bytes) if bytes.len() == Self::BYTES => Ok(Self(text.into())),
            _ => Err(GrantIdError(text)),
        }
    }
}

/// A restricted grant in force.
#[derive(Clone, Debug)]
pub struct Grant {
    pub id: GrantId,
    /// A policy, an attachment or a membership.
    pub subject: Subject,
    /// The default version, of a managed policy.
    pub version: Option<VersionId>,
    /// The key that finds incidents about it, of a document.
    pub key: Option<MemoryKey>,
    /// The document in force, of a policy that the sweep before did not know.
    pub document: Option<Rc<Wanted>>,
    /// The restricted patterns that it meets, by their places in the list.
    pub patterns: Rc<[u16]>,
    /// What the lists say about it.
    pub response: Response,
    /// Why it starts no incident, although the sweep before did not know it.
    pub baseline: Option<Baseline>,
}

/// Why a grant that the sweep before did not know starts no incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Baseline {
    /// The service that it belongs to alone can change it.
    Reserved,
    /// What it gives became restricted after it was given.
    WithItsPolicy,
}

impl Grant {
    /// Whether it is a document, and not an attachment or a membership.
    #[must_use]
    pub fn is_document(&self) -> bool {
        !matches!(self.subject, Subject::Reported(_))
    }
}
