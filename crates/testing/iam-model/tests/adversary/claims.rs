//! The protocol of the claims, as `lambda_kit::Claims` plays it with Step Functions: the same steps
//! in the same order, on the executions of the model.

use incident::memory::{Before, ClaimName, MemoryKey, Standing, Wanted};
use serde_json::json;

use crate::gaps::Gap;
use crate::setting::{Setting, time};
use crate::situation::Situation;
use crate::steps::{Claim, Sight, Status, arn};

/// What the history of a named incident shows.
pub(crate) enum Shown<T> {
    It(T),
    Nothing,
    /// It runs, and its judgement is not in its history yet.
    NotYet,
}

/// An incident of the guard contained it after the write, or still asks about it.
pub(crate) struct ContainedByGuard;

/// Who asks about something.
pub(crate) enum Taken {
    Mine(ClaimName),
    Earlier(Before),
    Unnamed,
}

impl Situation {
    fn start(&mut self, name: &ClaimName, incident: Option<usize>) -> bool {
        if self.steps.claims.iter().any(|claim| claim.name == *name) {
            return false;
        }
        self.steps.claims.push(Claim {
            name: name.clone(),
            started: self.iam.account().now(),
            incident,
        });
        true
    }

    /// A claim of the attacker's.
    pub(crate) fn squat(&mut self, name: &ClaimName, incident: Option<usize>) -> bool {
        self.loosen(name.key());
        self.start(name, incident)
    }

    /// From now on, more than one execution may ask.
    pub(crate) fn loosen(&mut self, key: &MemoryKey) {
        if !self.steps.loose.contains(key) {
            self.steps.loose.push(key.clone());
        }
    }

    /// The newest claim of a key, and the highest name that is taken without a gap.
    fn newest(&self, key: &MemoryKey) -> (Option<Claim>, Option<ClaimName>) {
        let (mut newest, mut last) = (None, None);
        for name in ClaimName::generations(key) {
            let claims = &self.steps.claims;
            let Some(at) = claims.iter().position(|claim| claim.name == name) else {
                break;
            };
            newest = newest.max(Some(at));
            last = Some(name);
        }
        (newest.map(|at| self.steps.claims[at].clone()), last)
    }

    /// What the incident of the newest claim means for `wanted`.
    fn standing(
        &self,
        setting: &Setting,
        claim: &Claim,
        wanted: &Wanted,
        sight: Sight,
    ) -> Shown<Before> {
        let (_, last) = self.newest(&wanted.key);
        let can_be_replaced = last.is_none_or(|last| last.next().is_some());
        if !can_be_replaced && !setting.has(Gap::LastName) {
            return Shown::Nothing;
        }
        let named = claim
            .incident
            .and_then(|it| Some((it, self.executions.get(it)?)));
        let Some((number, named)) = named else {
            return Shown::Nothing;
        };
        let history = match sight {
            Sight::Late => &named.earlier,
            Sight::Clear | Sight::Settling | Sight::Blind => &named.history,
        };
        let counts = matches!(history.status, Status::Running | Status::Succeeded);
        // The number of redrives is no older than the claims of a redriven execution.
        if !counts || named.history.redriven {
            return Shown::Nothing;
        }
        let execution = arn(number);
        let decision = history.decision.map(|action| json!({"action": action}));
        let Some(remembered) = history.remembered(&execution, decision.as_ref()) else {
            return match history.status {
                Status::Running => Shown::NotYet,
                _ => Shown::Nothing,
            };
        };
        let runs = history.status == Status::Running;
        if remembered.may_still_claim() {
            return Shown::NotYet;
        }
        // It may have taken this claim after its containment, and not say so yet.
        let may_name_it = remembered.claim() != Some(&claim.name) && !setting.has(Gap::LateClaim);
        if runs && history.quarantine.is_none() && may_name_it {
            return Shown::NotYet;
        }
        let now = time(self.steps.now);
        let standing = remembered.standing(&claim.name, wanted, &setting.analysis, now);
        // It may contain, and ask about, another document.
        let may_ask_otherwise = |before: &Before| {
            sight == Sight::Settling
                && before.standing == Standing::Pending
                && !(before.asks || setting.has(Gap::JoinsJudged))
        };
        match standing {
            Some(before) if may_ask_otherwise(&before) => Shown::NotYet,
            Some(before) => Shown::It(before),
            None => Shown::Nothing,
        }
    }

