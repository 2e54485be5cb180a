//! The e-mail that asks for a decision.

use incident::message::{
    AskRequest, Asked, Contained, DecisionAction, Question, RepeatReason, Restricted,
};

use super::writer::Writer;
use super::{LinkConfirmation, Links, Mail, addition};
use crate::subject::{effect, name};
use crate::text::{capitalised, plain};
use crate::words::{self, attached_to, failure_is_over, in_force, left};

/// Asks for a decision about a policy that was contained, or about what is in force.
#[must_use]
pub fn decision_request(request: &AskRequest, links: &Links) -> Mail {
    let change = &request.change;
    let name = name(&change.subject);
    let contained = request.quarantine.contained();
    let mut mail = match &request.quarantine {
        Question::Added(addition) => addition::begin(request, addition),
        Question::Contained(contained) => begin(request, contained),
        Question::Proposed(proposal) => begin(request, &proposal.contained),
    };
    let is_in_force = contained.is_none_or(|contained| contained.asked);
    mail.paragraphs(asked_again(request.asked, is_in_force));
    mail.paragraphs(failure_is_over(request.failed_tries));

    let effect = |action| effect(action, &change.subject, contained);
    mail.link(
        &format!("ALLOW: {}", effect(DecisionAction::Allow)),
        &links.allow,
    );
    mail.link(
        &format!("DENY: {}", effect(DecisionAction::Deny)),
        &links.deny,
    );
    mail.paragraph(match links.confirmation {
        LinkConfirmation::Required => {
            "Each link opens a page that shows the incident. Only the button on the page decides."
        }
        LinkConfirmation::None => "CAREFUL: if you open a link, you decide at once.",
    });
    if let Some(until) = request.decide_by() {
        mail.paragraph(&format!(
            "Decide by {}. {}",
            words::time(until),
            effect(DecisionAction::Expire)
        ));
    }

    mail.change(change);
    if let Question::Added(addition) = &request.quarantine {
        addition::end(&mut mail, addition);
    }
    if let Some(contained) = contained {
        mail.findings(&contained.restricted);
        mail.contained(contained);
    }
    mail.consoles(&change.subject, &request.execution);
    // Last, because a long e-mail is cut at its end.
    if let Some(contained) = contained {
        mail.diff(contained);
    }
    let subject = match &request.quarantine {
        Question::Added(_) => format!("Decide: {name}"),
        Question::Contained(_) | Question::Proposed(_) => {
            format!("Decide: restricted permissions in {name}")
        }
    };
    Mail::new(&subject, &mail.finish())
}

/// The beginning of a request about a document.
fn begin(request: &AskRequest, contained: &Contained) -> Writer {
    let change = &request.change;
    let policy = name(&change.subject);
    let restricted = in_brackets(&contained.restricted);
    let mut mail = Writer::new(&if contained.asked {
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
    mail.restricted(&contained.restricted, "the page");
    mail.paragraph(&format!(
        "{} wrote the policy at {}.",
        capitalised(&plain(&change.actor.to_string(), 200)),
        words::time(change.event_time)
    ));
    if let Some(holders) = attached_to(contained) {
        mail.line(&format!("Attached to: {holders}."));
    }
    mail.line(&in_force(contained));
    if let Some(left) = left(contained) {
        mail.line(&format!(
            "The guard only reports these permissions, so they stay in force: {left}."
        ));
    }
    mail
}

/// Why the guard asks again, and what follows the last request.
fn asked_again(asked: Asked, is_in_force: bool) -> Option<String> {
    let why = match asked.because? {
        RepeatReason::OtherIncident => {
            "An answer to the earlier e-mail was made on the page of another incident, so it did not count."
        }
        RepeatReason::NewHolders => {
            "You allowed this policy, but it was attached to someone else since the earlier e-mail, so the answer did not count. Look at who holds it now."
        }
        RepeatReason::WithoutKey => {
            "Someone answered the earlier e-mail with allow, but without the key that only the links of the e-mail have, so the answer did not count. Find out who: look for SendTaskSuccess in the CloudTrail event history."
        }
    };
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
    Some(format!(
        "{why} Only the links in this e-mail work now. This is request {} of {most}.{last}",
        asked.times
    ))
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
