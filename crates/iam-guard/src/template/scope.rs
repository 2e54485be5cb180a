//! What the values at one place of a template depend on.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use iam_policy::RestrictedActions;

use super::conditions;
use super::dynamic;
use super::foreach::Loop;
use super::intrinsics::{self, Env, evaluate};
use super::parameters::{Declared, Parameters};
use crate::partial::{Choices, Item, Shape, Tried, each_combination, judge_partial};
use crate::tree::Node;
use crate::verdict::Assessment;

/// The most values that are read to judge all documents of a template.
const MAX_VALUES: usize = 20_000_000;

/// A template, with what is known about the deployment.
#[derive(Debug)]
pub(super) struct Template<'s> {
    root: &'s Node<'s>,
    given: &'s Parameters,
    declared: BTreeMap<&'s str, Declared>,
    /// The texts that decide what each reference stands for.
    constants: BTreeMap<String, BTreeSet<String>>,
    /// The types of the resources, by logical id.
    kinds: OnceLock<BTreeMap<String, String>>,
    /// How many values were read to judge its documents.
    values: AtomicUsize,
}

impl<'s> Template<'s> {
    pub(super) fn new(root: &'s Node<'s>, given: &'s Parameters) -> Self {
        let declared = root.members_of("Parameters").iter();
        let declared = declared.map(|it| (it.key.as_ref(), Declared::read(&it.value)));
        Self {
            root,
            given,
            declared: declared.collect(),
            constants: conditions::constants(root),
            kinds: OnceLock::new(),
            values: AtomicUsize::new(0),
        }
    }

    /// Counts the values that were read; false if there are too many.
    fn spend(&self, values: usize) -> bool {
        self.values.fetch_add(values, Ordering::Relaxed) <= MAX_VALUES
    }

    pub(super) fn section(&self, name: &str) -> Option<&'s Node<'s>> {
        self.root.get(name)
    }

    pub(super) fn declared(&self, name: &str) -> Option<&Declared> {
        self.declared.get(name)
    }

    pub(super) fn given(&self, name: &str) -> Option<&'s str> {
        self.given.get(name)
    }

    pub(super) fn constants(&self, name: &str) -> Option<&BTreeSet<String>> {
        self.constants.get(name)
    }

    /// Tells the types of the resources, which are known after the loops are applied. They are told
    /// once.
    pub(super) fn tell_kinds(&self, kinds: BTreeMap<String, String>) {
        self.kinds.get_or_init(|| kinds);
    }

    /// The type of the resource with this logical id.
    pub(super) fn kind(&self, logical: &str) -> Option<&str> {
        let kinds = self.kinds.get()?;
        if let Some(kind) = kinds.get(logical) {
            return Some(kind);
        }
        // SAM names the role that it makes by its resource.
        let owner = kinds.get(logical.strip_suffix("Role")?)?;
        let has_role = ["AWS::Serverless::Function", "AWS::Serverless::StateMachine"];
        has_role
            .contains(&owner.as_str())
            .then_some("AWS::IAM::Role")
    }
}

/// What the values at one place depend on: the template, the loops around them, and the conditions
/// under which they are deployed. The default is a document without a template.
#[derive(Clone, Debug, Default)]
pub struct Scope<'s> {
    template: Option<Arc<Template<'s>>>,
    loops: Vec<Loop>,
    assumed: Vec<(String, bool)>,
}

impl<'s> Scope<'s> {
    pub(super) fn of(template: Arc<Template<'s>>) -> Self {
        Self {
            template: Some(template),
            ..Self::default()
        }
    }

    pub(super) fn template(&self) -> Option<&Template<'s>> {
        self.template.as_deref()
    }

    /// The loops around the values, the innermost last.
    pub(super) fn loops(&self) -> &[Loop] {
        &self.loops
    }

    pub(super) fn within(&self, inner: Loop) -> Self {
        let mut scope = self.clone();
        scope.loops.push(inner);
        scope
    }

    /// The scope of what is deployed only if the condition has this value.
    pub(super) fn assuming(&self, condition: &str, value: bool) -> Self {
        let mut scope = self.clone();
        scope.assumed.push((condition.to_owned(), value));
        scope
    }

    /// Whether no assumption is false in this combination of choices.
    fn holds(&self, choices: &Choices) -> bool {
        let env = Env::new(self, choices);
        let is_false = |(name, value): &(String, bool)| {
            conditions::value(name, env).is_some_and(|it| it != *value)
        };
        !self.assumed.iter().any(is_false)
    }

    /// Whether any deployment has what stands here.
    pub(super) fn is_possible(&self) -> bool {
        if self.assumed.is_empty() {
            return true;
        }
        let tried = each_combination(|choices| match self.holds(choices) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        });
        tried != Tried::All
    }

    /// All texts that a value can be, or that the entries of a list can be, with unknown parts as
    /// the file has them. The result is `None` if the value can be anything else.
    pub(super) fn texts(&self, node: &Node<'_>) -> Option<BTreeSet<String>> {
        let mut texts = BTreeSet::new();
        let tried = each_combination(|choices| {
            if !self.holds(choices) {
                return ControlFlow::Continue(());
            }
            let Some(item) = evaluate(node, Env::new(self, choices)) else {
                return ControlFlow::Continue(());
            };
            if choices.is_refused() {
                return ControlFlow::Continue(());
            }
            for entry in item.one_or_many() {
                match entry.as_written() {
                    Some(text) => texts.insert(text),
                    None => return ControlFlow::Break(()),
                };
            }
            ControlFlow::Continue(())
        });
        (tried == Tried::All && !texts.is_empty()).then_some(texts)
    }
}

/// Judges a document for all values that are not known before the deployment. The result is `None`
/// if no deployment has the document.
pub fn judge(
    document: &Node<'_>,
    scope: &Scope<'_>,
    restricted: &RestrictedActions,
) -> Option<Assessment> {
    let evaluated = |choices: &Choices| {
        if !scope.holds(choices) {
            return None;
        }
        let item = evaluate(document, Env::new(scope, choices)).map(dynamic::opened);
        let template = scope.template();
        if template.is_none_or(|it| it.spend(choices.spent())) {
            return item;
        }
        let what = "the template is too large with all that it refers to".to_owned();
        Some(intrinsics::item(Shape::Unknown(what), document))
    };
    judge_partial(evaluated, restricted)
}

/// The document with every unknown value left open.
pub fn as_written(document: &Node<'_>) -> Option<Item> {
    evaluate(document, Env::new(&Scope::default(), &Choices::open()))
}
