//! What incidents say about what is new, and what the next incidents are to know.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use iam_policy::Quota;
use incident::judgement::GuardConfig;
use incident::message::{GoneDenial, GoneThing, Response};
use incident::survey::{Accounted, Grant, GrantId};
use incident::{Analysis, ExecutionArn, Timestamp};
use lambda_kit::claims::MemoryError;
use lambda_kit::{Claims, HandlerError};
use tokio::task::JoinSet;

/// How many new grants are looked up. Each takes a few calls, and more than this start no
/// incidents.
const LOOKED_UP: usize = 200;
/// How many claims are made at once.
const AT_ONCE: usize = 8;
/// What is known is marked again in so many hours. A claim ends after 90 days.
const HOURS_OF_MARKING: u64 = 7 * 24;

/// What incidents say about each of these grants, in their order.
pub(super) async fn account_for(
    rules: &GuardConfig,
    claims: &Claims,
    fresh: &[Grant],
) -> Result<Vec<Accounted>, HandlerError> {
    let mut accounted = Vec::new();
    for grant in fresh.iter().take(LOOKED_UP) {
        accounted.push(account_for_one(rules, claims, grant).await?);
    }
    Ok(accounted)
}

async fn account_for_one(
    rules: &GuardConfig,
    claims: &Claims,
    grant: &Grant,
) -> Result<Accounted, MemoryError> {
    if let Some(wanted) = &grant.document {
        // Documents are compared, and none is remediated.
        let analysis = Analysis::new(&rules.restricted, Quota::MANAGED);
        let is_contained_first = grant.response == Response::Contain;
        let by_claim = claims
            .account_for(wanted, &analysis, is_contained_first)
            .await?;
        if by_claim != Accounted::No {
            return Ok(by_claim);
        }
    }
    claims.known_by(&grant.id).await
}

/// The denials that went and that no incident has reported.
pub(super) async fn unreported(
    claims: &Claims,
    gone: &[GoneDenial],
) -> Result<Vec<GoneDenial>, HandlerError> {
    let mut unreported = Vec::new();
    for denial in gone {
        let id = match &denial.what {
            GoneThing::Attached { policy } => {
                Some(GrantId::of_departure(&denial.owner, Some(policy)))
            }
            GoneThing::Boundary { .. } => Some(GrantId::of_departure(&denial.owner, None)),
            // No event of a deleted inline policy is heard.
            GoneThing::Inline { .. } => None,
        };
        let is_reported = match id.filter(|_| unreported.len() < LOOKED_UP) {
            Some(id) => claims.known_by(&id).await? == Accounted::Known,
            None => false,
        };
        if !is_reported {
            unreported.push(denial.clone());
        }
    }
    Ok(unreported)
}

/// Marks the documents that are known, so that an event about one of them is confirmed first: after
/// a baseline all of them, and later a share, because a mark ends after 90 days.
pub(super) async fn mark(
    claims: &Claims,
    sweep: &ExecutionArn,
    known: &[Grant],
    is_baseline: bool,
) {
    let hour = u64::try_from(Timestamp::now().as_second() / 3600).unwrap_or_default();
    let is_due = |grant: &&Grant| {
        let mut hasher = DefaultHasher::new();
        grant.id.hash(&mut hasher);
        is_baseline || hasher.finish() % HOURS_OF_MARKING == hour % HOURS_OF_MARKING
    };
    let mut marking = JoinSet::new();
    let mut failed: Option<MemoryError> = None;
    for grant in known.iter().filter(is_due) {
        let Some(key) = grant.key.clone() else {
            continue;
        };
        while marking.len() >= AT_ONCE {
            note(marking.join_next().await, &mut failed);
        }
        let (claims, sweep, subject) = (claims.clone(), sweep.clone(), grant.subject.clone());
        marking.spawn(async move { claims.mark(&key, &subject, &sweep).await });
    }
    while let Some(marked) = marking.join_next().await {
        note(Some(marked), &mut failed);
    }
    if let Some(error) = failed {
        tracing::warn!(
            %error,
            "some of what is known has no mark; a later sweep marks it"
        );
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
