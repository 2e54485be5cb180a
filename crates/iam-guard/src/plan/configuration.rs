//! The configuration of a plan: what its expressions refer to.

use std::collections::HashMap;

use super::address::{Address, Local, Reference, Step, references};
use crate::tree::Node;

/// The modules of the configuration. A plan without a configuration has none.
#[derive(Debug)]
pub(super) struct Configuration<'s> {
    root: Option<Module<'s>>,
}

#[derive(Debug)]
struct Module<'s> {
    node: &'s Node<'s>,
    resources: HashMap<Local<'s>, &'s Node<'s>>,
    calls: HashMap<&'s str, (&'s Node<'s>, Module<'s>)>,
}

/// Where an expression stands: what `each.key` and variables mean there.
#[derive(Clone, Debug)]
pub(super) struct Scope<'s> {
    modules: Vec<Step<'s>>,
    /// The resource or the call of a module, if the expression is one of its arguments.
    block: Option<&'s Node<'s>>,
    key: Option<&'s str>,
}

/// A resource that a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin<'s> {
    pub(super) modules: Vec<Step<'s>>,
    pub(super) local: Local<'s>,
    pub(super) key: Key<'s>,
    /// `None` if the plan does not say which attribute it is.
    pub(super) attribute: Option<&'s str>,
}

/// The instance of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key<'s> {
    Exactly(Option<&'s str>),
    /// The one with the same key as the resource that refers to it, if there is one.
    Same(&'s str),
    Any,
}

/// The resources that an expression refers to, through variables and outputs of modules.
#[derive(Debug, Default)]
pub(super) struct Trace<'s> {
    pub(super) origins: Vec<Origin<'s>>,
    /// Whether the value is made of what the references lead to, rather than one of them.
    pub(super) is_derived: bool,
}

/// The most references that are followed for one value, and the most that one expression lists. An
/// unusual plan must not take long.
const MAX_FOLLOWED: usize = 200;
const MAX_LISTED: usize = 1000;

impl<'s> Configuration<'s> {
    pub(super) fn read(root: &'s Node<'s>) -> Self {
        let module = root.at(&["configuration", "root_module"]);
        Self {
            root: module.map(Module::read),
        }
    }

    /// Whether the configuration has a resource.
    pub(super) fn has(&self, address: &Address<'s>) -> bool {
        self.block(address).is_some()
    }

    /// The resource of an address, as it is configured.
    fn block(&self, address: &Address<'s>) -> Option<&'s Node<'s>> {
        let module = self.module(&address.modules)?;
        module.resources.get(&address.local).copied()
    }

    /// The expression of an attribute.
    pub(super) fn expression(&self, address: &Address<'s>, name: &str) -> Option<&'s Node<'s>> {
        self.block(address)?.at(&["expressions", name])
    }

    /// Where the arguments of a resource stand.
    pub(super) fn scope(&self, address: &Address<'s>) -> Scope<'s> {
        Scope {
            modules: address.modules.clone(),
            block: self.block(address),
            key: address.key,
        }
    }

    fn module(&self, path: &[Step<'s>]) -> Option<&Module<'s>> {
        path.iter().try_fold(self.root.as_ref()?, |module, step| {
            Some(&module.calls.get(step.name)?.1)
        })
    }

    /// Follows all references of an expression; `None` if one of them cannot be followed.
    pub(super) fn trace(&self, expression: &'s Node<'s>, scope: &Scope<'s>) -> Option<Trace<'s>> {
        let mut trace = Trace::default();
        let mut left = MAX_FOLLOWED;
        self.follow(expression, scope, &mut left, &mut trace)?;
        (!trace.origins.is_empty()).then_some(trace)
    }

    fn follow(
        &self,
        expression: &'s Node<'s>,
        scope: &Scope<'s>,
        left: &mut usize,
        trace: &mut Trace<'s>,
    ) -> Option<()> {
        let listed = expression.entries_of("references");
        if listed.len() > MAX_LISTED {
            return None;
        }
        let references = references(listed.iter().filter_map(Node::text));
        let has_key = references.contains(&Reference::Key);
        // Without an index that the plan leaves out, the key is a part of the value.
        let has_index = references.iter().any(|reference| match reference {
            Reference::Resource { attributes, .. } => attributes.is_empty(),
            _ => false,
        });
        trace.is_derived |= has_key && !has_index;
        for reference in references {
            *left = left.checked_sub(1)?;
            match reference {
                Reference::Key => {}
                Reference::Resource {
                    local,
                    key,
                    attributes,
                } => {
                    let attribute = match attributes.as_slice() {
                        [] => None,
                        [Step { name, key: None }] => Some(*name),
                        _ => return None,
                    };
                    let key = match (attribute, key, scope.key.filter(|_| has_key)) {
                        (Some(_), key, _) | (None, key @ Some(_), _) => Key::Exactly(key),
                        // The plan leaves out an index that is an expression, and all behind it.
                        (None, None, Some(own)) => Key::Same(own),
                        (None, None, None) => Key::Any,
                    };
                    trace.origins.push(Origin {
                        modules: scope.modules.clone(),
                        local,
                        key,
                        attribute,
                    });
                }
                Reference::Variable { name, is_part } => {
                    trace.is_derived |= is_part;
                    let (own, outer) = scope.modules.split_last()?;
                    let (call, _) = self.module(outer)?.calls.get(own.name)?;
                    let argument = call.at(&["expressions", name])?;
                    let outer = Scope {
                        modules: outer.to_vec(),
                        block: Some(call),
                        key: own.key,
                    };
                    let count = trace.origins.len();
                    self.follow(argument, &outer, left, trace)?;
                    // A variable with a constant value is a part of the value.
                    trace.is_derived |= trace.origins.len() == count;
                }
                Reference::Value => {
                    trace.is_derived = true;
                    let values = scope.block?.get("for_each_expression")?;
                    self.follow(values, scope, left, trace)?;
                }
                Reference::Output {
                    call,
                    name,
                    is_part,
                } => {
                    trace.is_derived |= is_part;
                    let mut modules = scope.modules.clone();
                    modules.push(call);
                    let output =
                        self.module(&modules)?
                            .node
                            .at(&["outputs", name, "expression"])?;
                    let inner = Scope {
                        modules,
                        block: None,
                        key: None,
                    };
                    self.follow(output, &inner, left, trace)?;
                }
                Reference::Other => return None,
            }
        }
        Some(())
    }
}

/// The references of an expression, as the end of a sentence.
pub(super) fn because(expression: Option<&Node<'_>>) -> String {
    let references = expression.map(|expression| expression.entries_of("references"));
    let names = references.unwrap_or_default().iter().filter_map(Node::text);
    let names: Vec<String> = names.take(3).map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!(", because it refers to {}", names.join(", ")),
    }
}

impl<'s> Module<'s> {
    fn read(node: &'s Node<'s>) -> Self {
        let resources = node.entries_of("resources").iter().filter_map(|resource| {
            let address = Address::parse(resource.get("address")?.text()?)?;
            Some((address.local, resource))
        });
        let calls = node.members_of("module_calls").iter().filter_map(|call| {
            let module = Self::read(call.value.get("module")?);
            Some((call.key.as_ref(), (&call.value, module)))
        });
        Self {
            node,
            resources: resources.collect(),
            calls: calls.collect(),
        }
    }
}
