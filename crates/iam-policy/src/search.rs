//! Searches for an action that some patterns name and others do not.
//!
//! The question is whether a language such as (grant ∩ restricted) \ (left out ∪ denied) is empty.
//! The patterns form one automaton whose states are sets of positions, one bit each. The search
//! builds only the states that it reaches, breadth first, so that the action found is as short as
//! possible. For each pattern, a state keeps only the last `*` reached and the positions behind it:
//! whatever fits the rest after an earlier `*` also fits the rest after a later one. That keeps the
//! number of states small. Inclusion of such languages is hard in general (several `Deny`
//! statements with `NotAction` can express any satisfiability problem), so the search is budgeted;
//! when the budget runs out, the answer is [`Emptiness::Undecided`].

use std::collections::HashSet;

use crate::ActionPattern;
use crate::budget::{Budget, steps};

/// How many steps one search may take: many times more than any question seen in practice needs.
///
/// The limit also bounds the memory for states to a few megabytes.
pub(crate) const SEARCH: u64 = 2_000_000;

/// A set of actions given by patterns.
#[derive(Debug, Default)]
pub(crate) struct Language<'a> {
    /// All of these name the action,
    pub(crate) all_of: Vec<&'a ActionPattern>,
    /// at least one pattern of each of these groups does,
    pub(crate) one_of: Vec<Vec<&'a ActionPattern>>,
    /// and none of these does.
    pub(crate) none_of: Vec<&'a ActionPattern>,
}

/// The result of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Emptiness {
    /// The language is empty.
    Empty,
    /// This action, in lower case, is in the language, and no shorter one is.
    Inhabited(String),
    /// The budget is spent.
    Undecided,
}

/// A set of positions in all patterns, one bit each.
type State = Box<[u64]>;

/// Looks for the shortest action in the language, in at most [`SEARCH`] steps of the budget.
pub(crate) fn search(language: &Language<'_>, budget: &Budget) -> Emptiness {
    budget.share(SEARCH, |share| search_within(language, share))
}

fn search_within(language: &Language<'_>, budget: &Budget) -> Emptiness {
    let Some(machine) = Machine::new(language, budget) else {
        return Emptiness::Undecided;
    };
    let start = machine.start();
    let mut seen: HashSet<State> = HashSet::new();
    // Every state reached, with the index of the state before it and the character between them.
    let mut reached: Vec<(State, usize, char)> = Vec::new();
    if machine.is_alive(&start) {
        seen.insert(start.clone());
        reached.push((start, 0, ' '));
    }
    // Breadth first: `reached` is also the queue, and `next` is its head. The first accepted state
    // therefore spells a shortest action.
    let mut next = 0;
    while let Some((state, _, _)) = reached.get(next) {
        if machine.accepts(state) {
            return Emptiness::Inhabited(spell(&reached, next));
        }
        let state = state.clone();
        for (c, moves) in &machine.alphabet {
            if !budget.spend(machine.step_costs) {
                return Emptiness::Undecided;
            }
            let after = machine.step(&state, *c, moves);
            if machine.is_alive(&after) && !seen.contains(&after) {
                seen.insert(after.clone());
                reached.push((after, next, *c));
            }
        }
        next += 1;
    }
    Emptiness::Empty
}

/// The characters that led to a state.
fn spell(reached: &[(State, usize, char)], mut at: usize) -> String {
    let mut characters = Vec::new();
    while at > 0 {
        let Some((_, from, c)) = reached.get(at) else {
            break;
        };
        characters.push(*c);
        at = *from;
    }
    characters.iter().rev().collect()
}

/// The patterns of a language as one automaton.
struct Machine {
    words: usize,
    /// The characters that the patterns distinguish, one more for all others, and the positions
    /// that accept each.
    alphabet: Vec<(char, State)>,
    /// The positions of `*`.
    stars: State,
    /// The bits of each pattern in a state.
    spans: Vec<Span>,
    /// The bits of the patterns with several `*`.
    starry: Vec<Span>,
    /// The cost of following one character, in steps.
    step_costs: u64,
    all_of: std::ops::Range<usize>,
    one_of: Vec<std::ops::Range<usize>>,
    none_of: std::ops::Range<usize>,
}

/// The bits of one pattern: one for each of its characters and one for its end.
#[derive(Clone, Copy)]
struct Span {
    first: usize,
    end: usize,
}

