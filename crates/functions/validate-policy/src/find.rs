//! The policy of a record whose parameters CloudTrail left out, as IAM shows it.

use incident::judgement::GuardConfig;
use incident::message::{JudgeRequest, Look, Search};
use incident::{FailureName, OwnerKind, RecordError, Target, Timestamp, VersionId, Wanted};
use lambda_kit::HandlerError;
use policy_store::{LongDocument, PolicyStore};

/// How many pages of the account one invocation reads. The function has half a minute.
const PAGES: usize = 8;
/// How many looks one try of a search takes.
const MAX_LOOKS: usize = 30;
/// How many policies can have changed at the time of the record.
const MAX_POLICIES: usize = 50;
/// How many long policies with restricted grants a search can find.
const MAX_FOUND: usize = 50;
/// How far the clocks of IAM and CloudTrail can differ, in seconds.
const CLOCKS_DIFFER: i64 = 5;
/// How long after the record the last change of the policy can be, in seconds. A later one has a
/// record of its own.
const CHANGED_AGAIN: i64 = 15 * 60;

/// What a search led to.
pub(crate) enum Sought {
    /// The policy, and others that the record can be about as well.
    Named(Target, Vec<Target>),
    /// It goes on, or IAM does not show the change yet.
    Look(Look),
}

/// Looks for what the call wrote.
///
/// # Errors
///
/// `unnamed` if IAM shows nothing that the call can have written, and the errors of the reads.
pub(crate) async fn find(
    rules: &GuardConfig,
    store: &PolicyStore,
    request: &JudgeRequest,
    unnamed: RecordError,
) -> Result<Sought, HandlerError> {
    let RecordError::NamesNoPolicy {
        wanted: Some(wanted),
        event_time,
        ..
    } = &unnamed
    else {
        return Err(unnamed.into());
    };
    // The version before cannot wait for an answer.
    if request.waited.is_some() {
        return Err(unnamed.into());
    }
    let before = request.look.as_ref();
    let progress = match wanted {
        Wanted::Version(version) => {
            Progress::Done(changed(rules, store, version, *event_time).await?)
        }
        Wanted::Inline(kind) => search(rules, store, request, *kind, false).await?,
        Wanted::Trust => search(rules, store, request, OwnerKind::Role, true).await?,
    };
    let search = match progress {
        Progress::Done(search) => search,
        Progress::GoesOn(search) => return Ok(Sought::Look(Look::searching(before, search))),
    };
    let mut found = search.found.into_iter();
    if let Some(first) = found.next() {
        return Ok(Sought::Named(first, found.collect()));
    }
    if !request.has_waited() {
        return Ok(Sought::Look(Look::after(before)));
    }
    match search.harmless {
        Some(harmless) => Ok(Sought::Named(harmless, Vec::new())),
        None => Err(unnamed.into()),
    }
}

/// The managed policies that got this version at about the time of the record.
async fn changed(
    rules: &GuardConfig,
    store: &PolicyStore,
    version: &VersionId,
    event_time: Timestamp,
) -> Result<Search, HandlerError> {
    let at = |seconds: i64| {
        let second = event_time.as_second().saturating_add(seconds);
        Timestamp::from_second(second).unwrap_or(event_time)
    };
    let mut search = Search::default();
    let changed = store.changed_between(at(-CLOCKS_DIFFER), at(CHANGED_AGAIN));
    let changed = changed.await?;
    // Whoever changes many others at the same time must not hide one behind them.
    if changed.len() > MAX_POLICIES {
        return Err(HandlerError::new(
            FailureName::RecordNamesNoPolicy,
            format!(
                "a record leaves out which policy got {version} at {event_time} (`omitted`), and {} policies changed then, more than the guard reads; find the policy in IAM by the time and judge it by hand",
                changed.len()
            ),
        ));
    }
    for policy in changed {
        let Some(observed) = store.managed(&policy, Some(version)).await? else {
            continue;
        };
        if observed.version(version).is_none() {
            continue;
        }
        let target = Target::managed(policy.arn);
        if iam_policy::judge(observed.default.document.as_str(), &rules.restricted).is_clean() {
            search.harmless.get_or_insert(target);
        } else {
            search.found.push(target);
        }
    }
    Ok(search)
}

enum Progress {
    Done(Search),
    GoesOn(Search),
}

/// The owners of this kind with a long document, page by page.
async fn search(
    rules: &GuardConfig,
    store: &PolicyStore,
    request: &JudgeRequest,
    kind: OwnerKind,
    is_trust: bool,
) -> Result<Progress, HandlerError> {
    let before = request.look.as_ref().and_then(|look| look.search.clone());
    let mut search = before.unwrap_or_default();
    if search.tries != request.failed_tries {
        search.tries = request.failed_tries;
        search.looks = 0;
    }
    search.looks += 1;
    if search.looks > MAX_LOOKS {
        return Err(HandlerError::new(
            FailureName::PolicyUnsettled,
            format!(
                "a record leaves out which {kind} it is about (`omitted`), and the account has more {kind}s than one try can search; the next try goes on from here"
            ),
        ));
    }
    for _ in 0..PAGES {
        let page = store
            .long_documents(kind, is_trust, Wanted::LONG, search.marker.as_deref())
            .await?;
        for LongDocument { target, document } in page.long {
            let is_clean = !is_trust && iam_policy::judge(&document, &rules.restricted).is_clean();
            if is_clean {
                search.harmless.get_or_insert(target);
            } else if search.found.len() == MAX_FOUND {
                return Err(HandlerError::new(
                    FailureName::RecordNamesNoPolicy,
                    format!(
                        "a record leaves out which {kind} it is about (`omitted`), and more than {MAX_FOUND} {kind}s have a long policy that can be meant; find the policy in IAM by the time and judge it by hand"
                    ),
                ));
            } else {
                search.found.push(target);
            }
        }
        search.marker = page.next;
        if search.marker.is_none() {
            return Ok(Progress::Done(search));
        }
    }
    Ok(Progress::GoesOn(search))
}
