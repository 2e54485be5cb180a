//! The facts that every channel shows.

use incident::message::{Contained, Decision, DecisionAction, Response, Restricted};
use incident::subject::Addition;
use incident::{PolicyChange, Subject, Timestamp};
use strum::IntoStaticStr;

use crate::text::{plain, plain_lines};
use crate::{found, words};

/// The longest text from outside in one value, in characters.
pub(crate) const MAX_TEXT: usize = 300;
/// The longest line of a reason, in characters: as long as a page takes a reason.
const MAX_REASON: usize = 500;
/// The most lines of a reason.
const MAX_REASON_LINES: usize = 20;

/// What a fact is about. The name is what a page and a chat show in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
pub enum Label {
    Restricted,
    #[strum(serialize = "In force now")]
    InForce,
    #[strum(serialize = "Only reported")]
    Left,
    #[strum(serialize = "Attached to")]
    AttachedTo,
    #[strum(serialize = "Who holds it")]
    HeldBy,
    #[strum(serialize = "Who holds it now")]
    HoldersNow,
    #[strum(serialize = "Who gets it")]
    Gets,
    /// Why the guard reports a call, or asks about it.
    Why,
    #[strum(serialize = "Decide by")]
    DecideBy,
    /// The subject, if it is a policy.
    Policy,
    /// The subject, if it is a call.
    What,
    Account,
    Who,
    #[strum(serialize = "ARN")]
    Arn,
    Delegate,
    Person,
    From,
    Client,
    When,
    /// When a sweep found it.
    Found,
    /// The sweep that found it.
    Sweep,
    /// Where to look for the caller, if no event names it.
    Caller,
    Call,
    Response,
    #[strum(serialize = "Not denied any more")]
    LostDenials,
    Decision,
    #[strum(serialize = "Decided at")]
    DecidedAt,
    #[strum(serialize = "Decided from")]
    DecidedFrom,
    #[strum(serialize = "Decided with")]
    DecidedWith,
    Reason,
    Until,
    #[strum(serialize = "What failed")]
    Failed,
    #[strum(serialize = "Why it failed")]
    Cause,
}

impl Label {
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One fact. Its values can contain text from outside, on one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub label: Label,
    pub values: Vec<String>,
    /// How many more values there are.
    pub more: usize,
}

/// The facts about an incident at one moment, in the order in which a reader needs them.
///
/// Every channel takes its facts from such a value, so that no two of them differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(Vec<Fact>);

impl Facts {
    /// Who did what to which policy, from where and when.
    #[must_use]
    pub fn of_change(change: &PolicyChange, response: Response) -> Self {
        let mut facts = Self::default();
        let subject = match &change.version {
            Some(version) => format!("{}, version {version}", change.subject),
            None => change.subject.to_string(),
        };
        let label = match change.subject {
            Subject::Managed(_) | Subject::Inline(_) => Label::Policy,
            Subject::Reported(_) => Label::What,
        };
        facts.add(label, &subject);
        facts.add(Label::Account, &change.account);
        facts.add(Label::Who, &change.actor.to_string());
        facts.add_caller(change);
        if response != Response::None {
            facts.add(Label::Response, response.as_str());
        }
        let lost = change.lost_denials.iter().map(words::lost_denial);
        facts.add_list(Label::LostDenials, lost, 0);
        facts
    }

    /// What is known about the call and its caller.
    fn add_caller(&mut self, change: &PolicyChange) {
        if let Some(where_to_look) = found::where_to_look(change) {
            self.add(Label::Found, &words::time(change.event_time));
            if let Some(sweep) = &change.actor.arn {
                self.add(Label::Sweep, sweep);
            }
            self.add(Label::Caller, &where_to_look);
            return;
        }
        if let Some(arn) = &change.actor.arn {
            self.add(Label::Arn, arn);
        }
        if let Some(account) = &change.actor.delegate {
            let delegate = format!("the account {account}, by a temporary delegation");
            self.add(Label::Delegate, &delegate);
        }
        if let Some(person) = &change.actor.on_behalf_of {
            self.add(Label::Person, &person.to_string());
        }
        let address = change.source_ip_address.as_deref();
        self.add(Label::From, address.unwrap_or("an unknown address"));
        let client = change.user_agent.as_deref();
        self.add(Label::Client, client.unwrap_or("an unknown client"));
        self.add(Label::When, &words::time(change.event_time));
        self.add(Label::Call, change.event_name.as_str());
    }

