//! How what a call added is taken away, after the administrator denied it.
//!
//! | decision | what IAM shows | what else is known | next |
//! |---|---|---|---|
//! | any | another identity, or one that was made after the event | | superseded; wait if the observation may be stale |
//! | any | it is not there, or not in effect | this run took it away | decided |
//! | any | it is not there, or not in effect | | gone; wait if the observation may be stale |
//! | allow, expire | it is in effect | | decided |
//! | deny | it is in effect | this run took it away | superseded; wait if the observation may be stale |
//! | deny | it is in effect, and holds a `Deny` now | | superseded |
//! | deny | it is in effect | CloudTrail has another record under this id | unconfirmed |
//! | deny | it is in effect | CloudTrail does not know the event | ask it again, for half an hour; then unconfirmed |
//! | deny | it is in effect | CloudTrail has its record | take it away |
//!
//! The hint of a sweep has no record. Instead of the last three rows:
//!
//! | decision | what IAM shows | what else is known | next |
//! |---|---|---|---|
//! | deny | it is in effect | no sweep of this stack gives the incident its name | unconfirmed |
//! | deny | it is in effect | the sweep failed, or does not list it | unconfirmed |
//! | deny | it is in effect | the sweep is not known, or still runs | ask it again, for half an hour; then unconfirmed |
//! | deny | it is in effect | the sweep lists it | take it away |

use serde::{Deserialize, Serialize};

use super::confirmation::{BETWEEN_LOOKUPS, Confirmation, MAX_LOOKUPS, Swept, Witness};
use super::pace::Pace;
use super::work::{Refused, refusal};
use super::{Answer, Call, Done, Next, Progress, Work, WorkError};
use crate::PolicyChange;
use crate::judgement::holds_denials;
use crate::message::DecisionAction;
use crate::subject::{Addable, AddedAction, Addition, ReportedState};

/// What is known about taking an addition away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Taking {
    /// How often CloudTrail did not know the event, or the sweep had not ended.
    #[serde(skip_serializing_if = "crate::message::is_zero")]
    pub(super) lookups: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation: Option<Confirmation>,
    /// Whether the addition was taken away.
    #[serde(skip_serializing_if = "crate::message::is_false")]
    pub(super) has_acted: bool,
}

/// How taking back ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakingEnd {
    /// The decision is carried out.
    Decided,
    /// Something else has these names, or more than the event added would go.
    Superseded,
    Gone,
    /// CloudTrail does not know the event, or no sweep found what it is about.
    Unconfirmed,
}

impl Taking {
    pub(super) fn is_new(&self) -> bool {
        *self == Self::default()
    }

    /// Takes the record that CloudTrail has of the event, if it has one.
    pub(super) fn looked_up(&mut self, record: &str, change: &PolicyChange) {
        if record.is_empty() {
            self.lookups += 1;
            return;
        }
        self.confirmation = Some(Confirmation::of(record, change));
    }

    /// Takes what Step Functions shows of the sweep.
    fn swept(&mut self, swept: &Swept) {
        self.confirmation = Confirmation::of_sweep(swept);
        self.lookups += usize::from(self.confirmation.is_none());
    }
}

impl Work {
    /// How far taking back an addition came.
    #[must_use]
    pub fn taking(&self) -> &Taking {
        &self.taking
    }

    /// Learns what became of the last action about an addition.
    ///
    /// # Errors
    ///
    /// If IAM refused to take it away.
    pub fn learn_of_addition(
        &mut self,
        subject: &Addable<'_>,
        change: &PolicyChange,
        done: Option<Done>,
    ) -> Result<(), WorkError> {
        let call = self.action.as_ref().map(|action| action.call);
        let was_look_up = call.is_some_and(Call::confirms);
        match done {
            None => Ok(()),
            Some(Done::LookedUp { record }) => {
                self.taking.looked_up(&record, change);
                Ok(())
            }
            Some(Done::Swept { swept }) if call == Some(Call::DescribeExecution) => {
                self.taking.swept(&swept);
                Ok(())
            }
            Some(Done::Swept { .. }) => Ok(()),
            // It may be answered later.
            Some(Done::Refused { error, cause }) if was_look_up => {
                self.taking.lookups += 1;
                if self.taking.lookups < MAX_LOOKUPS || is_unknown_sweep(&error) {
                    return Ok(());
                }
                Err(self.failure(subject, Refused::Otherwise, &error, &cause))
            }
            Some(Done::CarriedOut { .. }) => {
                self.taking.has_acted = true;
                // IAM has not had its time since then, however long CloudTrail was waited for.
                self.pace = Pace::after_waiting(false);
                Ok(())
            }
            Some(Done::Refused { error, cause }) => match refusal(&error, &cause) {
                Refused::OutOfDate => Ok(()),
                Refused::Transient if !self.pace.is_out_of_looks() => Ok(()),
                refused => Err(self.failure(subject, refused, &error, &cause)),
            },
        }
    }

    /// The answer to what comes next about an addition.
    ///
    /// # Errors
    ///
    /// If the task has taken too many actions, or waited too long.
    pub fn answer_about_addition<E>(
        mut self,
        subject: &Addable<'_>,
        next: Next<AddedAction, TakingEnd>,
        end: impl FnOnce(TakingEnd) -> E,
    ) -> Result<Answer<E>, WorkError> {
        let asks = matches!(&next, Next::Act(action) if !matches!(action, AddedAction::TakeAway));
        let asks_again = asks && self.taking.lookups > 0 && self.action.is_some();
        if asks_again {
            self.pace = Pace::after_waiting(true);
            return Ok(Answer::Wait {
                seconds: BETWEEN_LOOKUPS,
                memory: self.memory(),
            });
        }
        let progress = Progress::default();
        self.answer_of(subject, progress, next, |ended| Ok(end(ended)))
    }
}