impl Machine {
    /// `None` if the budget does not suffice.
    fn new(language: &Language<'_>, budget: &Budget) -> Option<Machine> {
        let mut spans = Vec::new();
        let mut place = |patterns: &[&ActionPattern]| {
            let from = spans.len();
            for pattern in patterns {
                let first = spans.last().map_or(0, |span: &Span| span.end + 1);
                spans.push(Span {
                    first,
                    end: first + pattern.normal().len(),
                });
            }
            from..spans.len()
        };
        let all_of = place(&language.all_of);
        let one_of: Vec<_> = language.one_of.iter().map(|group| place(group)).collect();
        let none_of = place(&language.none_of);
        let words = spans.last().map_or(0, |span| span.end / 64 + 1);

        let patterns = || {
            let groups = language.one_of.iter().flatten();
            language
                .all_of
                .iter()
                .chain(groups)
                .chain(&language.none_of)
                .zip(&spans)
        };
        let mut characters: Vec<char> = patterns()
            .flat_map(|(pattern, _)| pattern.normal())
            .copied()
            .filter(|c| !matches!(c, '*' | '?'))
            .collect();
        characters.sort_unstable();
        characters.dedup();
        let named = characters.len();
        // All characters that no pattern names behave alike, so one stands for all. A letter reads
        // best.
        let other = ('a'..='z')
            .chain('0'..='9')
            .chain('\u{a1}'..)
            .find(|c| characters.binary_search(c).is_err());
        characters.extend(other);
        if !budget.spend(steps(words * (64 + characters.len()))) {
            return None;
        }

        let empty = || vec![0; words].into_boxed_slice();
        let (mut stars, mut wildcards) = (empty(), empty());
        let mut alphabet: Vec<(char, State)> = characters.iter().map(|&c| (c, empty())).collect();
        for (pattern, span) in patterns() {
            for (bit, &token) in (span.first..).zip(pattern.normal()) {
                match token {
                    '*' => set(&mut stars, bit),
                    '?' => set(&mut wildcards, bit),
                    _ => {
                        let at = characters
                            .get(..named)
                            .and_then(|named| named.binary_search(&token).ok());
                        if let Some((_, takes)) = at.and_then(|at| alphabet.get_mut(at)) {
                            set(takes, bit);
                        }
                    }
                }
            }
        }
        // A `?` matches every character except the colon.
        for (_, takes) in alphabet.iter_mut().filter(|(c, _)| *c != ':') {
            takes
                .iter_mut()
                .zip(&wildcards)
                .for_each(|(takes, wildcards)| *takes |= wildcards);
        }
        let has_several_stars = |span: &Span| {
            let bits = (span.first..span.end).filter(|bit| is_set(&stars, *bit));
            bits.count() > 1
        };
        let starry: Vec<Span> = spans.iter().copied().filter(has_several_stars).collect();
        Some(Machine {
            step_costs: steps(64 + 12 * words + 2 * spans.len() + 6 * starry.len()),
            starry,
            words,
            alphabet,
            stars,
            spans,
            all_of,
            one_of,
            none_of,
        })
    }

    fn start(&self) -> State {
        let mut state = vec![0; self.words].into_boxed_slice();
        for span in &self.spans {
            set(&mut state, span.first);
        }
        self.pass_stars(&mut state);
        state
    }

    fn step(&self, state: &State, c: char, takes: &State) -> State {
        let mut carry = 0;
        let mut after: State = state
            .iter()
            .zip(takes)
            .zip(&self.stars)
            .map(|((&state, &takes), &stars)| {
                // A position moves on if it accepts the character, and a `*` also stays where it
                // is. The bit that leaves a word enters the next one.
                let moved = state & takes;
                let stayed = if c == ':' { 0 } else { state & stars };
                let result = moved << 1 | carry | stayed;
                carry = moved >> 63;
                result
            })
            .collect();
        self.pass_stars(&mut after);
        after
    }

    /// Passes every `*`, which may match nothing, and drops the positions before the last `*`
    /// reached, which add nothing.
    fn pass_stars(&self, state: &mut State) {
        let mut carry = 0;
        for (state, stars) in state.iter_mut().zip(&self.stars) {
            let passed = *state & stars;
            *state |= passed << 1 | carry;
            carry = passed >> 63;
        }
        // Only patterns with several `*` can have positions before the last `*` reached: with one
        // `*`, the positions before it are gone once it is reached.
        for span in &self.starry {
            let last = (span.first / 64..=span.end / 64).rev().find_map(|word| {
                let stars = state.get(word)? & self.stars.get(word)? & span.mask(word);
                stars.checked_ilog2().map(|bit| (word, bit))
            });
            if let Some((last, bit)) = last {
                for word in span.first / 64..=last {
                    let before = if word == last {
                        (1 << bit) - 1
                    } else {
                        u64::MAX
                    };
                    if let Some(bits) = state.get_mut(word) {
                        *bits &= !(before & span.mask(word));
                    }
                }
            }
        }
    }

    /// Returns true if an accepted action may still follow, as far as single patterns show.
    fn is_alive(&self, state: &State) -> bool {
        let has_any = |span: &Span| {
            (span.first / 64..=span.end / 64).any(|word| {
                state
                    .get(word)
                    .is_some_and(|bits| bits & span.mask(word) != 0)
            })
        };
        self.spans_of(&self.all_of).iter().all(has_any)
            && self
                .one_of
                .iter()
                .all(|group| self.spans_of(group).iter().any(has_any))
    }

    fn accepts(&self, state: &State) -> bool {
        let at_end = |span: &Span| is_set(state, span.end);
        self.spans_of(&self.all_of).iter().all(at_end)
            && self
                .one_of
                .iter()
                .all(|group| self.spans_of(group).iter().any(at_end))
            && !self.spans_of(&self.none_of).iter().any(at_end)
    }

    fn spans_of(&self, range: &std::ops::Range<usize>) -> &[Span] {
        self.spans.get(range.clone()).unwrap_or_default()
    }
}

impl Span {
    /// The bits of this span in the word with this number.
    fn mask(&self, word: usize) -> u64 {
        let from_first = if word == self.first / 64 {
            u64::MAX << (self.first % 64)
        } else {
            u64::MAX
        };
        let to_end = if word == self.end / 64 {
            u64::MAX >> (63 - self.end % 64)
        } else {
            u64::MAX
        };
        from_first & to_end
    }
}

fn set(state: &mut [u64], bit: usize) {
    if let Some(word) = state.get_mut(bit / 64) {
        *word |= 1 << (bit % 64);
    }
}

fn is_set(state: &[u64], bit: usize) -> bool {
    state
        .get(bit / 64)
        .is_some_and(|word| word >> (bit % 64) & 1 == 1)
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
