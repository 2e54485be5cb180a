//! What the deployment decides, one combination at a time.
//!
//! A template names all values of some of its unknown parts, such as those of a condition or of a
//! parameter with allowed values. The document is evaluated once for each combination. An
//! evaluation asks for a choice when it needs one, so only choices that the document depends on are
//! combined.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// More combinations than these are not tried one by one.
const MAX_COMBINATIONS: usize = 256;
/// The most values that one evaluation reads, because references repeat what they refer to.
const MAX_VALUES: usize = 100_000;
/// The most values that all evaluations of one document read.
const MAX_VALUES_OF_ALL: usize = 2_000_000;

/// The choices of one evaluation.
#[derive(Debug)]
pub struct Choices {
    /// Whether every choice is left open.
    is_open: bool,
    taken: RefCell<Vec<Choice>>,
    conditions: RefCell<HashMap<String, Option<bool>>>,
    values: Cell<usize>,
    is_refused: Cell<bool>,
}

/// One choice that was taken.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    key: String,
    /// What is chosen, for people, such as "the condition `IsProd`".
    what: String,
    at: usize,
    count: usize,
}

impl Choices {
    fn new(is_open: bool, taken: Vec<Choice>) -> Self {
        Self {
            is_open,
            taken: RefCell::new(taken),
            conditions: RefCell::default(),
            values: Cell::new(0),
            is_refused: Cell::new(false),
        }
    }

    /// Leaves every choice open.
    pub fn open() -> Self {
        Self::new(true, Vec::new())
    }

    /// The index of the option taken among `count`, the same for the same key; `None` if the choice
    /// is left open.
    pub fn take(&self, key: &str, count: usize, what: impl FnOnce() -> String) -> Option<usize> {
        if self.is_open || count == 0 || count > MAX_COMBINATIONS {
            return None;
        }
        if let Some(at) = self.taken(key) {
            return Some(at);
        }
        self.taken.borrow_mut().push(Choice {
            key: key.to_owned(),
            what: what(),
            at: 0,
            count,
        });
        Some(0)
    }

    /// The index of an option that was taken before.
    pub fn taken(&self, key: &str) -> Option<usize> {
        let taken = self.taken.borrow();
        Some(taken.iter().find(|choice| choice.key == key)?.at)
    }

    /// The value of a condition, which is evaluated once.
    pub fn condition(&self, name: &str, evaluate: impl FnOnce() -> Option<bool>) -> Option<bool> {
        let known = self.conditions.borrow().get(name).copied();
        if let Some(known) = known {
            return known;
        }
        let value = evaluate();
        self.conditions.borrow_mut().insert(name.to_owned(), value);
        value
    }

    /// Counts a value; false if there are too many.
    pub fn spend(&self) -> bool {
        self.values.set(self.values.get().saturating_add(1));
        self.values.get() <= MAX_VALUES
    }

    /// How many values were counted.
    pub fn spent(&self) -> usize {
        self.values.get()
    }

    /// Notes that CloudFormation refuses to deploy this combination.
    pub fn refuse(&self) {
        self.is_refused.set(true);
    }

    /// Whether CloudFormation refuses to deploy this combination.
    pub fn is_refused(&self) -> bool {
        self.is_refused.get()
    }

    /// The choices that were taken.
    pub(super) fn all_taken(&self) -> Vec<Choice> {
        self.taken.borrow().clone()
    }

    /// The next combination, which differs in the last choice that has an option left.
    fn next(&self) -> Option<Self> {
        let mut taken = self.taken.borrow().clone();
        while let Some(last) = taken.last_mut() {
            last.at += 1;
            if last.at < last.count {
                return Some(Self::new(false, taken));
            }
            taken.pop();
        }
        None
    }
}

/// What was chosen differently in two evaluations, each once.
pub(super) fn differences(these: &[Choice], others: &[Choice]) -> Vec<String> {
    let differs = |choice: &&Choice, than: &[Choice]| {
        let same = than.iter().find(|it| it.key == choice.key);
        same.is_none_or(|same| same.at != choice.at)
    };
    let mut found: Vec<String> = Vec::new();
    let these_differ = these.iter().filter(|it| differs(it, others));
    for choice in these_differ.chain(others.iter().filter(|it| differs(it, these))) {
        if !found.contains(&choice.what) {
            found.push(choice.what.clone());
        }
    }
    found
}

/// How the combinations ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Tried<T> {
    All,
    /// There are more than are tried.
    TooMany,
    Stopped(T),
}

/// Runs an evaluation once for each combination, until it stops.
pub fn each_combination<T>(mut run: impl FnMut(&Choices) -> ControlFlow<T>) -> Tried<T> {
    let mut choices = Choices::new(false, Vec::new());
    let mut values = 0_usize;
    for _ in 0..MAX_COMBINATIONS {
        if let ControlFlow::Break(stopped) = run(&choices) {
            return Tried::Stopped(stopped);
        }
        values = values.saturating_add(choices.values.get());
        match choices.next() {
            None => return Tried::All,
            Some(_) if values > MAX_VALUES_OF_ALL => return Tried::TooMany,
            Some(next) => choices = next,
        }
    }
    Tried::TooMany
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(evaluate: impl Fn(&Choices) -> String) -> (Vec<String>, Tried<()>) {
        let mut found = Vec::new();
        let tried = each_combination(|choices| {
            found.push(evaluate(choices));
            ControlFlow::Continue(())
        });
        (found, tried)
    }

    fn take(choices: &Choices, key: &str, count: usize) -> usize {
        choices.take(key, count, || key.to_owned()).unwrap()
    }

    #[test]
    fn only_the_choices_that_are_needed_are_combined() {
        let (found, tried) = all(|choices| match take(choices, "a", 2) {
            0 => format!("0{}{}", take(choices, "b", 3), take(choices, "b", 3)),
            _ => "1".to_owned(),
        });
        assert_eq!(found, ["000", "011", "022", "1"]);
        assert_eq!(tried, Tried::All);
    }

    #[test]
    fn too_many_combinations_or_values_are_not_tried() {
        let (found, tried) = all(|choices| {
            let options = (0..40).map(|at| take(choices, &at.to_string(), 2).to_string());
            options.collect()
        });
        assert_eq!((found.len(), tried), (MAX_COMBINATIONS, Tried::TooMany));
        let (found, tried) = all(|choices| {
            while choices.spend() {}
            take(choices, "a", 100).to_string()
        });
        assert_eq!(tried, Tried::TooMany);
        assert!(found.len() < 30, "{}", found.len());
        assert_eq!(Choices::open().take("a", 2, String::new), None);
    }
}
