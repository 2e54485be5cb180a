//! Fits the plans for the statements into one document.

use super::entries::Entries;
use super::expand::Expanded;
use super::plan::{Change, Plan};
use super::report::LossCause;
use crate::budget::Budget;
use crate::document::{GRANTS_NOTHING_STATEMENT, write_object};
use crate::{PolicyDocument, Quota, quota_size};

/// A document with a plan for each statement that violates.
pub(super) struct Work<'a> {
    document: &'a PolicyDocument,
    pub(super) plans: Vec<Plan<'a>>,
    /// The size of the document without its statements.
    around: usize,
    /// The size and the number of the statements that stay as they are.
    staying: usize,
    staying_count: usize,
    /// Whether a lone statement is written without brackets.
    is_object: bool,
}

impl<'a> Work<'a> {
    pub(super) fn new(document: &'a PolicyDocument, plans: Vec<Plan<'a>>) -> Work<'a> {
        let size = |json: String| quota_size(&json);
        let mut work = Work {
            document,
            plans,
            around: size(document.write_with("")),
            staying: 0,
            staying_count: 0,
            is_object: document.has_lone_statement(),
        };
        for (index, statement) in document.statements().iter().enumerate() {
            if work.plan(index).is_none() {
                work.staying += size(write_object(statement.members()));
                work.staying_count += 1;
            }
        }
        work
    }

    /// Replaces entries as far as the quota and the budget reach, at the least cost.
    ///
    /// First, a `NotAction` leaves out whole services, if that is shorter and the document does not
    /// fit otherwise. Then the widest entries are dropped without replacement, and last, whole
    /// statements with `NotAction`.
    pub(super) fn fit(&mut self, quota: Quota, budget: &Budget) {
        // IAM accepted the original, so it accepts a document that is no longer, whatever the quota
        // is.
        let limit = quota.limit().max(self.document.size());
        let mut entries: Vec<(usize, usize, usize)> = Vec::new();
        for (plan_at, plan) in self.plans.iter().enumerate() {
            if let Change::Entries(list) = &plan.change {
                entries.extend(list.widths().map(|(at, width)| (width, plan_at, at)));
            }
        }
        // The narrowest entries come first, and `pop` takes the widest: they need the most room,
        // and fewer entries are lost when they go.
        entries.sort_unstable();

        self.save(limit);
        while self.size() > limit
            && let Some((_, plan_at, at)) = entries.pop()
        {
            self.refuse(plan_at, at, LossCause::Quota);
        }
        while self.size() > limit
            && let Some(largest) = self.largest()
        {
            largest.drop_all(LossCause::Quota);
        }
        entries.retain(|(_, plan_at, at)| !self.replace(*plan_at, *at, limit, budget));
        // The entries that were dropped without replacement left room, and a narrow entry may have
        // been tried before there was enough.
        for (_, plan_at, at) in entries {
            self.replace(plan_at, at, limit, budget);
        }
    }

    /// Gives up the replacements of entries, or else every statement with a plan; returns false if
    /// there was nothing to give up.
    ///
    /// Used for a result that takes too many steps to judge.
    pub(super) fn give_up(&mut self) -> bool {
        let replaced = |plan: &&mut Plan<'_>| matches!(plan.change, Change::Entries(_));
        let before = self.size();
        for plan in self.plans.iter_mut().filter(replaced) {
            plan.drop_all(LossCause::Budget);
        }
        if self.size() == before {
            for plan in &mut self.plans {
                plan.drop_all(LossCause::Budget);
            }
        }
        self.size() != before
    }

    /// Returns true if no statement is left.
    pub(super) fn is_emptied(&self) -> bool {
        self.staying_count == 0 && self.plans.iter().all(|plan| plan.size() == 0)
    }

    /// The document as planned now.
    pub(super) fn write(&self) -> String {
        self.document
            .write(|index, statement| match self.plan(index) {
                Some(plan) => plan.write(),
                None => Some(write_object(statement.members())),
            })
    }

    fn plan(&self, index: usize) -> Option<&Plan<'a>> {
        let at = self
            .plans
            .binary_search_by_key(&index, |plan| plan.site.index);
        self.plans.get(at.ok()?)
    }

    /// The size of the document as planned now.
    fn size(&self) -> usize {
        let sizes = self.plans.iter().map(Plan::size).filter(|size| *size > 0);
        let (count, within) = sizes.fold(
            (self.staying_count, self.staying),
            |(count, within), size| (count + 1, within + size),
        );
        self.around
            + match count {
                0 => "[]".len() + GRANTS_NOTHING_STATEMENT.len(),
                1 if self.is_object => within,
                count => "[]".len() + within + count - 1,
            }
    }

    /// Leaves out whole services until the document fits, beginning with the largest saving.
    fn save(&mut self, limit: usize) {
        while self.size() > limit {
            let most = self.plans.iter_mut().max_by_key(|plan| plan.saving());
            match most.filter(|plan| plan.saving() > 0) {
                Some(plan) => plan.leave_out_services(),
                None => return,
            }
        }
    }

    /// The largest statement with `NotAction` that has a plan.
    fn largest(&mut self) -> Option<&mut Plan<'a>> {
        let not_actions = self.plans.iter_mut();
        not_actions
            .filter(|plan| matches!(plan.change, Change::LeaveOut(_)))
            .max_by_key(|plan| plan.size())
    }

    /// Replaces an entry if there is room, or if whole services can be left out to make room;
    /// returns false if there is none.
    fn replace(&mut self, plan_at: usize, at: usize, limit: usize, budget: &Budget) -> bool {
        // Leaving out whole services costs grants, so the room that it would make is counted here
        // and used only if the replacement needs it.
        let limit_at_most = limit + self.plans.iter().map(Plan::saving).sum::<usize>();
        let more = limit_at_most.saturating_sub(self.size());
        let Some(entries) = self.entries(plan_at) else {
            return true;
        };
        let expanded = match budget.is_spent() {
            true => Expanded::TooHard,
            false => entries.expand(at, more, budget),
        };
        match expanded {
            Expanded::TooHard => {
                entries.refuse(at, LossCause::Budget);
                return true;
            }
            Expanded::TooLong => {
                entries.refuse(at, LossCause::Quota);
                return false;
            }
            Expanded::Into(by) => entries.replace(at, by, budget),
        }
        let fits = self.size() <= limit_at_most;
        match fits {
            true => self.save(limit),
            false => self.refuse(plan_at, at, LossCause::Quota),
        }
        fits
    }

    fn refuse(&mut self, plan_at: usize, at: usize, cause: LossCause) {
        if let Some(entries) = self.entries(plan_at) {
            entries.refuse(at, cause);
        }
    }

    /// The entries of the statement with this plan.
    fn entries(&mut self, plan_at: usize) -> Option<&mut Entries<'a>> {
        match &mut self.plans.get_mut(plan_at)?.change {
            Change::Entries(entries) => Some(entries),
            Change::LeaveOut(_) | Change::Drop { .. } => None,
        }
    }
}
