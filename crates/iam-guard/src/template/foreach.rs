//! `Fn::ForEach`, which repeats members of an object ("Fn::ForEach").

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::intrinsics::{Env, evaluate};
use super::last_members;
use super::scope::Scope;
use super::texts;
use crate::partial::{Choices, Shape, Tried, each_combination};
use crate::source::Span;
use crate::tree::Node;

/// What the keys of loops begin with.
pub(super) const PREFIX: &str = "Fn::ForEach";

/// The most rounds of all loops of one object.
const MAX_ROUNDS: usize = 4_096;
/// The deepest nesting of loops. CloudFormation allows five.
const MAX_DEPTH: usize = 8;

/// A variable of a loop in one round.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    variable: String,
    value: LoopValue,
}

#[derive(Clone, Debug)]
enum LoopValue {
    Known(String),
    /// Each round has one of these values.
    OneOf(Vec<String>),
    Open,
}

impl Loop {
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.variable == name
    }

    /// The texts that the loop replaces by its value, and by the letters and digits of its value.
    pub(super) fn placeholders(&self) -> [String; 2] {
        let variable = &self.variable;
        [format!("${{{variable}}}"), format!("&{{{variable}}}")]
    }

    /// The value, if it is known.
    pub(super) fn value(&self, env: Env<'_>) -> Option<String> {
        match &self.value {
            LoopValue::Known(value) => Some(value.clone()),
            LoopValue::OneOf(values) => {
                let what = || format!("the variable `{}` of a loop", self.variable);
                let key = format!("Loop {}", self.variable);
                values.get(env.take(&key, values.len(), what)?).cloned()
            }
            LoopValue::Open => None,
        }
    }

    /// The key with the value in place of the variable, as far as it is known.
    fn in_key(&self, key: &str) -> String {
        let [plain, bare] = self.placeholders();
        match &self.value {
            LoopValue::Known(value) => key
                .replace(&plain, value)
                .replace(&bare, &texts::alphanumeric(value)),
            LoopValue::OneOf(_) | LoopValue::Open => key.to_owned(),
        }
    }

    fn is_open_in(&self, key: &str) -> bool {
        let is_known = matches!(self.value, LoopValue::Known(_));
        !is_known && self.placeholders().iter().any(|it| key.contains(it))
    }
}

/// A member of an object with all loops applied.
#[derive(Clone, Debug)]
pub(super) struct Expanded<'s> {
    pub(super) key: String,
    pub(super) key_span: Span,
    /// Whether other members can stand here: the key has the variable of a loop whose values are
    /// not known, or it is that of a loop that cannot be read.
    pub(super) is_key_open: bool,
    pub(super) value: &'s Node<'s>,
    pub(super) scope: Scope<'s>,
}

/// The members of an object with all loops applied. Of repeated keys, the last counts.
///
/// A loop that cannot be read, or that makes too many members, stays as it is.
pub(super) fn members<'s>(object: &'s Node<'s>, scope: &Scope<'s>) -> Vec<Expanded<'s>> {
    let mut expansion = Expansion {
        found: Vec::new(),
        rounds: 0,
    };
    expansion.expand(object, scope, 0);
    expansion.found
}

struct Expansion<'s> {
    found: Vec<Expanded<'s>>,
    rounds: usize,
}

impl<'s> Expansion<'s> {
    fn expand(&mut self, object: &'s Node<'s>, scope: &Scope<'s>, depth: usize) {
        for member in last_members(object) {
            let loops = scope.loops();
            let own = |is_loop: bool| Expanded {
                is_key_open: is_loop || loops.iter().any(|it| it.is_open_in(&member.key)),
                key: loops.iter().fold(member.key.to_string(), |key, variable| {
                    variable.in_key(&key)
                }),
                key_span: member.key_span.clone(),
                value: &member.value,
                scope: scope.clone(),
            };
            if !member.key.starts_with(PREFIX) {
                self.found.push(own(false));
                continue;
            }
            let parts = match member.value.entries() {
                [variable, collection, made] if depth < MAX_DEPTH => {
                    variable.text().map(|variable| (variable, collection, made))
                }
                _ => None,
            };
            let Some((variable, collection, made)) = parts else {
                self.found.push(own(true));
                continue;
            };
            for value in rounds(collection, scope) {
                if self.rounds >= MAX_ROUNDS {
                    self.found.push(own(true));
                    break;
                }
                self.rounds += 1;
                let variable = variable.to_owned();
                let inner = scope.within(Loop { variable, value });
                self.expand(made, &inner, depth + 1);
            }
        }
    }
}

/// The value of the variable in each round. If the collection is not known, one round stands for
/// all of them.
fn rounds(collection: &Node<'_>, scope: &Scope<'_>) -> Vec<LoopValue> {
    let choices = Choices::open();
    let env = Env::new(scope, &choices).ordered();
    let known = evaluate(collection, env).and_then(|item| {
        let Shape::List(entries) = item.shape else {
            return None;
        };
        let entries = entries
            .iter()
            .map(|it| it.known_text().or_else(|| it.plain()));
        entries.collect::<Option<Vec<String>>>()
    });
    if let Some(known) = known {
        return known.into_iter().map(LoopValue::Known).collect();
    }
    match possible(collection, scope) {
        Some(values) => vec![LoopValue::OneOf(values.into_iter().collect())],
        None => vec![LoopValue::Open],
    }
}

/// All values that an entry of the collection can have.
fn possible(collection: &Node<'_>, scope: &Scope<'_>) -> Option<BTreeSet<String>> {
    let mut values = BTreeSet::new();
    let tried = each_combination(|choices| {
        let item = evaluate(collection, Env::new(scope, choices));
        if choices.is_refused() {
            return ControlFlow::Continue(());
        }
        let entries = match item.map(|item| item.shape) {
            Some(Shape::List(entries)) => entries,
            _ => return ControlFlow::Break(()),
        };
        for entry in entries {
            let Some(text) = entry.known_text().or_else(|| entry.plain()) else {
                return ControlFlow::Break(());
            };
            values.insert(text);
        }
        ControlFlow::Continue(())
    });
    (tried == Tried::All && !values.is_empty()).then_some(values)
}
