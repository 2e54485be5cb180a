//! The form, which decides.

use incident::LinkKey;
use incident::message::AllowedMinutes;

use super::About;
use crate::reply::Form;
use crate::request::{Answer, MAX_REASON};

/// The form of a page, which its button sends.
pub(super) struct FormView {
    pub(super) target: String,
    pub(super) token: String,
    pub(super) execution: Option<String>,
    pub(super) key: Option<String>,
    pub(super) reason: String,
    pub(super) max_reason: usize,
    /// For how long an allow can be good; empty where an allow has no end.
    pub(super) times: Vec<Time>,
    pub(super) tone: &'static str,
    pub(super) button: &'static str,
}

/// A choice of how long an allow is good.
pub(super) struct Time {
    /// The value of the field: minutes, or nothing for no end.
    pub(super) minutes: String,
    pub(super) label: String,
    pub(super) is_chosen: bool,
}

/// What the form offers besides no end.
const TIMES: [(u32, &str); 4] = [
    (60, "1 hour"),
    (8 * 60, "8 hours"),
    (24 * 60, "1 day"),
    (7 * 24 * 60, "7 days"),
];

impl FormView {
    pub(super) fn new(form: &Form, about: About, takes_minutes: bool) -> Self {
        let parameters = &form.parameters;
        Self {
            target: form.target.clone(),
            token: parameters.token.expose().to_owned(),
            execution: parameters.execution.as_ref().map(|it| it.name().to_owned()),
            key: parameters.key.as_ref().map(LinkKey::expose),
            reason: parameters.reason.clone().unwrap_or_default(),
            max_reason: MAX_REASON,
            times: match (form.answer, about) {
                (Answer::Allow, About::Contained) if takes_minutes => times(parameters.minutes),
                _ => Vec::new(),
            },
            tone: form.answer.as_str(),
            button: match (form.answer, about) {
                (Answer::Allow, About::Contained) => "Allow: put the original back",
                (Answer::Deny, About::Contained) => "Deny: keep the permissions out",
                (Answer::Allow, About::Proposal) => "Allow: keep it in force",
                (Answer::Deny, About::Proposal) => "Deny: take the permissions out",
                (Answer::Allow, About::Addition) => "Allow: leave it as it is",
                (Answer::Deny, About::Addition) => "Deny: take it away",
            },
        }
    }
}

/// The choices, and what was chosen on a page before: a second try must not allow for longer.
fn times(chosen: Option<AllowedMinutes>) -> Vec<Time> {
    let chosen = chosen.map(u32::from);
    let no_end = Time {
        minutes: String::new(),
        label: "No end".to_owned(),
        is_chosen: chosen.is_none(),
    };
    let time = |minutes: u32, label: String| Time {
        minutes: minutes.to_string(),
        label,
        is_chosen: chosen == Some(minutes),
    };
    let offered = TIMES.map(|(minutes, label)| time(minutes, label.to_owned()));
    let other = chosen.filter(|chosen| TIMES.iter().all(|(minutes, _)| minutes != chosen));
    let other = other.map(|minutes| time(minutes, format!("{minutes} minutes")));
    [no_end].into_iter().chain(offered).chain(other).collect()
}
