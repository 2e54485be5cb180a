//! What the last sweep knew: only an event that CloudTrail knows lets the guard contain that.

use std::time::Duration;

use incident::memory::{Before, Memory, Standing, Wanted};
use incident::message::Verdict;
use incident::survey::GrantId;
use incident::{Analysis, Confirmed, Confirming, Timestamp};
use lambda_kit::claims::Claim;
use lambda_kit::{FailureName, HandlerError};

use crate::remember::Remembering;

/// How long a containment waits for the output of the last sweep. Without it, the guard contains.
const QUICK: Duration = Duration::from_secs(2);
const SLOW: &str =
    "Step Functions does not show the last sweep in time; the state machine tries again";

impl Remembering<'_> {
    /// Whether the last sweep may have known the document.
    ///
    /// A sweep marks what it knows by a claim. So a document whose first claim this execution took
    /// is new, and its containment waits for nothing.
    pub(crate) fn must_confirm(&self, memory: &Memory, verdict: &Verdict, wanted: &Wanted) -> bool {
        // The sweep itself found it, and asks.
        if self.lapsed.is_some() || verdict.change.actor.is_sweep() {
            return false;
        }
        match (&memory.claim, &memory.before) {
            (Some(claim), _) => !claim.is_first() || *claim.key() != wanted.key,
            (None, Some(before)) => match before.standing {
                // An execution that asks has contained the document, after its own event was
                // confirmed where that was needed.
                Standing::Pending => !before.asks,
                // It may have been in force again since, and known.
                Standing::Denied => true,
                Standing::Allowed => false,
            },
            // No memory, or no name left.
            (None, None) => true,
        }
    }

    /// Whether CloudTrail confirms the event, if the last sweep knew the document.
    pub(crate) async fn confirm(
        &self,
        wanted: &Wanted,
        verdict: &Verdict,
        memory: &Memory,
    ) -> Result<Confirmed, HandlerError> {
        // Nobody may have claimed it, so it may be new; or an administrator has denied it.
        let waits = match &memory.before {
            Some(before) => before.standing != Standing::Denied,
            None => memory.claim.is_some(),
        };
        let denied = memory.before.as_ref().and_then(denied_at);
        let since = match self.confirming {
            Some(confirming) => Some(confirming.since()),
            None => match self.known_since(Some(wanted), denied).await {
                Err(error) if !waits => {
                    tracing::warn!(%error, "the guard contains without the last sweep");
                    None
                }
                since => since?,
            },
        };
        let Some(since) = since else {
            return Ok(Confirmed::Yes);
        };
        // Nobody wrote what is in force.
        if !verdict.change.in_force {
            return Ok(Confirmed::No);
        }
        let confirmed = Confirming::next(self.confirming, since, self.done, &verdict.change);
        tracing::info!(known_since = %since, ?confirmed, "the last sweep knew this document");
        Ok(confirmed)
    }

    /// Whether the last sweep knew what a sweep found, and no administrator has denied it since.
    pub(crate) async fn stood_before(
        &self,
        analysis: &Analysis<'_>,
        wanted: Option<&Wanted>,
    ) -> Result<bool, HandlerError> {
        let Some(wanted) = wanted else {
            return Ok(false);
        };
        if self.known_since(Some(wanted), None).await?.is_none() {
            return Ok(false);
        }
        let denied = match self.find(wanted, analysis).await? {
            Claim::Earlier(before) => denied_at(&before),
            Claim::Mine(_) | Claim::Unnamed => None,
        };
        Ok(match denied {
            Some(_) => self.known_since(Some(wanted), denied).await?.is_some(),
            None => true,
        })
    }

    /// When the last sweep began, if it knew this document, which was denied at `denied`.
    ///
    /// The first try of a judgement fails where Step Functions does, and is repeated. After that,
    /// the guard contains without the sweep.
    async fn known_since(
        &self,
        wanted: Option<&Wanted>,
        denied: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, HandlerError> {
        let Some(wanted) = wanted else {
            return Ok(None);
        };
        let id = GrantId::of_document(&wanted.key);
        let slow = || HandlerError::new(FailureName::TransientAwsError, SLOW.to_owned());
        let known = tokio::time::timeout(QUICK, self.sweeps.known_since(&id, denied)).await;
        match known.map_err(|_| slow()).and_then(|known| Ok(known?)) {
            Ok(since) => Ok(since),
            // Throttled tasks are repeated for many minutes, in which the document is in force.
            Err(error) if error.name().is_transient() && self.failed_tries == 0 => Err(
                HandlerError::new(FailureName::TransientAwsError, error.to_string()),
            ),
            Err(error) => {
                tracing::warn!(%error, "the guard contains without the last sweep");
                Ok(None)
            }
        }
    }
}

/// When an administrator denied it, if that counts.
fn denied_at(before: &Before) -> Option<Timestamp> {
    let is_denied = before.standing == Standing::Denied;
    before.decided.filter(|_| is_denied)
}
