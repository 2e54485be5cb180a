//! The roles that a user or role can become, directly and by chains.

use std::collections::{HashMap, HashSet};

use crate::arn;
use crate::bits::Bits;
use crate::doors::{OpenDoors, Role, Shared};
use crate::permits::Permits;
use crate::trust::Strength;

/// How many roles are named for one principal.
pub(crate) const MAX_NAMED: usize = 10;
/// How many roles of a chain are named: the first ones, and the last one.
const MAX_CHAIN: usize = 8;
/// How much work all searches may take, in steps of about a nanosecond.
const MAX_STEPS: usize = 2_000_000_000;
/// How much memory the edges may take, in words.
const MAX_WORDS: usize = 8_000_000;

/// A role that a principal can become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    /// The roles on the way, the last one included, by their numbers. Of a long chain, those
    /// before the last one are left out.
    pub(crate) chain: Vec<u32>,
    /// How many are left out.
    pub(crate) more: usize,
    /// Whether no condition decides it.
    pub(crate) is_sure: bool,
}

/// The roles that a principal can become.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach {
    pub(crate) roles: usize,
    /// How many of them hold something restricted.
    pub(crate) holders: usize,
    /// Some of those that hold something restricted: the certain ones first, and of these, those
    /// that hold the most.
    pub(crate) named: Vec<Reached>,
    /// Whether there may be more roles, because the search took too long.
    pub(crate) is_cut: bool,
}

/// A user or role that may become others.
pub(crate) struct Start<'a> {
    pub(crate) arn: &'a str,
    /// Its number, if it is a role.
    pub(crate) role: Option<usize>,
    /// The number of its permissions to assume roles.
    pub(crate) permits: usize,
}

/// The edges from a principal to roles.
#[derive(Debug, Default)]
struct Edges {
    /// By the account of the principal: shared by all principals with the same permissions.
    shared: usize,
    /// By its ARN.
    own: Vec<(u32, Strength)>,
}

/// The principals with their edges.
pub(crate) struct Graph<'a> {
    roles: &'a [Role<'a>],
    shared: Vec<Shared>,
    /// Of each principal.
    edges: Vec<Edges>,
    /// The principal that each role is.
    of_role: Vec<Option<usize>>,
    /// Whether more roles can be in reach from a role.
    leads_on: Vec<bool>,
    search: Search,
    is_cut: bool,
    steps: usize,
}

