//! What is new since the sweep before, and what becomes of it.

use super::{Denial, Findings, Grant, GrantId, RulesDigest, SweepCounts, SweepOutput};
use crate::Timestamp;
use crate::message::{GoneDenial, Response};

/// What a sweep found, beside what the one before knew.
#[derive(Debug)]
pub struct Comparison {
    rules: RulesDigest,
    started_at: Timestamp,
    /// What is in force and known.
    memory: Vec<GrantId>,
    /// What the sweep before knew.
    before: Vec<GrantId>,
    /// What the sweep before did not find, and what is back.
    returned: Vec<GrantId>,
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
    /// An incident waits for a decision or did so lately, or an allow for a time has not ended.
    Pending,
    /// Nobody answered the last incident, which only asked.
    Unanswered,
    No,
}

/// What a sweep does.
#[derive(Debug)]
pub struct Resolved {
    pub output: SweepOutput,
    /// The grants that no incident accounts for, and that get one.
    pub started: Vec<Grant>,
    /// Those that get none, because there are too many.
    pub left: Vec<Grant>,
    /// Whether an e-mail says that there are too many: once a day for as long as it lasts.
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
        let mut memory = findings.holdings;
        memory.extend(findings.kept);
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
        // Not all of them may be looked up.
        fresh.sort_by_key(|grant| !is_contained(grant));
        let is_back = |grant: &&Grant| before.is_some_and(|it| it.knew(&grant.id));
        let returned = fresh.iter().filter(is_back);
        let returned = returned.map(|grant| grant.id.clone()).collect();
        let mut counts = findings.counts;
        counts.new = fresh.len();
        Self {
            rules,
            started_at,
            memory,
            before: before.map_or_else(Vec::new, |before| before.memory.clone()),
            returned,
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

    /// Takes what incidents say about each of `fresh`, in their order. At most `most` incidents
    /// start, and none at all if something was not looked up: an administrator may have allowed it.
    ///
    /// Questions that no one answered get the room that is left, so that they never keep the guard
    /// from acting on what is new.
    #[must_use]
    pub fn resolve(self, accounted: Vec<Accounted>, most: usize) -> (Resolved, Vec<Grant>) {
        let (mut memory, mut known, mut counts) = (self.memory, self.known, self.counts);
        let (mut open, mut unanswered) = (Vec::new(), Vec::new());
        let mut fresh = self.fresh;
        let unknown = fresh.split_off(accounted.len().min(fresh.len()));
        for (grant, of) in fresh.into_iter().zip(accounted) {
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
                Accounted::Unanswered => unanswered.push(grant),
                Accounted::No => open.push(grant),
            }
        }
        memory.sort_unstable();
        memory.dedup();
        let too_wide = memory.len() > SweepOutput::MAX_GRANTS;
        let mut lost = self.before;
        if too_wide {
            // What was known stays known, and what is new stays new.
            memory.retain(|id| lost.binary_search(id).is_ok());
        }
        if too_wide && lost.is_empty() {
            // Nothing is compared with it. An event about a document that stands there is
            // confirmed.
            let documents = known.iter().filter(|grant| grant.is_document());
            lost = documents.map(|grant| grant.id.clone()).collect();
            lost.sort_unstable();
        }
        // Its incident may look after this sweep has ended.
        lost.extend(self.returned);
        lost.sort_unstable();
        lost.dedup();
        lost.retain(|id| memory.binary_search(id).is_err());
        lost.truncate(SweepOutput::MAX_GRANTS.saturating_sub(memory.len()));
        let (mut started, left) = if too_wide {
            (Vec::new(), open.into_iter().chain(unknown).collect())
        } else {
            chosen(open, unknown, most)
        };
        let room = match too_wide || !left.is_empty() {
            true => 0,
            false => most.saturating_sub(started.len()),
        };
        let later = unanswered.split_off(room.min(unanswered.len()));
        started.extend(unanswered);
        counts.pending += later.len();
        known.extend(later);
        counts.started = started.len();
        let now = self.started_at;
        let is_due = |last: Option<Timestamp>| {
            last.is_none_or(|last| now.as_second() - last.as_second() >= DAY)
        };
        let is_over = too_wide || !left.is_empty();
        let reports_over = is_over && is_due(self.over_reported_at);
        let asked = started.iter().filter(|grant| !grant.is_document());
        let asked = asked.map(|grant| grant.id.clone()).collect();
        let (denials, more_denials) = written(&self.denials);
        let output = SweepOutput {
            started_at: now,
            rules: self.rules,
            memory,
            lost,
            asked,
            denials,
            more_denials,
            too_wide,
            probed_at: self.probed_at,
            over_reported_at: match (is_over, reports_over) {
                (_, true) => Some(now),
                (true, false) => self.over_reported_at,
                // The next time is reported at once.
                (false, false) => None,
            },
            counts,
        };
        let resolved = Resolved {
            output,
            started,
            left,
            reports_over,
        };
        (resolved, known)
    }
}

fn is_contained(grant: &Grant) -> bool {
    grant.response == Response::Contain
}

/// What gets an incident, and what is left. Far more than usual is for a person, and so is what is
/// `unknown`, because it was not looked up.
fn chosen(open: Vec<Grant>, unknown: Vec<Grant>, most: usize) -> (Vec<Grant>, Vec<Grant>) {
    // Many open questions are no reason to leave in force what was looked up and is contained.
    let are_questions = !unknown.iter().any(is_contained);
    if open.len() <= most && are_questions {
        let starts = |grant: &Grant| unknown.is_empty() || is_contained(grant);
        let (started, left): (Vec<_>, Vec<_>) = open.into_iter().partition(starts);
        return (started, left.into_iter().chain(unknown).collect());
    }
    (Vec::new(), open.into_iter().chain(unknown).collect())
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
        // With the comma.
        let bytes = serde_json::to_string(&text).map_or(usize::MAX, |json| json.len() + 1);
        if bytes > room {
            break;
        }
        room -= bytes;
        written.push(text);
    }
    let more = denials.len() - written.len();
    (written, more)
}
