//! What a sweep found: no event says who did it, and when.

use incident::subject::{OwnerKind, ReportedCall};
use incident::{PolicyChange, Subject};

use crate::text::{capitalised, plain};
use crate::words::time;

/// The longest name of a caller, in characters.
const MAX_CALLER: usize = 200;

/// Who wrote the policy and when; or that a sweep found it.
pub(crate) fn written(change: &PolicyChange) -> String {
    if change.actor.is_sweep() {
        return format!(
            "{} No event says who wrote the policy, and when.",
            found(change)
        );
    }
    format!(
        "{} wrote the policy at {}.",
        capitalised(&plain(&change.actor.to_string(), MAX_CALLER)),
        time(change.event_time)
    )
}

/// When a sweep found it; `None` for what an event reported.
pub(crate) fn since(change: &PolicyChange) -> Option<String> {
    let is_sweep = change.actor.is_sweep();
    is_sweep.then(|| {
        format!(
            "{} It has been in force since then, or longer.",
            found(change)
        )
    })
}

fn found(change: &PolicyChange) -> String {
    format!("The guard's sweep found it at {}.", time(change.event_time))
}

/// Where to look for the caller; `None` for what an event reported.
pub(crate) fn where_to_look(change: &PolicyChange) -> Option<String> {
    if !change.actor.is_sweep() {
        return None;
    }
    let of = |verb: &str, kind: OwnerKind| match kind {
        OwnerKind::Role => format!("{verb}RolePolicy"),
        OwnerKind::User => format!("{verb}UserPolicy"),
        OwnerKind::Group => format!("{verb}GroupPolicy"),
    };
    let calls = match &change.subject {
        Subject::Managed(_) => {
            "CreatePolicy, CreatePolicyVersion and SetDefaultPolicyVersion".to_owned()
        }
        Subject::Inline(policy) => of("Put", policy.owner.kind),
        Subject::Reported(ReportedCall::Attachment { owner, .. }) => of("Attach", owner.kind),
        Subject::Reported(_) => change.event_name.to_string(),
    };
    Some(format!(
        "The event did not arrive or was lost, or it is older than the guard. To find the caller, look in the CloudTrail event history of the Region {} for {calls}.",
        plain(&change.region, 40)
    ))
}
