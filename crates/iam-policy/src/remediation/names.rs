//! The known actions that a remediation may need, looked up once.

use std::collections::HashSet;

use crate::budget::{Budget, steps};
use crate::{ActionPattern, Statement, glob, known};

/// The known actions of the services that some patterns name.
pub(super) struct Names {
    /// The prefix of each service in lower case, and its actions; `None` if they are unknown or the
    /// budget did not suffice.
    services: Option<Vec<(String, Vec<String>)>>,
}

impl Names {
    /// The known actions of the services of these patterns.
    pub(super) fn new<'p>(
        patterns: impl IntoIterator<Item = &'p ActionPattern>,
        budget: &Budget,
    ) -> Names {
        let mut seen = HashSet::new();
        let mut services = Some(Vec::new());
        for pattern in patterns {
            let prefix: String = pattern.prefix().iter().collect();
            if !seen.insert(prefix.clone()) {
                continue;
            }
            let known = format!("{prefix}:*").parse().ok();
            let known = known.and_then(|whole| known::named_within(&whole, budget));
            match (known, &mut services) {
                (Some(known), Some(services)) => add(services, known),
                _ => services = None,
            }
        }
        if let Some(services) = &mut services {
            services.sort();
            services.dedup();
        }
        Names { services }
    }

    /// The known actions that the pattern names; `None` if they are unknown or the budget does not
    /// suffice.
    pub(super) fn named_by<'n>(
        &'n self,
        pattern: &'n ActionPattern,
        budget: &Budget,
    ) -> Option<Vec<&'n str>> {
        let Some(services) = &self.services else {
            // Without the catalogue, an action is known only if the pattern spells it out.
            return pattern.is_literal().then(|| vec![pattern.as_str()]);
        };
        let mut named = Vec::new();
        for (prefix, actions) in services {
            if !glob::matches(pattern.prefix(), prefix, budget) {
                continue;
            }
            for action in actions {
                let name = action.get(prefix.len() + 1..).unwrap_or_default();
                if glob::matches(pattern.name(), name, budget) {
                    named.push(action.as_str());
                }
            }
        }
        budget.spend(steps(services.len()));
        (!budget.is_spent()).then_some(named)
    }
}

impl Names {
    /// The known actions that the statement grants and that are not restricted; `None` if they are
    /// unknown or the budget does not suffice.
    pub(super) fn beyond<'n>(
        &'n self,
        statement: &'n Statement,
        restricted: &[ActionPattern],
        budget: &Budget,
    ) -> Option<Vec<&'n str>> {
        let Some(services) = &self.services else {
            return spelled_beyond(statement, restricted, budget);
        };
        let mut beyond = Vec::new();
        for (prefix, actions) in services {
            let of_service = |patterns: &'n [ActionPattern]| -> Vec<&[char]> {
                let named = patterns.iter();
                named
                    .filter(|pattern| glob::matches(pattern.prefix(), prefix, budget))
                    .map(ActionPattern::name)
                    .collect()
            };
            let own = of_service(statement.patterns());
            if own.is_empty() && !statement.is_negated() {
                continue;
            }
            let restricted = restricted.iter();
            let restricted: Vec<&[char]> = restricted
                .filter(|pattern| glob::matches(pattern.prefix(), prefix, budget))
                .map(ActionPattern::name)
                .collect();
            budget.spend(steps(actions.len()));
            beyond.extend(actions.iter().map(String::as_str).filter(|action| {
                let name = action.get(prefix.len() + 1..).unwrap_or_default();
                let is_in =
                    |globs: &[&[char]]| globs.iter().any(|glob| glob::matches(glob, name, budget));
                is_in(&own) != statement.is_negated() && !is_in(&restricted)
            }));
        }
        (!budget.is_spent()).then_some(beyond)
    }
}

/// [`Names::beyond`] without the catalogue: only actions that the statement spells out are known.
fn spelled_beyond<'s>(
    statement: &'s Statement,
    restricted: &[ActionPattern],
    budget: &Budget,
) -> Option<Vec<&'s str>> {
    let is_restricted = |pattern: &&ActionPattern| {
        let mut restricted = restricted.iter();
        restricted.any(|other| other.covers_plainly(pattern, budget))
    };
    let patterns = statement.patterns().iter().filter(|p| !is_restricted(p));
    let spelled = patterns.map(|pattern| pattern.is_literal().then(|| pattern.as_str()));
    match statement.is_negated() {
        true => None,
        false => spelled.collect(),
    }
}

/// Adds actions, sorted by service.
fn add(services: &mut Vec<(String, Vec<String>)>, actions: Vec<String>) {
    for action in actions {
        let Some((prefix, _)) = action.split_once(':') else {
            continue;
        };
        match services.last_mut() {
            Some((last, actions)) if last == prefix => actions.push(action),
            _ => {
                let prefix = prefix.to_owned();
                services.push((prefix, vec![action]));
            }
        }
    }
}