    /// `Claims::take_once` for the execution `me`.
    pub(crate) fn take_once(
        &mut self,
        setting: &Setting,
        wanted: &Wanted,
        me: usize,
        sight: Sight,
    ) -> Shown<Taken> {
        let first = ClaimName::generations(&wanted.key).next();
        if let Some(first) = first
            && self.start(&first, Some(me))
        {
            return Shown::It(Taken::Mine(first));
        }
        let (Some(found), last) = self.newest(&wanted.key) else {
            return Shown::NotYet;
        };
        if found.incident == Some(me) {
            return Shown::It(Taken::Mine(found.name));
        }
        match self.standing(setting, &found, wanted, sight) {
            Shown::It(before) => Shown::It(Taken::Earlier(before)),
            Shown::NotYet => Shown::NotYet,
            Shown::Nothing => {
                let now = self.standing(setting, &found, wanted, Sight::Clear);
                if !matches!(now, Shown::Nothing) {
                    // It does not know yet that it is about this, and both ask.
                    self.loosen(&wanted.key);
                }
                Shown::It(self.take_next(last.as_ref(), &wanted.key, me))
            }
        }
    }

    /// `Claims::take_next`.
    pub(crate) fn take_next(
        &mut self,
        last: Option<&ClaimName>,
        key: &MemoryKey,
        me: usize,
    ) -> Taken {
        let mut name = match last {
            Some(last) => last.next(),
            None => ClaimName::generations(key).next(),
        };
        while let Some(free) = name {
            if self.start(&free, Some(me)) {
                return Taken::Mine(free);
            }
            name = free.next();
        }
        self.loosen(key);
        Taken::Unnamed
    }

    /// `Claims::replace`.
    pub(crate) fn replace(&mut self, key: &MemoryKey, me: usize) {
        let (newest, last) = self.newest(key);
        if newest.is_some_and(|newest| newest.incident == Some(me)) {
            return;
        }
        // What asks about it goes on, and so does the next one that comes.
        self.loosen(key);
        self.take_next(last.as_ref(), key, me);
    }

    /// `Claims::take`: after a few looks at an incident without a judgement, the next name.
    pub(crate) fn take(
        &mut self,
        setting: &Setting,
        wanted: &Wanted,
        me: usize,
        sight: Sight,
    ) -> Option<Taken> {
        match self.take_once(setting, wanted, me, sight) {
            Shown::It(taken) => return Some(taken),
            Shown::NotYet | Shown::Nothing => {}
        }
        if !self.is_out_of_looks(me) {
            return None;
        }
        self.loosen(&wanted.key);
        let (_, last) = self.newest(&wanted.key);
        Some(self.take_next(last.as_ref(), &wanted.key, me))
    }

    /// `Claims::contained_by`: whether an incident contained `wanted`, which was written then, or
    /// what was decided about it.
    pub(crate) fn contained_by(
        &self,
        setting: &Setting,
        wanted: &Wanted,
        written: i64,
    ) -> Result<Option<Before>, ContainedByGuard> {
        let (Some(found), _) = self.newest(&wanted.key) else {
            return Ok(None);
        };
        let before = match self.standing(setting, &found, wanted, Sight::Clear) {
            Shown::It(before) if before.standing == Standing::Pending => {
                return Err(ContainedByGuard);
            }
            // What was allowed may come and go.
            Shown::It(before) if before.standing == Standing::Allowed => return Ok(Some(before)),
            Shown::It(before) => Some(before),
            Shown::Nothing | Shown::NotYet => None,
        };
        let named = found
            .incident
            .and_then(|it| Some((it, self.executions.get(it)?)));
        let has_contained = named.is_some_and(|(number, named)| {
            let execution = arn(number);
            let remembered = named.history.remembered(&execution, None);
            !named.history.redriven
                && remembered
                    .is_some_and(|it| it.has_contained(&found.name, wanted, &setting.analysis))
        });
        if found.started >= written && has_contained {
            return Err(ContainedByGuard);
        }
        Ok(before)
    }

    /// `Claims::find`.
    pub(crate) fn find(&mut self, setting: &Setting, wanted: &Wanted, me: usize) -> Option<Taken> {
        let (Some(found), _) = self.newest(&wanted.key) else {
            return Some(Taken::Unnamed);
        };
        if found.incident == Some(me) {
            return Some(Taken::Mine(found.name));
        }
        match self.standing(setting, &found, wanted, Sight::Clear) {
            Shown::It(before) => Some(Taken::Earlier(before)),
            Shown::Nothing => Some(Taken::Unnamed),
            Shown::NotYet => self.is_out_of_looks(me).then_some(Taken::Unnamed),
        }
    }

    fn is_out_of_looks(&mut self, me: usize) -> bool {
        let looks = self.steps.looks.entry(me).or_default();
        *looks += 1;
        *looks > 3
    }
}
