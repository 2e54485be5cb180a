//! The request for a decision.

use incident::message::{
    AskRequest, Asked, Contained, DecisionAction, Question, RepeatReason, Response, Restricted,
};

use super::addition;
use super::draft::Draft;
use crate::subject::{effect, name};
use crate::text::plain;
use crate::words::{self, failure_is_over};
use crate::{Fact, Kind, Label, Notice, found};

/// Asks for a decision about a policy that was contained, or about what is in force.
pub(super) fn request(request: &AskRequest) -> Notice {
    let change = &request.change;
    let name = name(&change.subject);
    let contained = request.quarantine.contained();
    let mut draft = match &request.quarantine {
        Question::Added(addition) => addition::begin(request, addition),
        Question::Contained(contained) => begin(request, contained),
        Question::Proposed(proposal) => begin(request, &proposal.contained),
    };
    let is_asked_first = contained.is_none_or(|contained| contained.asked);
    if let Some(why) = request.asked.because.map(why_again) {
        draft.remark(why);
        draft.paragraph(&asked_again(request.asked, why, is_asked_first));
    }
    draft.paragraphs(failure_is_over(request.failed_tries));

    let effect = |action| effect(action, &change.subject, contained);
    draft.ways(effect(DecisionAction::Allow), effect(DecisionAction::Deny));
    if let Some(until) = request.decide_by() {
        let fact = Fact::of(Label::DecideBy, words::time(until));
        draft.state(fact, |until| {
            format!("\nDecide by {until}. {}", effect(DecisionAction::Expire))
        });
    }

    let response = if is_asked_first {
        Response::Ask
    } else {
        Response::Contain
    };
    draft.change(change, response);
    if let Question::Added(addition) = &request.quarantine {
        addition::end(&mut draft, addition);
    }
    if let Some(contained) = contained {
        draft.findings(&contained.restricted);
        draft.contained(contained);
    }
    draft.consoles(&change.subject, &request.execution);
    // Last, because a long e-mail is cut at its end.
    if let Some(contained) = contained {
        draft.diff(contained);
    }
    let title = match &request.quarantine {
        Question::Added(_) => format!("Decide: {name}"),
        Question::Contained(_) | Question::Proposed(_) => {
            format!("Decide: restricted permissions in {name}")
        }
    };
    draft.finish(Kind::Request, title, &request.execution)
}

/// The beginning of a request about a document.
fn begin(request: &AskRequest, contained: &Contained) -> Draft {
    let change = &request.change;
    let policy = name(&change.subject);
    let restricted = in_brackets(&contained.restricted);
    let mut draft = Draft::new(&if contained.asked {
        format!(
            "The policy {policy} grants restricted permissions{restricted}, which ARE IN FORCE. Please allow or deny them."
        )
    } else if contained.removed {
        format!(
            "The guard deleted the policy {policy}, which granted restricted permissions{restricted}. Please allow or deny them."
        )
    } else {
        format!(
            "The guard removed restricted permissions{restricted} from the policy {policy}. Please allow or deny them."
        )
    });
    draft.restricted(&contained.restricted, "the page");
    draft.paragraph(&found::written(change));
    draft.standing(contained);
    draft
}

/// Why the guard asks again.
fn why_again(reason: RepeatReason) -> &'static str {
    match reason {
        RepeatReason::OtherIncident => {
            "An answer to the earlier e-mail was made on the page of another incident, so it did not count."
        }
        RepeatReason::NewHolders => {
            "You allowed this policy, but it was attached to someone else since the earlier e-mail, so the answer did not count. Look at who holds it now."
        }
        RepeatReason::WithoutKey => {
            "Someone answered the earlier e-mail with allow, but without the key that only the links of the e-mail have, so the answer did not count. Find out who: look for SendTaskSuccess in the CloudTrail event history."
        }
    }
}

/// That the guard asks again, and what follows the last request.
fn asked_again(asked: Asked, why: &str, is_in_force: bool) -> String {
    let most = Asked::MOST;
    let last = match (asked.times >= most, is_in_force) {
        (false, _) => "",
        (true, true) => {
            " It is the last one: if the next answer does not count either, the restricted permissions stay in force."
        }
        (true, false) => {
            " It is the last one: if the next answer does not count either, the restricted permissions stay out."
        }
    };
    format!(
        "{why} Only the links in this e-mail work now. This is request {} of {most}.{last}",
        asked.times
    )
}

/// The first restricted patterns, in brackets; more do not fit on a phone screen.
fn in_brackets(restricted: &Restricted) -> String {
    const SHOWN: usize = 2;
    let patterns = restricted.patterns.iter().take(SHOWN);
    let mut list: Vec<String> = patterns
        .map(|pattern| plain(pattern.as_str(), 40))
        .collect();
    if list.is_empty() {
        return String::new();
    }
    if restricted.patterns.len() > SHOWN {
        list.push("…".to_owned());
    }
    format!(" ({})", list.join(", "))
}
