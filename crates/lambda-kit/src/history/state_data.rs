//! The data that the states of an execution hand on.

use std::collections::BTreeMap;
use std::fmt;

use incident::message::{OutcomeResult, Quarantine, Verdict};
use incident::{PolicyChange, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

/// The results of the states so far, each under a key of its own.
///
/// Each member is read on its own, so that an execution of the version before can still be decided:
/// a member that this version cannot read is `None`, and stands in [`StateData::unreadable`].
#[derive(Clone, Default)]
pub struct StateData {
    /// `verdict`: what `ValidatePolicy` found.
    pub verdict: Option<Verdict>,
    /// `verdict.change`, even if the rest of the verdict cannot be read.
    pub change: Option<PolicyChange>,
    /// `quarantine`: what `TempRemove` did; or else `proposal`: what the guard asks about first.
    pub quarantine: Option<Quarantine>,
    /// `decision`: the answer, which can be any JSON value if it came by the API.
    pub decision: Option<Value>,
    /// `outcome.result`: how the incident ended.
    pub outcome: Option<OutcomeResult>,
    /// `outcome.until`: when an allow ends.
    pub until: Option<Timestamp>,
    /// `waited`: the state whose retries are over without IAM showing the change.
    pub waited: Option<String>,
    pub unreadable: Vec<UnreadableMember>,
}

/// A member that is not as this version writes it. The place is known; the text stays out, because
/// it can hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` cannot be read (line {line}, column {column} of it)")]
pub struct UnreadableMember {
    pub name: &'static str,
    line: usize,
    column: usize,
}

#[derive(Deserialize)]
struct ChangeOnly {
    change: PolicyChange,
}

#[derive(Deserialize)]
struct ResultOnly {
    result: OutcomeResult,
    #[serde(default)]
    until: Option<Timestamp>,
}

impl StateData {
    /// Reads the input of a state or the output of an execution; `None` if it has no verdict, as
    /// the event that starts an execution.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut members = Members {
            all: serde_json::from_str(text).ok()?,
            unreadable: Vec::new(),
        };
        let verdict = members.all.get("verdict")?.get();
        let change = serde_json::from_str::<ChangeOnly>(verdict).ok();
        // An answer of `null` is an answer, too: it counts as deny.
        let decision = members.all.get("decision");
        let decision = decision.and_then(|text| serde_json::from_str(text.get()).ok());
        let outcome: Option<ResultOnly> = members.read("outcome");
        let until = outcome.as_ref().and_then(|outcome| outcome.until);
        Some(Self {
            change: change.map(|verdict| verdict.change),
            verdict: members.read("verdict"),
            quarantine: match members.read("quarantine") {
                None => members.read("proposal"),
                quarantine => quarantine,
            },
            decision,
            outcome: outcome.map(|outcome| outcome.result),
            until,
            waited: members.read("waited"),
            unreadable: members.unreadable,
        })
    }
}

struct Members<'a> {
    all: BTreeMap<String, &'a RawValue>,
    unreadable: Vec<UnreadableMember>,
}

impl Members<'_> {
    fn read<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let text = self.all.get(name)?.get();
        serde_json::from_str::<Option<T>>(text).unwrap_or_else(|error| {
            self.unreadable.push(UnreadableMember {
                name,
                line: error.line(),
                column: error.column(),
            });
            None
        })
    }
}

/// Shows what is there, never what it says: a decision holds the key of its link.
impl fmt::Debug for StateData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateData")
            .field("verdict", &self.verdict.is_some())
            .field("quarantine", &self.quarantine.is_some())
            .field("decision", &self.decision.is_some())
            .field("outcome", &self.outcome)
            .field("waited", &self.waited)
            .field("unreadable", &self.unreadable)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use incident::message::{Decision, DecisionAction};
    use serde_json::json;

    use super::*;

    fn read(data: &Value) -> Option<StateData> {
        StateData::read(&data.to_string())
    }

    #[test]
    fn an_answer_from_elsewhere_counts_as_the_state_machine_counts_it() {
        for (decision, action) in [
            (json!({"action": "allow"}), DecisionAction::Allow),
            (
                json!({"action": "allow", "time": "now"}),
                DecisionAction::Allow,
            ),
            (json!({"action": "ALLOW"}), DecisionAction::Deny),
            (json!("allow"), DecisionAction::Deny),
            (json!(null), DecisionAction::Deny),
            (json!({}), DecisionAction::Deny),
            (json!({"action": "expire"}), DecisionAction::Expire),
        ] {
            let data = read(&json!({ "verdict": {}, "decision": decision })).unwrap();
            let read = data.decision.as_ref().map(Decision::read).unwrap();
            assert_eq!(read.action, action, "{decision}");
        }
    }

    #[test]
    fn data_without_a_verdict_is_not_an_incident() {
        for data in [json!({"decision": {}}), json!(["verdict"]), json!("text")] {
            assert!(read(&data).is_none(), "{data}");
        }
    }

    #[test]
    fn a_member_that_cannot_be_read_leaves_the_others() {
        let data = read(&json!({
            "verdict": {"result": "AQCE-a-secret"},
            "quarantine": {"status": "gone"},
            "outcome": {"result": "unheard of"},
            "waited": null,
        }))
        .unwrap();
        assert_eq!(data.quarantine, Some(Quarantine::Gone));
        assert_eq!((data.verdict.is_none(), data.outcome), (true, None));
        let names: Vec<_> = data.unreadable.iter().map(|member| member.name).collect();
        assert_eq!(names, ["outcome", "verdict"]);
        assert!(!format!("{data:?} {}", data.unreadable[1]).contains("secret"));
    }

    #[test]
    fn debug_output_holds_no_answer() {
        let data = read(&json!({"verdict": {}, "decision": {"key": "AAECAwQFBgcICQoLDA0ODw"}}));
        assert!(!format!("{data:?}").contains("AAEC"));
    }
}