impl<'a> Graph<'a> {
    pub(crate) fn new(
        roles: &'a [Role<'a>],
        starts: &[Start<'a>],
        permits: &[Permits],
    ) -> Graph<'a> {
        let doors = OpenDoors::new(roles);
        let mut graph = Graph {
            roles,
            shared: vec![Shared::default()],
            edges: Vec::new(),
            of_role: vec![None; roles.len()],
            leads_on: vec![false; roles.len()],
            search: Search::default(),
            is_cut: false,
            steps: MAX_STEPS,
        };
        let mut known: HashMap<(usize, &str), usize> = HashMap::new();
        let mut numbers: HashMap<Shared, usize> = HashMap::new();
        let mut words = MAX_WORDS;
        for (number, start) in starts.iter().enumerate() {
            let role = start.role;
            if let Some(of_role) = role.and_then(|it| graph.of_role.get_mut(it)) {
                *of_role = Some(number);
            }
            let Some(permitted) = permits.get(start.permits) else {
                graph.edges.push(Edges::default());
                continue;
            };
            let account = arn::account(start.arn);
            let shared = *known.entry((start.permits, account)).or_insert_with(|| {
                let shared = doors.shared(permitted, account);
                if shared.any.is_empty() {
                    return 0;
                }
                if let Some(number) = numbers.get(&shared) {
                    return *number;
                }
                // The set is kept twice.
                let size = 2 * (shared.any.words() + shared.sure.words());
                let Some(left) = words.checked_sub(size) else {
                    graph.is_cut = true;
                    return 0;
                };
                words = left;
                graph.shared.push(shared.clone());
                numbers.insert(shared, graph.shared.len() - 1);
                graph.shared.len() - 1
            });
            let own = doors.own(start.arn, permitted, &mut graph.steps);
            graph.is_cut |= own.is_none();
            let own = own.unwrap_or_default();
            if let Some(leads_on) = role.and_then(|it| graph.leads_on.get_mut(it)) {
                *leads_on = shared != 0 || !own.is_empty();
            }
            graph.edges.push(Edges { shared, own });
        }
        graph.search = Search {
            before: vec![None; roles.len()],
            ..Search::default()
        };
        graph
    }

    /// What the principal with this number can become.
    pub(crate) fn search(&mut self, start: usize) -> Reach {
        let mut reach = Reach {
            is_cut: self.is_cut,
            ..Reach::default()
        };
        let Some(edges) = self.edges.get(start) else {
            return reach;
        };
        if edges.shared == 0 && edges.own.is_empty() {
            return reach;
        }
        let mut search = std::mem::take(&mut self.search);
        search.begin();
        for least in [Strength::Yes, Strength::Maybe] {
            reach.is_cut |= !self.follow(start, least, &mut search);
        }
        reach.roles = search.found.len();
        let mut best: Vec<(Rank, usize)> = Vec::new();
        for (role, strength) in &search.found {
            let weight = self.roles.get(*role).map_or((0, 0), |it| it.weight);
            if weight == (0, 0) {
                continue;
            }
            reach.holders += 1;
            // The search finds short chains first, so an equal comes behind.
            let rank = (*strength, weight);
            let at = best.partition_point(|(other, _)| *other >= rank);
            if at < MAX_NAMED {
                best.insert(at, (rank, *role));
                best.truncate(MAX_NAMED);
            }
        }
        let named = best.into_iter().map(|((strength, _), role)| {
            let (chain, more) = search.chain(role);
            Reached {
                chain,
                more,
                is_sure: strength == Strength::Yes,
            }
        });
        reach.named = named.collect();
        self.search = search;
        reach
    }

    /// Follows all edges that are at least this certain, from the principal and from what was found
    /// before; returns false if it takes too long.
    fn follow(&mut self, start: usize, least: Strength, search: &mut Search) -> bool {
        let mut queue: Vec<Option<usize>> = vec![None];
        let leads_on = |role: &usize| self.leads_on.get(*role) == Some(&true);
        let before = search.found.iter().map(|(role, _)| *role);
        queue.extend(before.filter(leads_on).map(Some));
        let mut expanded: HashSet<usize> = HashSet::new();
        let mut next = 0;
        while let Some(from) = queue.get(next).copied() {
            next += 1;
            let principal = match from {
                None => Some(start),
                Some(role) => self.of_role.get(role).copied().flatten(),
            };
            let Some(edges) = principal.and_then(|it| self.edges.get(it)) else {
                continue;
            };
            // Principals with the same permissions lead to the same roles.
            let shared = self.shared.get(edges.shared);
            let shared = shared.filter(|_| expanded.insert(edges.shared));
            let bits = shared.map(|it| match least {
                Strength::Yes => &it.sure,
                _ => &it.any,
            });
            let work = match bits {
                None => 5 + edges.own.len(),
                Some(bits) => 50 + 4 * bits.words() + bits.len() + edges.own.len(),
            };
            let Some(left) = self.steps.checked_sub(work) else {
                return false;
            };
            self.steps = left;
            if bits.is_none() && edges.own.is_empty() {
                continue;
            }
            let shared = bits.map(|it| it.without(&search.seen));
            let shared = shared.unwrap_or_default();
            let own = edges.own.iter().filter(|(_, strength)| *strength >= least);
            let own = own.filter_map(|(role, _)| usize::try_from(*role).ok());
            for role in shared.iter().chain(own) {
                let is_start = self.of_role.get(role) == Some(&Some(start));
                if !is_start && search.add(role, from, least) && leads_on(&role) {
                    queue.push(Some(role));
                }
            }
        }
        true
    }
}

/// How certain a role is in reach, and how many restricted patterns it holds.
type Rank = (Strength, (usize, usize));

/// The roles that a search has found.
#[derive(Default)]
struct Search {
    seen: Bits,
    /// Each with how certain it is, in the order of the search.
    found: Vec<(usize, Strength)>,
    /// The role before each one that is found.
    before: Vec<Option<usize>>,
}

impl Search {
    fn begin(&mut self) {
        self.seen = Bits::default();
        self.found.clear();
    }

    fn add(&mut self, role: usize, from: Option<usize>, strength: Strength) -> bool {
        if self.seen.contains(role) {
            return false;
        }
        self.seen.insert(role);
        self.found.push((role, strength));
        if let Some(before) = self.before.get_mut(role) {
            *before = from;
        }
        true
    }

    /// The roles on the way to a role, and how many are left out.
    fn chain(&self, role: usize) -> (Vec<u32>, usize) {
        let before = |role: &usize| self.before.get(*role).copied().flatten();
        let mut chain: Vec<usize> = std::iter::successors(Some(role), before).collect();
        chain.reverse();
        let more = chain.len().saturating_sub(MAX_CHAIN);
        chain.drain(chain.len().saturating_sub(more + 1)..chain.len().saturating_sub(1));
        let numbers = chain.into_iter().filter_map(|it| u32::try_from(it).ok());
        (numbers.collect(), more)
    }
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
