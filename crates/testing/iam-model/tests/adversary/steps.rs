//! What Step Functions keeps: claims, and the histories of incidents. It is append-only.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use incident::ExecutionArn;
use incident::memory::{ClaimName, MemoryKey, Remembered};
use incident::message::{DecisionAction, OutcomeResult, Quarantine, Verdict};

use crate::setting::time;
use crate::situation::{Situation, Stage};

/// The claims, and the clock.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct StepFunctions {
    /// In the order in which they were started.
    pub(crate) claims: Vec<Claim>,
    /// Seconds, for allows that end.
    pub(crate) now: i64,
    /// Counts everything that happens, so that it has an order.
    pub(crate) clock: usize,
    /// What administrators decided.
    pub(crate) decisions: Vec<Rc<Decided>>,
    /// When other lists were deployed, if they were. What was clean before has no new event.
    pub(crate) redeployed: Option<usize>,
    /// How often an execution found an incident without a judgement.
    pub(crate) looks: BTreeMap<usize, usize>,
    /// The keys about which more than one execution may ask.
    pub(crate) loose: Vec<MemoryKey>,
}

#[derive(Clone, Debug, Hash)]
pub(crate) struct Claim {
    pub(crate) name: ClaimName,
    /// IAM's clock when it was started.
    pub(crate) started: i64,
    /// The number of the incident that it names. That one need not exist yet: whoever starts an
    /// execution chooses its name.
    pub(crate) incident: Option<usize>,
}

/// A decision of an administrator.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Decided {
    pub(crate) execution: usize,
    pub(crate) action: DecisionAction,
    /// When an allow ends.
    pub(crate) until: Option<i64>,
    pub(crate) clock: usize,
    /// When it was carried out.
    pub(crate) carried_out: Option<usize>,
    /// What it is about: the identifier of the subject, and what counts of the document.
    pub(crate) id: String,
    pub(crate) document: String,
    pub(crate) met: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Status {
    #[default]
    Running,
    Succeeded,
    Failed,
    Aborted,
}

/// How a look of the guard finds Step Functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Sight {
    #[default]
    Clear,
    /// It shows other executions before their newest states.
    Late,
    /// It does not answer in time.
    Blind,
    /// As it is, after a containment.
    Settling,
}

/// What the history of an incident shows, with its newest state.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) status: Status,
    pub(crate) redriven: bool,
    pub(crate) state: &'static str,
    pub(crate) verdict: Option<Rc<Verdict>>,
    pub(crate) quarantine: Option<Rc<Quarantine>>,
    pub(crate) decision: Option<DecisionAction>,
    /// When the allow ends, if it is only for a time.
    pub(crate) ends: Option<i64>,
    pub(crate) outcome: Option<OutcomeResult>,
    pub(crate) until: Option<i64>,
    /// The key of what it asks about.
    pub(crate) asks: Option<MemoryKey>,
    /// What counts of that document by the lists of the question.
    pub(crate) met: Vec<String>,
    /// Whether an allow of it has ended.
    pub(crate) lapsed: bool,
    /// The claim of what that was.
    pub(crate) lapsed_claim: Option<ClaimName>,
    /// When it entered its newest state.
    pub(crate) clock: usize,
}

impl Hash for History {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let memory = self.verdict.as_ref().map(|it| &it.memory);
        (self.status, self.redriven, self.state, self.outcome).hash(state);
        (self.decision, self.ends, self.until, self.lapsed).hash(state);
        memory.and_then(|memory| memory.claim.as_ref()).hash(state);
        self.claim().hash(state);
    }
}

impl History {
    /// The claim that the incident names.
    pub(crate) fn claim(&self) -> Option<ClaimName> {
        self.verdict.as_ref()?;
        // Which execution it is makes no difference.
        let execution = arn(0);
        self.remembered(&execution, None)?.claim().cloned()
    }

    pub(crate) fn remembered<'h>(
        &'h self,
        execution: &'h ExecutionArn,
        decision: Option<&'h serde_json::Value>,
    ) -> Option<Remembered<'h>> {
        Some(Remembered {
            execution,
            has_succeeded: self.status == Status::Succeeded,
            state: Some(self.state),
            verdict: self.verdict.as_deref()?,
            quarantine: self.quarantine.as_deref(),
            decision,
            outcome: self.outcome,
            until: self.until.map(time),
        })
    }
}

/// The name of the execution with this number.
pub(crate) fn arn(number: usize) -> ExecutionArn {
    let arn = format!("arn:aws:states:eu-central-1:111122223333:execution:incidents:e{number}");
    ExecutionArn::parse(&arn).unwrap()
}

impl Situation {
    /// An execution enters a state.
    pub(crate) fn show(&mut self, index: usize, history: History) {
        self.steps.clock += 1;
        let clock = self.steps.clock;
        let is_carried_out = matches!(
            history.outcome,
            Some(
                OutcomeResult::Allowed
                    | OutcomeResult::Kept
                    | OutcomeResult::Denied
                    | OutcomeResult::TakenBack
            )
        );
        let mut decisions = self.steps.decisions.iter_mut();
        let decided = decisions.rfind(|decided| decided.execution == index);
        if let Some(decided) = decided.filter(|it| is_carried_out && it.carried_out.is_none()) {
            Rc::make_mut(decided).carried_out = Some(clock);
        }
        let execution = &mut self.executions[index];
        let history = Rc::new(History { clock, ..history });
        execution.earlier = std::mem::replace(&mut execution.history, history);
    }

    /// An execution fails for good.
    pub(crate) fn fail(&mut self, index: usize) {
        self.executions[index].stage = Stage::Ended("failed", None);
        let history = History::clone(&self.executions[index].history);
        let status = Status::Failed;
        self.show(index, History { status, ..history });
    }
}
