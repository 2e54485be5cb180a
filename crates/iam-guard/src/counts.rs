//! The counts of a check.

use std::collections::BTreeMap;

use crate::analysis::{Analysis, Kind};
use crate::exit::Exit;
use crate::verdict::Verdict;

/// The policies and files of a check, by what became of them.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub clean: usize,
    pub restricted: usize,
    pub reported: usize,
    pub unknown: usize,
    pub not_judged: usize,
    /// Files that could not be judged.
    pub problems: usize,
    /// The files that were read, by kind.
    pub files: BTreeMap<Kind, usize>,
}

impl Counts {
    pub fn add(&mut self, analysis: &Analysis) {
        for policy in &analysis.judged {
            match policy.assessment.verdict {
                Verdict::Clean => self.clean += 1,
                Verdict::Restricted => self.restricted += 1,
                Verdict::Reported => self.reported += 1,
                Verdict::Unknown => self.unknown += 1,
            }
        }
        self.not_judged += analysis.not_judged.len();
        self.problems += usize::from(analysis.problem.is_some());
        if analysis.problem.is_none() {
            *self.files.entry(analysis.kind).or_default() += 1;
        }
    }

    pub fn policies(&self) -> usize {
        self.clean + self.restricted + self.reported + self.unknown
    }

    pub fn exit(&self, allow_unknown: bool) -> Exit {
        if self.restricted > 0 {
            Exit::Restricted
        } else if self.problems > 0 || self.unknown > 0 && !allow_unknown {
            Exit::NotKnown
        } else {
            Exit::Clean
        }
    }
}
