//! What the last sweep knew: only an event that CloudTrail knows lets the guard contain that.

use std::time::Duration;

use incident::memory::{Memory, Standing, Wanted};
use incident::message::{Response, Verdict};
use incident::survey::GrantId;
use incident::{Confirmed, Confirming, Timestamp};
use lambda_kit::HandlerError;

use crate::remember::Remembering;

/// How long a containment waits for the output of the last sweep. Without it, the guard contains.
const QUICK: Duration = Duration::from_secs(2);

impl Remembering<'_> {
    /// Whether the last sweep may have known the document.
    ///
    /// A sweep marks what it knows by a claim. So a document whose first claim this execution took
    /// is new, and its containment waits for nothing.
    pub(crate) fn must_confirm(&self, memory: &Memory, verdict: &Verdict, wanted: &Wanted) -> bool {
        if verdict.response != Response::Contain || self.lapsed.is_some() {
            return false;
        }
        match (&memory.claim, &memory.before) {
            (Some(claim), _) => !claim.is_first() && *claim.key() == wanted.key,
            // Another execution may wait for CloudTrail, and has contained nothing yet.
            (None, Some(before)) => before.standing == Standing::Pending && !before.asks,
            (None, None) => self.confirming.is_some(),
        }
    }

    /// Whether CloudTrail confirms the event, if the last sweep knew the document.
    pub(crate) async fn confirm(
        &self,
        wanted: &Wanted,
        verdict: &Verdict,
    ) -> Result<Confirmed, HandlerError> {
        let since = match self.confirming {
            Some(confirming) => Some(confirming.since()),
            None => self.known_since(Some(wanted)).await?,
        };
        let Some(since) = since else {
            return Ok(Confirmed::Yes);
        };
        let confirmed = Confirming::next(self.confirming, since, self.done, &verdict.change);
        tracing::info!(known_since = %since, ?confirmed, "the last sweep knew this document");
        Ok(confirmed)
    }

    /// When the last sweep began, if it knew this document.
    pub(crate) async fn known_since(
        &self,
        wanted: Option<&Wanted>,
    ) -> Result<Option<Timestamp>, HandlerError> {
        let Some(wanted) = wanted else {
            return Ok(None);
        };
        let id = GrantId::of_document(&wanted.key);
        match tokio::time::timeout(QUICK, self.sweeps.known_since(&id)).await {
            Ok(Ok(since)) => Ok(since),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the guard contains without the last sweep");
                Ok(None)
            }
            Err(_) => {
                tracing::warn!("the guard contains without the last sweep: Step Functions is slow");
                Ok(None)
            }
        }
    }
}
