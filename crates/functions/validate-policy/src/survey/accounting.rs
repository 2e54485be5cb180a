//! What incidents say about what is new, and what the next incidents are to know.

use iam_policy::Quota;
use incident::judgement::GuardConfig;
use incident::message::{GoneDenial, GoneThing, Response};
use incident::survey::{Accounted, Grant, GrantId, SweepOutput};
use incident::{Analysis, ExecutionArn, Timestamp};
use lambda_kit::claims::MemoryError;
use lambda_kit::{Claims, HandlerError};
use tokio::task::JoinSet;

/// How many new grants are looked up. Each takes a few calls, and more than this start no
/// incidents.
const LOOKED_UP: usize = 200;
/// How many claims are made at once.
const AT_ONCE: usize = 8;
/// What is known is marked again in so many hours.
const HOURS_OF_MARKING: i64 = 24;

/// What incidents say about each of these grants, in their order.
pub(super) async fn account_for(
    rules: &GuardConfig,
    claims: &Claims,
    fresh: &[Grant],
    last_sweep: Option<Timestamp>,
    now: Timestamp,
) -> Result<Vec<Accounted>, HandlerError> {
    let mut accounted = Vec::new();
    for grant in fresh.iter().take(LOOKED_UP) {
        accounted.push(account_for_one(rules, claims, grant, last_sweep, now).await?);
    }
    Ok(accounted)
}

async fn account_for_one(
    rules: &GuardConfig,
    claims: &Claims,
    grant: &Grant,
    last_sweep: Option<Timestamp>,
    now: Timestamp,
) -> Result<Accounted, MemoryError> {
    let (mut denied, mut is_unanswered) = (None, false);
    if let Some(wanted) = &grant.document {
        // Documents are compared, and none is remediated.
        let analysis = Analysis::new(&rules.restricted, Quota::MANAGED);
        let is_contained_first = grant.response == Response::Contain;
        let by_claim;
        (by_claim, denied) = claims
            .account_for(wanted, &analysis, is_contained_first, now)
            .await?;
        match by_claim {
            Accounted::Known | Accounted::Pending => return Ok(by_claim),
            Accounted::Unanswered => is_unanswered = true,
            Accounted::No => {}
        }
    }
    let by_verdict = claims
        .known_by(&grant.id, grant.response, denied, now)
        .await?;
    // Nothing but what is only reported.
    let can_be_left = grant.is_document() && grant.response == Response::Report;
    let accounted = match by_verdict {
        Accounted::No if can_be_left => claims.left_by(&grant.id, last_sweep, now).await?,
        by_verdict => by_verdict,
    };
    Ok(match accounted {
        Accounted::No if is_unanswered => Accounted::Unanswered,
        accounted => accounted,
    })
}

/// The denials that went and that no incident has reported.
pub(super) async fn unreported(
    claims: &Claims,
    gone: &[GoneDenial],
    since: Option<Timestamp>,
) -> Result<Vec<GoneDenial>, HandlerError> {
    let mut unreported = Vec::new();
    for denial in gone {
        if unreported.len() >= LOOKED_UP || !is_reported(claims, denial, since).await? {
            unreported.push(denial.clone());
        }
    }
    Ok(unreported)
}

async fn is_reported(
    claims: &Claims,
    denial: &GoneDenial,
    since: Option<Timestamp>,
) -> Result<bool, MemoryError> {
    let policy = match &denial.what {
        GoneThing::Attached { policy } => Some(policy.as_str()),
        GoneThing::Boundary { .. } => None,
        // No event of a deleted inline policy is heard.
        GoneThing::Inline { .. } => return Ok(false),
    };
    for id in GrantId::of_departure(&denial.owner, policy, Timestamp::now()) {
        if claims.reported_since(&id, since).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Which documents a sweep marks.
pub(super) struct Marking<'a> {
    pub(super) sweep: &'a ExecutionArn,
    pub(super) now: Timestamp,
    /// The sweep before; none for a baseline.
    pub(super) previous: Option<&'a SweepOutput>,
}

impl Marking<'_> {
    /// Marks the documents that are known, so that an event about one of them is confirmed first.
    ///
    /// A mark is a claim, which ends after 90 days. So each document is marked when it becomes
    /// known, and then once a day.
    pub(super) async fn mark(&self, claims: &Claims, known: &[Grant]) {
        let mut marking = JoinSet::new();
        let mut failed: Option<MemoryError> = None;
        for grant in known.iter().filter(|grant| self.is_due(&grant.id)) {
            let Some(key) = grant.key.clone() else {
                continue;
            };
            while marking.len() >= AT_ONCE {
                note(marking.join_next().await, &mut failed);
            }
            let (claims, sweep) = (claims.clone(), self.sweep.clone());
            let subject = grant.subject.clone();
            marking.spawn(async move { claims.mark(&key, &subject, &sweep).await });
        }
        while let Some(marked) = marking.join_next().await {
            note(Some(marked), &mut failed);
        }
        if let Some(error) = failed {
            tracing::warn!(%error, "some of what is known has no mark; a later sweep marks it");
        }
    }

    /// Whether the hour of a grant came since the sweep before.
    fn is_due(&self, id: &GrantId) -> bool {
        const HOUR: i64 = 3600;
        let Some(previous) = self.previous.filter(|previous| previous.knows(id)) else {
            return true;
        };
        let slot = id.as_str().bytes().map(i64::from).sum::<i64>() % HOURS_OF_MARKING;
        let (from, to) = (
            previous.started_at.as_second() / HOUR,
            self.now.as_second() / HOUR,
        );
        to - from >= HOURS_OF_MARKING || (from + 1..=to).any(|hour| hour % HOURS_OF_MARKING == slot)
    }
}

fn note(
    marked: Option<Result<Result<(), MemoryError>, tokio::task::JoinError>>,
    failed: &mut Option<MemoryError>,
) {
    match marked {
        Some(Ok(Err(error))) => *failed = Some(error),
        Some(Err(error)) => tracing::warn!(%error, "a mark was not made"),
        Some(Ok(Ok(()))) | None => {}
    }
}
