//! The names under which executions are found.

use std::{fmt, iter};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::fingerprint;
use crate::message::{Restricted, Verdict};
use crate::subject::{AddedIdentity, ReportedCall};
use crate::survey::GrantId;
use crate::{Snapshot, Subject, Timestamp, UniqueId};

/// The SHA-256 of what an incident is about, as 64 hexadecimal digits.
///
/// It only finds an earlier incident: what counts is compared again. So a collision, or a form
/// that another version of the guard computes in another way, costs one more question and allows
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MemoryKey(String);

impl MemoryKey {
    const DIGITS: usize = 64;

    pub(super) fn of_document(
        subject: &Subject,
        identity: &UniqueId,
        document: &Snapshot,
        met: &[String],
    ) -> Self {
        let mut digest = Sealed::new("document");
        digest.add(&subject.folded());
        digest.add_json(identity);
        digest.add(&fingerprint(document));
        digest.add_json(&met);
        digest.seal()
    }

    pub(super) fn of_addition(
        subject: &Subject,
        identity: &AddedIdentity,
        restricted: &Restricted,
    ) -> Self {
        let mut digest = Sealed::new("addition");
        digest.add(&subject.folded());
        digest.add_json(identity);
        digest.add_json(&restricted.patterns);
        digest.add_json(&restricted.more_patterns);
        digest.seal()
    }

    /// The key of a report; `None` for what is reported every time, because each call is another
    /// thing: credentials, and calls that are rare.
    ///
    /// `parameters` are those of the call, and `added` is what it added to whom, if IAM shows that.
    #[must_use]
    pub fn of_report(
        verdict: &Verdict,
        parameters: &serde_json::Value,
        added: Option<&AddedIdentity>,
    ) -> Option<Self> {
        let change = &verdict.change;
        let mut digest = Sealed::new("report");
        match &change.subject {
            Subject::Reported(
                ReportedCall::Credentials { .. }
                | ReportedCall::RootCredentials { .. }
                | ReportedCall::Rare { .. },
            ) => return None,
            Subject::Reported(_) => {
                digest.add_json(&change.event_name);
                digest.add_json(parameters);
                digest.add_json(&added);
            }
            Subject::Managed(_) | Subject::Inline(_) => {}
        }
        digest.add_json(&change.subject);
        digest.add_json(&verdict.result);
        digest.add_json(&verdict.response);
        digest.add_json(&verdict.restricted.patterns);
        digest.add_json(&verdict.restricted.more_patterns);
        digest.add_json(&verdict.exemption);
        digest.add_json(&verdict.report);
        digest.add_json(&change.lost_denials);
        digest.add_json(&verdict.in_force.as_ref().map(|shown| &shown.identity));
        let shown = verdict.in_force.as_ref().map(|shown| &shown.document);
        for document in [shown, verdict.named.as_ref()] {
            digest.add(&document.map_or_else(String::new, fingerprint));
        }
        // Of a role, the session changes with each run of a pipeline.
        let actor = &change.actor;
        digest.add_json(&actor.kind);
        digest.add_json(&actor.account);
        match (&actor.issuer_arn, &actor.arn) {
            (Some(arn), _) | (None, Some(arn)) => digest.add(arn),
            (None, None) => digest.add(&actor.name),
        }
        Some(digest.seal())
    }