    /// What the guard did about a document, or asks about it.
    #[must_use]
    pub fn of_contained(contained: &Contained) -> Self {
        let mut facts = Self::default();
        facts.extend(words::attached_to(contained).map(|it| Fact::of(Label::AttachedTo, it)));
        let held_by = contained.held_by.map(|held| held.to_string());
        facts.extend(held_by.map(|it| Fact::of(Label::HeldBy, it)));
        facts.extend([Fact::of(Label::InForce, words::in_force(contained))]);
        facts.extend(words::left(contained).map(|it| Fact::of(Label::Left, it)));
        facts
    }

    /// How many get what a call added, if a group does.
    #[must_use]
    pub fn of_addition(addition: &Addition) -> Self {
        let mut facts = Self::default();
        if let Some(held) = addition.held_by {
            let held = held.to_string();
            facts.add(Label::Gets, held.strip_prefix("held by ").unwrap_or(&held));
        }
        facts
    }

    /// The restricted patterns that are met.
    #[must_use]
    pub fn of_restricted(restricted: &Restricted) -> Self {
        let mut facts = Self::default();
        let patterns = restricted.patterns.iter().map(ToString::to_string);
        facts.add_list(Label::Restricted, patterns, restricted.more_patterns);
        facts
    }

    /// Who decided what, and for how long.
    #[must_use]
    pub fn of_decision(decision: &Decision, until: Option<Timestamp>) -> Self {
        let mut facts = Self::default();
        facts.add(
            Label::Decision,
            match decision.action {
                DecisionAction::Allow => "allow",
                DecisionAction::Deny => "deny",
                DecisionAction::Expire => return facts,
            },
        );
        if let Some(time) = decision.time {
            facts.add(Label::DecidedAt, &words::time(time));
        }
        if let Some(until) = until {
            facts.add(Label::Until, &words::time(until));
        }
        if let Some(address) = &decision.source_ip_address {
            facts.add(Label::DecidedFrom, address);
        }
        if let Some(agent) = &decision.user_agent {
            facts.add(Label::DecidedWith, agent);
        }
        facts.add_reason(decision.reason.as_deref());
        facts
    }

    /// The words of an administrator.
    pub(crate) fn add_reason(&mut self, reason: Option<&str>) {
        if let Some(reason) = reason {
            self.0.push(Fact {
                label: Label::Reason,
                values: plain_lines(reason, MAX_REASON, MAX_REASON_LINES),
                more: 0,
            });
        }
    }

    pub(crate) fn add(&mut self, label: Label, value: &str) {
        self.0.push(Fact::of(label, plain(value, MAX_TEXT)));
    }

    pub(crate) fn add_list(
        &mut self,
        label: Label,
        values: impl Iterator<Item = String>,
        more: usize,
    ) {
        let values: Vec<String> = values.map(|it| plain(&it, 2 * MAX_TEXT)).collect();
        if !values.is_empty() || more > 0 {
            let fact = Fact {
                label,
                values,
                more,
            };
            self.0.push(fact);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Fact> {
        self.0.iter()
    }

    /// The fact with this label.
    #[must_use]
    pub fn get(&self, label: Label) -> Option<&Fact> {
        self.0.iter().find(|fact| fact.label == label)
    }
}

impl Fact {
    /// A fact with one value, which is a text of our own or went through [`crate::text`].
    #[must_use]
    pub fn of(label: Label, value: String) -> Self {
        Self {
            label,
            values: vec![value],
            more: 0,
        }
    }

    /// The first value, which is the only one of most facts.
    #[must_use]
    pub fn value(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }
}

impl Extend<Fact> for Facts {
    fn extend<I: IntoIterator<Item = Fact>>(&mut self, facts: I) {
        self.0.extend(facts);
    }
}

impl IntoIterator for Facts {
    type Item = Fact;
    type IntoIter = std::vec::IntoIter<Fact>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
