//! One look at IAM for a decision, and what to do next.

use std::fmt::Display;

use iam_policy::RestrictedActions;
use incident::message::{
    Contained, DecisionAction, InForce, Outcome, OutcomeResult, Proposal, Quarantine, Reverted,
    Reverting,
};
use incident::subject::{Addable, Addition};
use incident::{
    Analysis, Answer, Containment, ContainmentEnd, Document, Done, ExecutionArn, Next,
    PolicyChange, Progress, Reconciler, Restoration, RestorationEnd, TakingEnd, Timestamp, Witness,
    Work, keep, take_back,
};
use lambda_kit::{FailureName, HandlerError};
use policy_store::{PolicyStore, Stored};

pub(crate) struct Look<'a> {
    pub(crate) restricted: &'a RestrictedActions,
    pub(crate) store: &'a PolicyStore,
    pub(crate) action: DecisionAction,
    pub(crate) event_time: Timestamp,
    pub(crate) work: Work,
    pub(crate) done: Option<Done>,
}

impl Look<'_> {
    /// Carries out a decision about a document that was contained.
    pub(crate) async fn restore<S: Stored>(
        self,
        policy: &S,
        contained: &Contained,
    ) -> Result<Answer<Reverted>, HandlerError>
    where
        for<'r> Restoration<'r, S::Trace>: Reconciler<S, End = RestorationEnd>,
    {
        let (work, progress) = begun(self.work);
        let analysis = Analysis::new(self.restricted, policy.quota());
        let mut run = Restoration::new(
            &analysis,
            self.action,
            contained,
            S::trace(contained).ok_or_else(|| not_of(policy))?,
            self.event_time,
            work.has_waited(),
            progress,
        );
        work.learn(policy, &mut run, self.done)?;
        let observed = self.store.observe(policy).await?;
        let next = run.next(observed.as_ref());
        let decided = match &contained.settled {
            Some(settled) => settled.result,
            None => OutcomeResult::of(self.action, contained.asked),
        };
        let answer = work.answer(policy, &mut run, next, |end| {
            Ok(outcome::<S>(end, decided, observed.as_ref()))
        });
        Ok(answer?)
    }

    /// Carries out a decision about a document that the guard asked about first.
    pub(crate) async fn carry_out<S: Stored>(
        self,
        policy: &S,
        proposal: &Proposal,
    ) -> Result<Reverting, HandlerError>
    where
        for<'r> Containment<'r>: Reconciler<S, End = ContainmentEnd>,
        for<'r> Restoration<'r, S::Trace>: Reconciler<S, End = RestorationEnd>,
    {
        let analysis = Analysis::new(self.restricted, policy.quota());
        if self.action != DecisionAction::Deny {
            return self.leave(policy, proposal, &analysis).await;
        }
        let decided = OutcomeResult::of(self.action, true);
        let (work, progress) = begun(self.work);
        let judged = proposal.in_force();
        let mut run = Containment::new(
            &analysis,
            &judged,
            self.event_time,
            work.has_waited(),
            progress,
        )
        .taking_back();
        work.learn(policy, &mut run, self.done)?;
        let observed = self.store.observe(policy).await?;
        let next = run.next(observed.as_ref());
        let Next::End(ContainmentEnd::Contained(contained)) = next else {
            let answer = work.answer(policy, &mut run, next, |end| {
                let end = match end {
                    ContainmentEnd::Gone => RestorationEnd::Gone,
                    ContainmentEnd::Superseded | ContainmentEnd::Contained(_) => {
                        RestorationEnd::Superseded
                    }
                };
                Ok(outcome::<S>(end, decided, observed.as_ref()))
            });
            return Ok(answer?.into());
        };
        // The grants are out of force. The same look says what else keeps them out.
        let contained = Contained {
            attached_to: proposal.contained.attached_to.clone(),
            held_by: proposal.contained.held_by,
            ..*contained
        };
        let mut run = Restoration::new(
            &analysis,
            self.action,
            &contained,
            S::trace(&contained).ok_or_else(|| not_of(policy))?,
            self.event_time,
            work.has_waited(),
            Progress::default(),
        );
        let next = run.next(observed.as_ref());
        let answer = work.answer(policy, &mut run, next, |end| {
            Ok(outcome::<S>(end, decided, observed.as_ref()))
        });
        Ok(Reverting {
            answer: answer?,
            quarantine: Some(Quarantine::InPlace(contained)),
        })
    }

    /// Carries out a decision about what a call added.
    pub(crate) async fn take_back(
        self,
        change: &PolicyChange,
        addition: &Addition,
        incident: &ExecutionArn,
    ) -> Result<Reverting, HandlerError> {
        let subject = Addable::of(change).ok_or_else(|| not_of(&change.subject))?;
        let mut work = self.work;
        work.begin(0);
        work.learn_of_addition(&subject, change, self.done)?;
        let state = self.store.reported(subject.call, self.event_time).await?;
        let next = take_back(
            &subject,
            addition,
            &Witness::of(change, addition, incident),
            self.action,
            &state,
            work.taking(),
            work.has_waited(),
        );
        let answer = work.answer_about_addition(&subject, next, |end| {
            Reverted::Outcome(Outcome {
                result: match end {
                    TakingEnd::Decided => OutcomeResult::of(self.action, true),
                    TakingEnd::Superseded => OutcomeResult::Superseded,
                    TakingEnd::Gone => OutcomeResult::Gone,
                    TakingEnd::Unconfirmed => OutcomeResult::Unconfirmed,
                },
                in_force: None,
                attached_to: None,
                until: None,
            })
        });
        Ok(answer?.into())
    }

    /// Leaves a document in force, because that was decided or nothing was.
    async fn leave<S: Stored>(
        self,
        policy: &S,
        proposal: &Proposal,
        analysis: &Analysis<'_>,
    ) -> Result<Reverting, HandlerError>
    where
        for<'r> Restoration<'r, S::Trace>: Reconciler<S, End = RestorationEnd>,
    {
        let decided = OutcomeResult::of(self.action, true);
        let (work, _) = begun(self.work);
        let observed = self.store.observe(policy).await?;
        let next = keep::<S>(analysis, proposal, observed.as_ref(), work.has_waited());
        let answer = work.answer_of(policy, Progress::default(), next, |end| {
            Ok(outcome::<S>(end, decided, observed.as_ref()))
        });
        Ok(answer?.into())
    }
}

/// The work of one more look, and what the looks before remember.
fn begun(mut work: Work) -> (Work, Progress) {
    work.begin(0);
    let progress = std::mem::take(&mut work.progress);
    (work, progress)
}

fn outcome<S: Document>(
    end: RestorationEnd,
    decided: OutcomeResult,
    observed: Option<&S::Observed>,
) -> Reverted {
    let in_force = observed.and_then(S::in_force).map(|now| InForce {
        version: now.version,
        document: now.document.compacted(),
    });
    Reverted::Outcome(Outcome {
        result: match end {
            RestorationEnd::Decided => decided,
            RestorationEnd::Superseded => OutcomeResult::Superseded,
            RestorationEnd::Gone => OutcomeResult::Gone,
        },
        in_force,
        attached_to: None,
        until: None,
    })
}

/// The error for what the state machine never sends.
pub(crate) fn not_of(subject: &impl Display) -> HandlerError {
    HandlerError::new(
        FailureName::PayloadMalformed,
        format!(
            "what the execution holds is not about {subject}; look at the input of the state that failed"
        ),
    )
}
