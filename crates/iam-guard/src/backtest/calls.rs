//! The calls that the guard reports and does not revert, as far as records alone tell.

use std::collections::BTreeMap;
use std::io::{self, Write};

use iam_policy::TrustedAccounts;
use incident::judgement::{GuardConfig, Mode};
use incident::message::VerdictResult;
use incident::subject::{HeldPolicy, ReportedCall, ReportedState};
use incident::{OwnerKind, Record, Timestamp, WatchedCall};
use serde::Serialize;
use serde_json::json;

use super::Backtest;
use super::history::History;
use super::holdings::{Holdings, Known};
use super::spill::Spill;
use super::step::{Step, What, owner};

const TRUSTS_EVERYBODY: &str =
    r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#;

/// What the guard would have done about the calls of one name.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Sums {
    reported: u64,
    silent: u64,
    /// Calls that the guard reports or not, depending on what no record shows.
    unknown: u64,
}

/// By the names of the calls.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct CallSums(BTreeMap<&'static str, Sums>);

/// The steps in a temporary file, until all records are read.
pub(super) struct Calls {
    steps: Spill<Step>,
    sums: CallSums,
}

impl Calls {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            steps: Spill::new()?,
            sums: CallSums::default(),
        })
    }

    pub(super) fn push(&mut self, step: &Step) -> io::Result<()> {
        self.steps.push(step.order(), step)
    }

    /// Counts a call whose record cannot be read.
    pub(super) fn unreadable(&mut self, call: WatchedCall) {
        self.sums.of(call).unknown += 1;
    }

    /// Judges the calls in the order of their times.
    pub(super) fn end(self, task: &Backtest<'_>, history: &History) -> io::Result<CallSums> {
        let mut config = GuardConfig {
            restricted: task.restricted.clone(),
            mode: Mode::default(),
            exempt: task.exempt.clone(),
            account: String::new(),
            partition: "aws".to_owned(),
            trusted: TrustedAccounts::default(),
            notify_on_allowed: false,
        };
        let mut sums = self.sums;
        let mut holdings = Holdings::new(history, task);
        self.steps.take(|step| {
            if let (What::Call(change, trust), Some(call)) = (&step.what, step.what.call()) {
                let record = Record {
                    change: (**change).clone(),
                    document: trust.clone(),
                };
                config.account.clone_from(&step.account);
                let known = concerned(&holdings, &step.account, call, step.time);
                let is_reported = |at_most| is_reported(&config, &record, call, known, at_most);
                let sums = sums.of(change.event_name);
                *match (is_reported(false), is_reported(true)) {
                    (true, _) => &mut sums.reported,
                    (false, true) => &mut sums.unknown,
                    (false, false) => &mut sums.silent,
                } += 1;
            }
            holdings.apply(&step.account, &step.what);
            Ok(())
        })?;
        Ok(sums)
    }
}

/// What the guard would read of the policies that a call is about.
fn concerned(holdings: &Holdings<'_>, account: &str, call: &ReportedCall, at: Timestamp) -> Known {
    let held = |kind, name: &str| holdings.held(account, &owner(kind, name), at);
    match call {
        ReportedCall::Attachment { policy, .. }
        | ReportedCall::Detachment { policy, .. }
        | ReportedCall::Boundary {
            boundary: Some(policy),
            ..
        } => holdings.policy(policy.as_str(), at),
        ReportedCall::AddedToGroup { group, .. } | ReportedCall::RemovedFromGroup { group, .. } => {
            held(OwnerKind::Group, group)
        }
        ReportedCall::Credentials { user, .. } => held(OwnerKind::User, user),
        ReportedCall::Renaming { owner: now, before } => held(now.kind, before),
        ReportedCall::Trust {
            role,
            is_new: false,
        }
        | ReportedCall::InstanceProfile { role, .. } => held(OwnerKind::Role, role),
        // A template gave the role what it holds.
        ReportedCall::AcquiredRole { .. } => Known::NOT_KNOWN,
        ReportedCall::Trust { is_new: true, .. }
        | ReportedCall::Boundary { boundary: None, .. }
        | ReportedCall::RootCredentials { .. }
        | ReportedCall::Rare { .. } => Known::NO_POLICY,
    }
}

/// Whether the guard reports a call if what is not known brings as little as possible, or as much.
fn is_reported(
    config: &GuardConfig,
    record: &Record,
    call: &ReportedCall,
    known: Known,
    at_most: bool,
) -> bool {
    let rest = at_most && !known.is_all;
    // The documents stand for all that is held: the verdict depends on no more. The one with a
    // single restricted action takes the engine much less time than one with `*`.
    let action = config.restricted.patterns().first();
    let held = [
        (known.restricted || rest, "Allow"),
        (known.denies || rest, "Deny"),
    ];
    let policies = held.into_iter().filter(|(is_held, _)| *is_held);
    let policies = policies.map(|(_, effect)| HeldPolicy {
        policy: record.change.subject.clone(),
        document: json!({"Statement": {
            "Effect": effect, "Action": action.map(ToString::to_string), "Resource": "*",
        }})
        .to_string(),
    });
    let state = ReportedState {
        is_in_effect: true,
        policies: policies.collect(),
        has_second_key: at_most,
        boundary: match call {
            ReportedCall::Boundary { boundary, .. } => boundary.clone(),
            _ => None,
        },
        trust: match &record.document {
            None if at_most => Some(TRUSTS_EVERYBODY.to_owned()),
            trust => trust.clone(),
        },
        ..ReportedState::default()
    };
    let verdict = config.judge_reported(record, call, &state, true);
    verdict.is_some_and(|verdict| verdict.result != VerdictResult::Clean)
}

impl CallSums {
    fn of(&mut self, call: WatchedCall) -> &mut Sums {
        self.0.entry(call.as_str()).or_default()
    }

    pub(super) fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let all = self.0.values().fold(Sums::default(), |all, one| Sums {
            reported: all.reported + one.reported,
            silent: all.silent + one.silent,
            unknown: all.unknown + one.unknown,
        });
        let widest = self.0.keys().map(|name| name.len()).max().unwrap_or(0);
        writeln!(out, "\nCalls that the guard reports or asks about")?;
        writeln!(out, "  {:widest$}  reported  silent  not known", "")?;
        for (name, sums) in self.0.iter().chain([(&"all", &all)]) {
            let Sums {
                reported,
                silent,
                unknown,
            } = sums;
            writeln!(
                out,
                "  {name:widest$}  {reported:>8}  {silent:>6}  {unknown:>9}"
            )?;
        }
        Ok(())
    }
}
