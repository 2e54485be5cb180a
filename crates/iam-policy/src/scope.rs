//! The part of each restricted pattern that the `Deny` statements of a document leave, and the
//! grants that reach into it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;

use crate::budget::Budget;
use crate::search::{Emptiness, Language, search};
use crate::statement::ResourceElement;
use crate::{ActionPattern, Effect, PolicyDocument, RestrictedActions, Statement, known};

/// Returns true if the statement can grant anything.
pub(crate) fn grants(statement: &Statement) -> bool {
    statement.effect() == Effect::Allow && statement.resource() != ResourceElement::None
}

/// Returns true if the statement takes its actions away from every grant of the document.
///
/// A statement that may have another effect does not count: the effect of an unknown key is
/// undocumented, and IAM may interpret an uncertain pattern of a `NotAction` so that it spares
/// more.
fn cancels(statement: &Statement) -> bool {
    statement.effect() == Effect::Deny
        && !statement.is_conditional()
        && !statement.has_unknown_key()
        && statement.resource() == ResourceElement::All
        && (!statement.is_negated() || statement.patterns().iter().all(ActionPattern::is_certain))
}

/// The grant of one entry of an `Allow` statement, or of its whole `NotAction`.
pub(crate) struct Granted<'s> {
    /// `None` for `NotAction`, which grants everything except `left_out`.
    pub(crate) pattern: Option<&'s ActionPattern>,
    left_out: Vec<&'s ActionPattern>,
}

impl<'s> Granted<'s> {
    /// The grant of this entry of `Action`.
    pub(crate) fn entry(pattern: &'s ActionPattern) -> Granted<'s> {
        Granted {
            pattern: Some(pattern),
            left_out: Vec::new(),
        }
    }

    /// The grant of the statement's `NotAction`. A pattern that IAM may interpret in another way
    /// leaves nothing out.
    pub(crate) fn not_action(statement: &'s Statement) -> Granted<'s> {
        let patterns = statement.patterns().iter();
        Granted {
            pattern: None,
            left_out: patterns.filter(|pattern| pattern.is_printable()).collect(),
        }
    }
}

/// The restricted patterns that the `Deny` statements of a document do not wholly take away.
pub(crate) struct Scope<'a> {
    restrictions: Vec<Restriction<'a>>,
    budget: &'a Budget,
}

/// The part of one restricted pattern that the `Deny` statements leave.
struct Restriction<'a> {
    /// The index of the pattern in the restricted list.
    index: usize,
    pattern: &'a ActionPattern,
    /// The denied patterns that meet it.
    denied: Vec<&'a ActionPattern>,
    /// For each `Deny` with `NotAction`, the patterns that it spares and that meet the restricted
    /// one.
    spared: Vec<Vec<&'a ActionPattern>>,
    /// The known actions in it that are not denied, once a finding needs them.
    known: OnceCell<Option<Vec<String>>>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(
        document: &'a PolicyDocument,
        restricted: &'a RestrictedActions,
        budget: &'a Budget,
    ) -> Scope<'a> {
        let cancelling: Vec<&Statement> = document
            .statements()
            .iter()
            .filter(|statement| cancels(statement))
            .collect();
        let restrictions = restricted.patterns().iter().enumerate();
        Scope {
            restrictions: restrictions
                .filter_map(|(index, pattern)| {
                    Restriction::new(index, pattern, &cancelling, budget)
                })
                .collect(),
            budget,
        }
    }

    /// The indexes of the restricted patterns that have an action, known or not, that is granted
    /// and not denied. Patterns that the budget does not decide count as granted.
    pub(crate) fn met(&self, granted: &Granted<'_>) -> Vec<usize> {
        self.restrictions
            .iter()
            .filter(|restriction| restriction.meets(granted, self.budget))
            .map(|restriction| restriction.index)
            .collect()
    }

    /// The known actions that are granted and restricted by one of the patterns that are met, and
    /// whether the list is complete: the known actions may be unknown, or the budget may not
    /// suffice.
    pub(crate) fn known<'s>(
        &'s self,
        granted: &Granted<'s>,
        met: &[usize],
    ) -> (Vec<Cow<'s, str>>, bool) {
        let (mut known, mut are_all) = (Vec::new(), true);
        let mut seen = HashSet::new();
        for restriction in self.of(met) {
            match restriction.known_in(granted, self.budget) {
                Some(more) => known.extend(more.into_iter().filter(|a| seen.insert(a.clone()))),
                None => are_all = false,
            }
        }
        (known, are_all && !self.budget.is_spent())
    }

    /// An unknown action that is granted and restricted by one of the patterns that are met.
    pub(crate) fn future(&self, granted: &Granted<'_>, met: &[usize]) -> Option<String> {
        self.of(met)
            .find_map(|restriction| restriction.future(granted, self.budget))
    }

    /// The parts that are left of these restricted patterns.
    fn of<'s>(&'s self, met: &[usize]) -> impl Iterator<Item = &'s Restriction<'a>> {
        self.restrictions
            .iter()
            .filter(|restriction| met.binary_search(&restriction.index).is_ok())
    }
}

