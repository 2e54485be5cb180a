use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Call, Fault};

/// The calls that fail, and their fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// A part of the role or the session whose calls are counted, as in `RemediateFunction`; empty
    /// for all.
    pub caller: String,
    /// The action, as in `iam:CreatePolicyVersion`; empty for all.
    pub action: String,
    /// Texts that only this incident's calls hold, as a policy's name; one of them is enough.
    pub marks: Vec<String>,
    /// Which of these calls is the first to fail, counted from 1.
    pub nth: usize,
    /// How many of them fail.
    pub times: Times,
    pub fault: Fault,
}

/// How often a rule acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Times {
    Once,
    /// At that call and all after it.
    Persistently,
}

impl Rule {
    fn counts(&self, call: &Call) -> bool {
        call.caller.contains(&self.caller)
            && (self.action.is_empty() || call.action == self.action)
            && is_marked(call, &self.marks)
    }

    fn acts_at(&self, number: usize) -> bool {
        match self.times {
            Times::Once => number == self.nth,
            Times::Persistently => number >= self.nth,
        }
    }
}

fn is_marked(call: &Call, marks: &[String]) -> bool {
    marks.iter().any(|mark| call.parameters.contains(mark))
}

/// The rules in force, and the calls so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultRules(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    next: usize,
    rules: Vec<Counted>,
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Counted {
    number: usize,
    rule: Rule,
    calls: usize,
    hits: usize,
    pending: usize,
}

impl FaultRules {
    /// Records a call, and answers with its fault.
    pub(crate) fn meet(&self, call: Call) -> Option<(Fault, Pending)> {
        let mut inner = self.inner();
        let mut met = None;
        for counted in &mut inner.rules {
            if !counted.rule.counts(&call) {
                continue;
            }
            counted.calls += 1;
            if met.is_none() && counted.rule.acts_at(counted.calls) {
                counted.hits += 1;
                counted.pending += 1;
                met = Some((counted.rule.fault, counted.number));
            }
        }
        inner.calls.push(call);
        met.map(|(fault, number)| {
            let rules = self.clone();
            (fault, Pending { rules, number })
        })
    }

    pub(crate) fn inject(&self, rule: Rule) -> Injected {
        let mut inner = self.inner();
        inner.next += 1;
        let number = inner.next;
        inner.rules.push(Counted {
            number,
            rule,
            calls: 0,
            hits: 0,
            pending: 0,
        });
        Injected {
            rules: self.clone(),
            number,
        }
    }

    pub(crate) fn calls(&self, marks: &[String]) -> Vec<Call> {
        let inner = self.inner();
        let marked = inner.calls.iter().filter(|call| is_marked(call, marks));
        marked.cloned().collect()
    }

    fn of<T: Default>(&self, number: usize, read: impl FnOnce(&mut Counted) -> T) -> T {
        let mut inner = self.inner();
        let counted = inner.rules.iter_mut().find(|it| it.number == number);
        counted.map(read).unwrap_or_default()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // No code panics while it holds the lock, so the data of a poisoned lock is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A rule that holds until this is dropped.
#[derive(Debug)]
pub struct Injected {
    rules: FaultRules,
    number: usize,
}

impl Injected {
    /// How often it acted.
    #[must_use]
    pub fn hits(&self) -> usize {
        self.rules.of(self.number, |counted| counted.hits)
    }

    /// Whether a call that it acted at has not ended, such as a late one.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.rules.of(self.number, |counted| counted.pending > 0)
    }

    /// Adds a text that this incident's calls hold, such as the name of its execution.
    pub fn mark(&self, mark: &str) {
        self.rules.of(self.number, |counted| {
            if !counted.rule.marks.iter().any(|known| known == mark) {
                counted.rule.marks.push(mark.to_owned());
            }
        });
    }

    /// Ends the fault. The count of its actions stays.
    pub fn lift(&self) {
        self.rules
            .of(self.number, |counted| counted.rule.nth = usize::MAX);
    }
}

impl Drop for Injected {
    fn drop(&mut self) {
        let number = self.number;
        self.rules.inner().rules.retain(|it| it.number != number);
    }
}

/// A call that a rule acted at, until it is over.
#[derive(Debug)]
pub(crate) struct Pending {
    rules: FaultRules,
    number: usize,
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.rules.of(self.number, |counted| {
            counted.pending = counted.pending.saturating_sub(1)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: &str) -> Call {
        Call {
            caller: "stack-RemediateFunction-1".to_owned(),
            action: action.to_owned(),
            parameters: "policy/p-1 ".to_owned(),
        }
    }

    fn rule(times: Times) -> Rule {
        Rule {
            caller: "RemediateFunction".to_owned(),
            action: "iam:GetPolicyVersion".to_owned(),
            marks: vec!["p-1 ".to_owned()],
            nth: 2,
            times,
            fault: Fault::Drop,
        }
    }

    #[test]
    fn a_rule_acts_at_its_calls_only() {
        for (times, expected) in [
            (Times::Once, [false, true, false]),
            (Times::Persistently, [false, true, true]),
        ] {
            let rules = FaultRules::default();
            let injected = rules.inject(rule(times));
            let mut seen = Vec::new();
            for _ in 0..3 {
                assert!(rules.meet(call("iam:ListPolicyVersions")).is_none());
                seen.push(rules.meet(call("iam:GetPolicyVersion")).is_some());
            }
            assert_eq!(seen, expected);
            assert_eq!(injected.hits(), expected.iter().filter(|hit| **hit).count());
            assert!(!injected.is_pending());
            drop(injected);
            assert!(rules.meet(call("iam:GetPolicyVersion")).is_none());
        }
    }

    #[test]
    fn a_call_is_pending_until_it_is_over() {
        let rules = FaultRules::default();
        let injected = rules.inject(rule(Times::Persistently));
        rules.meet(call("iam:GetPolicyVersion"));
        let met = rules.meet(call("iam:GetPolicyVersion"));
        assert!(injected.is_pending());
        drop(met);
        assert!(!injected.is_pending());
        injected.lift();
        assert!(rules.meet(call("iam:GetPolicyVersion")).is_none());
        assert_eq!(injected.hits(), 1);
    }
}