/// Whether Step Functions knows no such execution, which is an answer.
fn is_unknown_sweep(error: &str) -> bool {
    [
        "Sfn.ExecutionDoesNotExistException",
        "Sfn.InvalidArnException",
    ]
    .contains(&error)
}

/// What to do next about an addition. `has_waited` says that IAM had its time to become consistent.
#[must_use]
pub fn take_back(
    subject: &Addable<'_>,
    addition: &Addition,
    witness: &Witness,
    action: DecisionAction,
    state: &ReportedState,
    taking: &Taking,
    has_waited: bool,
) -> Next<AddedAction, TakingEnd> {
    let absent = || match taking.has_acted {
        true => Next::End(TakingEnd::Decided),
        false => Next::end_if(has_waited, TakingEnd::Gone),
    };
    let Some(now) = &state.added else {
        return absent();
    };
    if now.identity != addition.identity || !subject.can_have_joined(&now.identity) {
        return Next::end_if(has_waited, TakingEnd::Superseded);
    }
    if !now.is_present {
        return absent();
    }
    if action != DecisionAction::Deny {
        return Next::End(TakingEnd::Decided);
    }
    // IAM may not show yet what this run did. After that, somebody has added it again, by a call
    // that the administrator did not decide about.
    if taking.has_acted {
        return Next::end_if(has_waited, TakingEnd::Superseded);
    }
    if subject.hides_denials() && holds_denials(state) {
        return Next::End(TakingEnd::Superseded);
    }
    match taking.confirmation {
        Some(Confirmation::Other) => Next::End(TakingEnd::Unconfirmed),
        None if taking.lookups >= MAX_LOOKUPS => Next::End(TakingEnd::Unconfirmed),
        None => match witness {
            Witness::CloudTrail => Next::Act(AddedAction::LookUp),
            Witness::Sweep(grant) => Next::Act(AddedAction::AskSweep(grant.clone())),
            Witness::Nobody => Next::End(TakingEnd::Unconfirmed),
        },
        Some(Confirmation::Same) => Next::Act(AddedAction::TakeAway),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Record;
    use crate::UniqueId;
    use crate::message::{Report, Restricted};
    use crate::subject::{Added, AddedIdentity};

    fn record(caller: &str) -> Value {
        json!({
            "eventID": "e", "eventName": "AttachRolePolicy", "eventSource": "iam.amazonaws.com",
            "eventTime": "2026-03-02T09:15:27Z", "recipientAccountId": "111122223333",
            "userIdentity": {"type": "IAMUser", "userName": caller},
            "requestParameters": {
                "roleName": "app", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"
            }
        })
    }

    fn change() -> PolicyChange {
        let event = json!({
            "account": "111122223333", "region": "us-east-1", "detail": record("alice")
        });
        Record::parse(&event).unwrap().change
    }

    /// What comes next after a deny, where the policy of this date is attached.
    fn next(policy: &str, taking: &Taking, has_waited: bool) -> Next<AddedAction, TakingEnd> {
        let unique = |id: &str, created: &str| UniqueId {
            id: id.to_owned(),
            created: created.parse().unwrap(),
        };
        let identity = AddedIdentity {
            owner: unique("AROAEXAMPLE", "2026-01-01T00:00:00Z"),
            added: unique("ANPAEXAMPLE", policy),
        };
        let addition = Addition {
            identity: identity.clone(),
            report: Report::new(&[], false),
            restricted: Restricted::default(),
            held_by: None,
        };
        let state = ReportedState {
            added: Some(Added {
                identity,
                is_present: true,
            }),
            ..ReportedState::default()
        };
        let change = change();
        let subject = Addable::of(&change).unwrap();
        take_back(
            &subject,
            &addition,
            &Witness::CloudTrail,
            DecisionAction::Deny,
            &state,
            taking,
            has_waited,
        )
    }

    fn confirmed() -> Taking {
        let mut taking = Taking::default();
        taking.looked_up(&record("alice").to_string(), &change());
        taking
    }

    #[test]
    fn a_record_of_another_caller_confirms_nothing() {
        let same = next("2026-03-02T09:15:27Z", &confirmed(), false);
        assert_eq!(same, Next::Act(AddedAction::TakeAway));
        let mut taking = Taking::default();
        taking.looked_up(&record("mallory").to_string(), &change());
        let other = next("2026-03-02T09:15:27Z", &taking, false);
        assert_eq!(other, Next::End(TakingEnd::Unconfirmed));
    }

    #[test]
    fn what_was_made_after_the_event_is_not_what_it_added() {
        let later = "2026-03-02T09:15:28Z";
        assert_eq!(next(later, &confirmed(), false), Next::Wait);
        let superseded = Next::End(TakingEnd::Superseded);
        assert_eq!(next(later, &confirmed(), true), superseded);
    }

    #[test]
    fn what_was_taken_away_and_added_again_stays() {
        let taking = Taking {
            has_acted: true,
            ..confirmed()
        };
        let time = "2026-03-02T09:15:27Z";
        assert_eq!(next(time, &taking, false), Next::Wait);
        let superseded = Next::End(TakingEnd::Superseded);
        assert_eq!(next(time, &taking, true), superseded);
    }
}
