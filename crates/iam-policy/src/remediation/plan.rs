//! The plan for one statement.

use std::collections::HashSet;

use super::entries::Entries;
use super::names::Names;
use super::report::LossCause;
use super::site::{Site, entries_json, write_list};
use crate::budget::Budget;
use crate::document::quoted;
use crate::judgement::Violation;
use crate::{ActionPattern, Statement, quota_size};

/// The plan for one statement.
pub(super) struct Plan<'a> {
    pub(super) site: Site<'a>,
    pub(super) change: Change<'a>,
}

pub(super) enum Change<'a> {
    /// Entries of `Action` are dropped or replaced.
    Entries(Entries<'a>),
    /// The statement leaves out these patterns, and those that its `NotAction` left out before.
    LeaveOut(LeaveOut),
    /// The whole statement is dropped.
    Drop {
        /// The reason if a grant was lost that could stay.
        loss: Option<LossCause>,
        /// The restricted patterns that it met.
        met: Vec<ActionPattern>,
    },
}

pub(super) struct LeaveOut {
    pub(super) met: Vec<ActionPattern>,
    pub(super) added: Vec<ActionPattern>,
    /// The whole services of the added patterns, if they are shorter and not used yet.
    services: Option<Vec<ActionPattern>>,
    /// Whether whole services are left out because the restricted patterns did not fit.
    pub(super) forced: bool,
    /// The size of the statement, in characters.
    size: usize,
}

impl<'a> Plan<'a> {
    /// The plan for a statement with these violations; the entries of an `Action` are still to be
    /// replaced.
    pub(super) fn new(
        site: Site<'a>,
        violations: &[Violation],
        names: &'a Names,
        budget: &Budget,
    ) -> Plan<'a> {
        let everything = violations.iter().find(|violation| {
            let entry = violation.pattern(site.statement);
            entry.is_none_or(ActionPattern::is_everything)
        });
        let change = match everything {
            Some(violation) => leave_out(&site, violation),
            None => Change::Entries(Entries::new(&site, violations, names, budget)),
        };
        Plan { site, change }
    }

    /// The size of the statement as planned; 0 if nothing of it is left.
    pub(super) fn size(&self) -> usize {
        match &self.change {
            Change::Drop { .. } => 0,
            Change::Entries(entries) => entries.size(),
            Change::LeaveOut(leave_out) => leave_out.size,
        }
    }

    /// The number of characters that leaving out whole services would save.
    pub(super) fn saving(&self) -> usize {
        match &self.change {
            Change::LeaveOut(leave_out) => leave_out.saving(),
            Change::Entries(_) | Change::Drop { .. } => 0,
        }
    }

    /// Leaves out whole services, if that is shorter.
    pub(super) fn leave_out_services(&mut self) {
        if let Change::LeaveOut(leave_out) = &mut self.change {
            leave_out.size -= leave_out.saving();
            if let Some(services) = leave_out.services.take() {
                leave_out.added = services;
                leave_out.forced = true;
            }
        }
    }

    /// Drops the whole statement, or, for an `Action`, the entries that are to be replaced.
    pub(super) fn drop_all(&mut self, cause: LossCause) {
        match &mut self.change {
            Change::Drop { .. } => {}
            Change::LeaveOut(leave_out) => {
                self.change = Change::Drop {
                    loss: Some(cause),
                    met: std::mem::take(&mut leave_out.met),
                };
            }
            Change::Entries(entries) => {
                for at in 0..entries.list.len() {
                    entries.refuse(at, cause);
                }
            }
        }
    }

    /// The statement as planned; `None` if nothing of it is left.
    pub(super) fn write(&self) -> Option<String> {
        let statement = self.site.statement;
        match &self.change {
            Change::Drop { .. } => None,
            Change::Entries(entries) => write_list(statement, "Action", &entries.write()),
            Change::LeaveOut(leave_out) => write_list(
                statement,
                "NotAction",
                &left_out(statement, &leave_out.added),
            ),
        }
    }
}

fn leave_out<'a>(site: &Site<'a>, violation: &Violation) -> Change<'a> {
    let restricted = site.restricted.patterns();
    let met = violation.met().iter().filter_map(|at| restricted.get(*at));
    let met: Vec<ActionPattern> = met.cloned().collect();
    if met.iter().any(ActionPattern::is_everything) {
        return Change::Drop { loss: None, met };
    }
    let services = services(&met);
    let list = left_out(site.statement, &met);
    let json = write_list(site.statement, "NotAction", &list);
    Change::LeaveOut(LeaveOut {
        services: (length(&services) < length(&met)).then_some(services),
        added: met.clone(),
        met,
        forced: false,
        size: json.map_or(0, |json| quota_size(&json)),
    })
}

impl LeaveOut {
    fn saving(&self) -> usize {
        let services = self.services.as_ref();
        services.map_or(0, |services| length(&self.added) - length(services))
    }
}

/// The entries of a `NotAction` as JSON: those of the statement, and these.
fn left_out(statement: &Statement, added: &[ActionPattern]) -> Vec<String> {
    let mut list = Vec::new();
    if statement.is_negated() {
        list = entries_json(statement);
    }
    list.extend(added.iter().map(|pattern| quoted(pattern.as_str())));
    list
}

/// The size of the patterns in a document, with a comma and two quotes each.
fn length(patterns: &[ActionPattern]) -> usize {
    patterns
        .iter()
        .map(|pattern| pattern.as_str().chars().count() + 3)
        .sum()
}

/// The whole services of the patterns.
fn services(patterns: &[ActionPattern]) -> Vec<ActionPattern> {
    let mut services: Vec<ActionPattern> = Vec::new();
    let mut seen = HashSet::new();
    for pattern in patterns {
        let prefix = pattern.as_str().split_once(':').map(|(prefix, _)| prefix);
        let service = prefix.and_then(|prefix| format!("{prefix}:*").parse().ok());
        let service: ActionPattern = service.unwrap_or_else(|| pattern.clone());
        if seen.insert(service.clone()) {
            services.push(service);
        }
    }
    services
}
