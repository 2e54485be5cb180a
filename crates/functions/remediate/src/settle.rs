//! Whether anyone is asked about what was contained.

use std::time::Duration;

use incident::memory::{Before, ClaimName, Standing, Wanted};
use incident::message::{ContainRequest, Contained, OutcomeResult, Response, Settled};
use incident::{Analysis, Timestamp};
use lambda_kit::Claims;
use lambda_kit::claims::{Claim, MemoryError, Reporting};

/// Between two looks at another incident. `DescribeExecution` and `GetExecutionHistory` are
/// eventually consistent (Step Functions API Reference), so the first look may have missed its
/// decision.
const SECOND_LOOK: Duration = Duration::from_secs(3);

/// How often the memory is asked where another execution is faster.
const LOOKS: usize = 3;

/// What comes after the containment.
pub(crate) enum Next {
    /// Ask.
    Ask(Contained),
    /// Another execution asks.
    Joined(Before),
    /// No one is asked.
    Settled(Contained),
}

/// Decides what comes after the containment of `contained`.
pub(crate) async fn settle(
    claims: &Claims,
    analysis: &Analysis<'_>,
    request: &ContainRequest,
    mut contained: Contained,
    is_in_force: impl AsyncFn(&Contained) -> bool,
) -> Result<Next, MemoryError> {
    let (verdict, execution) = (&request.verdict, &request.execution);
    let (memory, change) = (&verdict.memory, &verdict.change);
    let is_judged = verdict.in_force.as_ref().is_some_and(|judged| {
        judged.identity == contained.identity
            && analysis.is_equivalent(&judged.document, &contained.original)
    });
    if is_judged && memory.lapsed {
        contained.settled = Some(Settled {
            result: OutcomeResult::Lapsed,
            before: None,
            notify: true,
            report: None,
        });
        return Ok(Next::Settled(contained));
    }
    let before = memory.before.as_ref().filter(|_| is_judged);
    if let Some(before) = before
        && before.standing == Standing::Pending
    {
        wait_for_second_look(before.seen).await;
    }
    let observed = contained.observed();
    let wanted = Wanted::document(&change.subject, &observed, Response::Contain, analysis);
    let Some(wanted) = wanted else {
        return Ok(Next::Ask(contained));
    };
    // The lists can be others than those of the judgement.
    let is_claimed = |claim: &ClaimName| is_judged && *claim.key() == wanted.key;
    if memory.claim.as_ref().is_some_and(is_claimed) {
        return Ok(Next::Ask(contained));
    }
    let mut has_looked_twice = before.is_some();
    for look in 1..=LOOKS {
        let taken = match claims.take(&wanted, analysis, execution).await {
            // The other execution does not come to its question: this one asks.
            Ok(Claim::Earlier(before))
                if before.standing == Standing::Pending && !before.asks && look == LOOKS =>
            {
                claims
                    .take_next(Some(&before.claim), &wanted, execution)
                    .await
            }
            Ok(Claim::Earlier(before)) if before.standing == Standing::Allowed => {
                // The allow came in the meantime, and put the document in force again.
                if is_in_force(&contained).await {
                    return Ok(Next::Settled(joined(request, contained, before)));
                }
                // It is contained all the same, and an administrator should know it: ask again.
                claims
                    .take_next(Some(&before.claim), &wanted, execution)
                    .await
            }
            taken => taken,
        };
        match taken {
            Ok(Claim::Mine(name)) => {
                contained.claim = Some(name);
                return Ok(Next::Ask(contained));
            }
            Ok(Claim::Unnamed) => return Ok(Next::Ask(contained)),
            Ok(Claim::Earlier(before)) => match before.standing {
                Standing::Pending if has_looked_twice && before.asks => {
                    return Ok(Next::Joined(before));
                }
                Standing::Denied => {
                    return Ok(denied(claims, request, contained, before).await);
                }
                Standing::Pending | Standing::Allowed => {
                    wait_for_second_look(before.seen).await;
                    has_looked_twice = true;
                }
            },
            // Whoever asks takes the newest claim. Without one, `revert` replaces it at the answer.
            Err(error) if error.is_passing() && request.failed_tries == 0 => {
                return Err(error);
            }
            Err(error) => {
                tracing::warn!(%error, "the guard asks without a memory");
                return Ok(Next::Ask(contained));
            }
        }
    }
    Ok(Next::Ask(contained))
}

/// Another execution asks about it.
pub(crate) fn joined(request: &ContainRequest, contained: Contained, before: Before) -> Contained {
    let notify = must_report(request, &contained);
    Contained {
        settled: Some(Settled {
            result: OutcomeResult::Joined,
            before: Some(before),
            notify,
            report: None,
        }),
        ..contained
    }
}

/// It was denied before: reported the first time, and then at most once a week.
async fn denied(
    claims: &Claims,
    request: &ContainRequest,
    contained: Contained,
    before: Before,
) -> Next {
    let subject = &request.verdict.change.subject;
    let key = before.claim.key();
    let reporting = claims.report(key, subject, &request.execution).await;
    let (notify, report) = match reporting {
        Ok(Reporting::First(name)) => (true, Some(name)),
        Ok(Reporting::Unnamed) => (true, None),
        Ok(Reporting::Reported) => (must_report(request, &contained), None),
        Err(error) => {
            tracing::warn!(%error, "the guard reports what it may have reported before");
            (true, None)
        }
    };
    Next::Settled(Contained {
        settled: Some(Settled {
            result: OutcomeResult::DeniedBefore,
            before: Some(before),
            notify,
            report,
        }),
        ..contained
    })
}

/// An e-mail reported a failure of this execution, or the guard deleted versions to make room.
fn must_report(request: &ContainRequest, contained: &Contained) -> bool {
    request.failed_tries > 0 || !contained.evicted.is_empty()
}

async fn wait_for_second_look(seen: Timestamp) {
    // Clocks differ: a time to come counts as now.
    let passed = Timestamp::now().duration_since(seen);
    let passed = Duration::try_from(passed).unwrap_or_default();
    tokio::time::sleep(SECOND_LOOK.saturating_sub(passed)).await;
}