impl<'a> Restriction<'a> {
    /// `None` if the `Deny` statements plainly leave nothing of the pattern.
    fn new(
        index: usize,
        pattern: &'a ActionPattern,
        cancelling: &[&'a Statement],
        budget: &Budget,
    ) -> Option<Restriction<'a>> {
        let mut denied = Vec::new();
        let mut spared = Vec::new();
        for statement in cancelling {
            // Only certain patterns may take away. In a `NotAction` all are certain, or the
            // statement would not cancel.
            let certain = || statement.patterns().iter().filter(|p| p.is_certain());
            let covered = certain().any(|other| other.covers_plainly(pattern, budget));
            let meeting = certain().filter(|other| other.intersects_within(pattern, budget));
            // A `Deny` with `Action` takes away the patterns that meet; one with `NotAction` takes
            // away everything except them. So a covering pattern decides both cases, and in
            // opposite ways.
            match (statement.is_negated(), covered) {
                (false, true) => return None,
                (false, false) => denied.extend(meeting),
                (true, true) => {}
                (true, false) => {
                    let group: Vec<_> = meeting.collect();
                    if group.is_empty() {
                        return None;
                    }
                    spared.push(group);
                }
            }
        }
        Some(Restriction {
            index,
            pattern,
            denied,
            spared,
            known: OnceCell::new(),
        })
    }

    /// Returns true if some action, known or not, is granted, restricted and not denied, or if the
    /// budget does not decide it.
    fn meets(&self, granted: &Granted<'_>, budget: &Budget) -> bool {
        let meets = |pattern: &ActionPattern| pattern.intersects_within(self.pattern, budget);
        // Most pairs of patterns have no action in common, so the cheap test comes first.
        if !granted.pattern.is_none_or(meets) {
            return false;
        }
        match self.language(granted, budget) {
            None => false,
            Some(language) if language.none_of.is_empty() && language.one_of.is_empty() => true,
            Some(language) => match search(&language, budget) {
                Emptiness::Empty => false,
                Emptiness::Inhabited(_) | Emptiness::Undecided => true,
            },
        }
    }

    /// The actions that are granted, restricted and not denied; `None` if there plainly are none.
    fn language<'l>(&'l self, granted: &Granted<'l>, budget: &Budget) -> Option<Language<'l>> {
        let pattern = granted.pattern;
        let taken = || self.denied.iter().chain(&granted.left_out).copied();
        // If one pattern takes everything away, this cheap comparison replaces the search.
        let takes_all = |other: &ActionPattern| {
            other.covers_plainly(self.pattern, budget)
                || pattern.is_some_and(|pattern| other.covers_plainly(pattern, budget))
        };
        if taken().any(takes_all) {
            return None;
        }
        let meets = |other: &ActionPattern| {
            other.intersects_within(self.pattern, budget)
                && pattern.is_none_or(|pattern| other.intersects_within(pattern, budget))
        };
        // Patterns that do not meet the grant cannot change the answer. Without them, the automaton
        // stays small.
        let none_of = taken().filter(|other| meets(other)).collect();
        let mut one_of = Vec::new();
        for group in &self.spared {
            let spares_all = |other: &&ActionPattern| {
                pattern.is_some_and(|pattern| other.covers_plainly(pattern, budget))
            };
            if group.iter().any(spares_all) {
                continue;
            }
            let group: Vec<_> = group.iter().filter(|o| meets(o)).copied().collect();
            if group.is_empty() {
                return None;
            }
            one_of.push(group);
        }
        Some(Language {
            all_of: pattern.into_iter().chain([self.pattern]).collect(),
            one_of,
            none_of,
        })
    }

    /// The known actions that are granted, restricted and not denied; `None` if they are unknown.
    fn known_in<'s>(&'s self, granted: &Granted<'s>, budget: &Budget) -> Option<Vec<Cow<'s, str>>> {
        if budget.is_spent() {
            return None;
        }
        let named = |patterns: &[&ActionPattern], action: &str| {
            let mut patterns = patterns.iter();
            patterns.any(|pattern| pattern.matches_within(action, budget))
        };
        let is_left = |action: &str| {
            !named(&self.denied, action) && self.spared.iter().all(|group| named(group, action))
        };
        let restricted = self.known.get_or_init(|| {
            let mut known = known::named_within(self.pattern, budget)?;
            known.retain(|action| is_left(action));
            Some(known)
        });
        let mut known: Vec<Cow<'_, str>> = match restricted {
            Some(restricted) => {
                let is_granted = |action: &&String| {
                    granted
                        .pattern
                        .is_none_or(|pattern| pattern.matches_within(action, budget))
                };
                let granted = restricted.iter().filter(is_granted);
                granted
                    .map(|action| Cow::Borrowed(action.as_str()))
                    .collect()
            }
            // Without the catalogue, the grant may still spell an action out.
            None => {
                let granted = known::named_within(granted.pattern?, budget)?.into_iter();
                let is_restricted = |action: &String| {
                    self.pattern.matches_within(action, budget) && is_left(action)
                };
                granted.filter(is_restricted).map(Cow::Owned).collect()
            }
        };
        known.retain(|action| !named(&granted.left_out, action));
        (!budget.is_spent()).then_some(known)
    }

    /// An action, whether AWS has it or not, that is granted, restricted and not denied.
    fn future(&self, granted: &Granted<'_>, budget: &Budget) -> Option<String> {
        match search(&self.language(granted, budget)?, budget) {
            // AWS gives no service or action an empty name, so such an example would only puzzle.
            Emptiness::Inhabited(action) if !action.starts_with(':') && !action.ends_with(':') => {
                let mut spelled = [self.pattern].into_iter().chain(granted.pattern);
                let spelled = spelled.find(|pattern| pattern.is_literal());
                Some(spelled.map_or(action, ToString::to_string))
            }
            Emptiness::Inhabited(_) | Emptiness::Empty | Emptiness::Undecided => None,
        }
    }
}
