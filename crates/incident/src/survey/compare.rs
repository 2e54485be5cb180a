//! What is new since the sweep before, and what becomes of it.

use super::{Denial, Findings, Grant, GrantId, RulesDigest, SweepCounts, SweepOutput};
use crate::Timestamp;
use crate::message::GoneDenial;

/// What a sweep found, beside what the one before knew.
#[derive(Debug)]
pub struct Comparison {
    rules: RulesDigest,
    started_at: Timestamp,
    /// What is in force and known.
    memory: Vec<GrantId>,
    /// What is in force and unknown: an incident may account for it.
    pub fresh: Vec<Grant>,
    /// Everything restricted that is in force, for a report.
    pub known: Vec<Grant>,
    denials: Vec<Denial>,
    pub gone: Vec<GoneDenial>,
    counts: SweepCounts,
    probed_at: Option<Timestamp>,
    over_reported_at: Option<Timestamp>,
    /// Whether nothing is compared, because the sweep before judged by other lists or there was
    /// none.
    pub is_baseline: bool,
}

/// What earlier incidents say about a fresh grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accounted {
    /// An incident reported it, or an administrator allowed it for good.
    Known,
    /// An incident waits for a decision, or an allow for a time has not ended.
    Pending,
    No,
}

/// What a sweep does.
#[derive(Debug)]
pub struct Resolved {
    pub output: SweepOutput,
    /// The grants that no incident accounts for.
    pub open: Vec<Grant>,
    /// Whether an incident starts for each of them.
    pub starts: bool,
    /// Whether an e-mail says that there are too many: once a day.
    pub reports_over: bool,
}

/// A day, less what a schedule may be early.
const DAY: i64 = 24 * 60 * 60 - 10 * 60;

impl Comparison {
    /// Compares `findings` with the output of the sweep before.
    #[must_use]
    pub fn new(
        findings: Findings,
        previous: Option<&SweepOutput>,
        rules: RulesDigest,
        started_at: Timestamp,
    ) -> Self {
        let before = previous.filter(|previous| previous.compares_with(&rules));
        let mut memory = findings.groups;
        let (mut fresh, mut known) = (Vec::new(), Vec::new());
        for grant in findings.grants {
            let is_known = before.is_none_or(|before| before.knows(&grant.id));
            if is_known || grant.baseline.is_some() {
                memory.push(grant.id.clone());
                known.push(grant);
            } else {
                fresh.push(grant);
            }
        }
        let mut counts = findings.counts;
        counts.new = fresh.len();
        Self {
            rules,
            started_at,
            memory,
            fresh,
            known,
            denials: findings.denials,
            gone: findings.gone,
            counts,
            probed_at: previous.and_then(|previous| previous.probed_at),
            over_reported_at: previous.and_then(|previous| previous.over_reported_at),
            is_baseline: before.is_none(),
        }
    }

    /// Takes what incidents say about each of `fresh`, in their order; what is missing counts as
    /// [`Accounted::No`]. At most `most` incidents start.
    #[must_use]
    pub fn resolve(self, accounted: Vec<Accounted>, most: usize) -> (Resolved, Vec<Grant>) {
        let (mut memory, mut known, mut counts) = (self.memory, self.known, self.counts);
        let mut open = Vec::new();
        let rest = std::iter::repeat(Accounted::No);
        for (grant, of) in self
            .fresh
            .into_iter()
            .zip(accounted.into_iter().chain(rest))
        {
            match of {
                Accounted::Known => {
                    counts.accounted += 1;
                    memory.push(grant.id.clone());
                    known.push(grant);
                }
                Accounted::Pending => {
                    counts.pending += 1;
                    known.push(grant);
                }
                Accounted::No => open.push(grant),
            }
        }
        memory.sort_unstable();
        memory.dedup();
        let too_wide = memory.len() > SweepOutput::MAX_GRANTS;
        if too_wide {
            memory.clear();
        }
        let starts = !too_wide && open.len() <= most;
        counts.started = if starts { open.len() } else { 0 };
        let now = self.started_at;
        let is_due = |last: Option<Timestamp>| {
            last.is_none_or(|last| now.as_second() - last.as_second() >= DAY)
        };
        let reports_over = (too_wide || !starts) && is_due(self.over_reported_at);
        let (denials, more_denials) = written(&self.denials);
        let output = SweepOutput {
            started_at: now,
            rules: self.rules,
            memory,
            denials,
            more_denials,
            too_wide,
            probed_at: self.probed_at,
            over_reported_at: if reports_over {
                Some(now)
            } else {
                self.over_reported_at
            },
            counts,
        };
        let resolved = Resolved {
            output,
            open,
            starts,
            reports_over,
        };
        (resolved, known)
    }
}

impl SweepOutput {
    /// Whether it is time to write the proof of life.
    #[must_use]
    pub fn must_probe(&self) -> bool {
        self.probed_at
            .is_none_or(|last| self.started_at.as_second() - last.as_second() >= DAY)
    }
}

/// The denials that an output has room for, and how many more there are.
fn written(denials: &[Denial]) -> (Vec<String>, usize) {
    let mut room = SweepOutput::DENIAL_BYTES;
    let mut written = Vec::new();
    for denial in denials {
        let text = denial.to_string();
        // Names have no characters that JSON escapes; the quotation marks and the comma count.
        let bytes = text.len() + 3;
        if bytes > room {
            break;
        }
        room -= bytes;
        written.push(text);
    }
    let more = denials.len() - written.len();
    (written, more)
}