    fn parse(text: &str) -> Option<Self> {
        let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        let is_key = text.len() == Self::DIGITS && text.chars().all(is_digit);
        is_key.then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for MemoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A digest of parts, each with its length, so that no two lists of parts are the same text.
struct Sealed(Sha256);

impl Sealed {
    fn new(kind: &str) -> Self {
        let mut sealed = Self(Sha256::new());
        sealed.add(kind);
        sealed
    }

    fn add(&mut self, part: &str) {
        self.0.update(part.len().to_be_bytes());
        self.0.update(part);
    }

    fn add_json(&mut self, part: &impl Serialize) {
        // A part that has no JSON has no key of its own, and is compared like the others.
        self.add(&serde_json::to_string(part).unwrap_or_default());
    }

    fn seal(self) -> MemoryKey {
        let digest = self.0.finalize();
        MemoryKey(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// The name of an execution of the claims' state machine: `KEY-GENERATION`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClaimName {
    key: MemoryKey,
    generation: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a claim")]
pub struct ClaimNameError(String);

impl ClaimName {
    /// How many generations a key has. Once all are taken, no claim of the key counts, and the
    /// guard asks each time.
    pub const GENERATIONS: u8 = 9;

    /// All names of a key, the first generation first.
    pub fn generations(key: &MemoryKey) -> impl Iterator<Item = Self> {
        (1..=Self::GENERATIONS).map(|generation| Self {
            key: key.clone(),
            generation,
        })
    }

    #[must_use]
    pub fn key(&self) -> &MemoryKey {
        &self.key
    }

    /// Whether it is the first name of its key. Whoever gets it is the first to claim the thing, as
    /// far back as Step Functions keeps names.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.generation == 1
    }

    /// The name that comes after this one, if there is one.
    #[must_use]
    pub fn next(&self) -> Option<Self> {
        (self.generation < Self::GENERATIONS).then(|| Self {
            key: self.key.clone(),
            generation: self.generation + 1,
        })
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.key, self.generation)
    }
}

impl From<ClaimName> for String {
    fn from(name: ClaimName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for ClaimName {
    type Error = ClaimNameError;

    fn try_from(text: String) -> Result<Self, ClaimNameError> {
        let read = || {
            let (key, generation) = text.split_once('-')?;
            let key = MemoryKey::parse(key)?;
            let generation = generation.parse().ok()?;
            let name = Self { key, generation };
            let is_written_so =
                (1..=Self::GENERATIONS).contains(&generation) && name.to_string() == text;
            is_written_so.then_some(name)
        };
        read().ok_or_else(|| ClaimNameError(text.clone()))
    }
}

/// The name under which the first execution in a week reports something: `KEY-rWEEK`, with the
/// weeks counted from 1970.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReportName(String);

impl ReportName {
    /// How long a report counts.
    pub const SECONDS: i64 = 7 * 24 * 60 * 60;

    /// The names of the week before `now` and of the week of `now`.
    #[must_use]
    pub fn around(key: &MemoryKey, now: Timestamp) -> [Self; 2] {
        let week = now.as_second() / Self::SECONDS;
        [week - 1, week].map(|week| Self(format!("{key}-r{week}")))
    }
}

impl fmt::Display for ReportName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name under which a sweep finds the execution that knows about a grant: `known-GRANT-MONTH`,
/// with months of 30 days counted from 1970, or `left-GRANT-MONTH` of one whose remediation leaves
/// it. A later execution that knows more about the same grant has `known-GRANT-MONTH-2`, and so on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KnownName(String);

impl KnownName {
    /// How long one name is used. A sweep also looks at the previous name, so it finds an execution
    /// that has waited 30 days for a decision.
    const SECONDS: i64 = 30 * 24 * 60 * 60;
    /// How many executions of a month may have a name.
    const GENERATIONS: u8 = 9;

    /// The first names of the month before `now` and of the month of `now`.
    #[must_use]
    pub fn around(id: &GrantId, now: Timestamp) -> [Self; 2] {
        Self::of_kind("known", id, now)
    }

    /// The same of what a remediation leaves. An incident that fails or is stopped after its
    /// containment proves nothing, and must not have the name of the one that reports the grant.
    #[must_use]
    pub fn left_around(id: &GrantId, now: Timestamp) -> [Self; 2] {
        Self::of_kind("left", id, now)
    }

    fn of_kind(kind: &str, id: &GrantId, now: Timestamp) -> [Self; 2] {
        let month = now.as_second() / Self::SECONDS;
        [month - 1, month].map(|month| Self(format!("{kind}-{}-{month}", id.as_str())))
    }

    /// This name, which is the first one of a month, and the later ones.
    pub fn generations(&self) -> impl Iterator<Item = Self> {
        let later = (2..=Self::GENERATIONS).map(move |number| Self(format!("{self}-{number}")));
        iter::once(self.clone()).chain(later)
    }
}

impl fmt::Display for KnownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
