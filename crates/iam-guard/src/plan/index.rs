//! The documents and the named resources of a plan, by their addresses.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::address::{Address, Local, Step};
use super::configuration::{Configuration, Key, Origin, Trace};
use super::document::{Sources, document};
use super::kinds::{self, Made};
use super::merge::Document;
use super::resource::Resource;
use crate::partial::Item;
use crate::tree::Node;

/// A resource in a module, without the key of an instance.
type Place<'s> = (Vec<Step<'s>>, Local<'s>);

/// What other resources of the plan refer to.
#[derive(Debug)]
pub(super) struct Index<'c, 's> {
    configuration: &'c Configuration<'s>,
    /// The data sources that write documents.
    sources: Vec<Source<'s>>,
    by_place: HashMap<Place<'s>, BTreeMap<Option<&'s str>, usize>>,
    made: HashMap<Place<'s>, HashSet<Option<&'s str>>>,
    /// The known ARNs of the policies and permission sets of the plan.
    arns: HashSet<&'s str>,
    /// How much may still be built, so that a plan does not grow out of proportion.
    left: usize,
    /// How many documents are being built, each for the one before it.
    depth: usize,
}

#[derive(Debug)]
struct Source<'s> {
    resource: Resource<'s>,
    built: Built,
}

#[derive(Debug)]
enum Built {
    NotYet,
    /// It cannot be built, or is being built.
    Not,
    Document(Arc<Document>, Arc<Item>),
}

/// The most documents that one policy is judged by.
const MAX_DOCUMENTS: usize = 16;

/// The most documents of which each is merged into the next.
const MAX_DEPTH: usize = 32;

impl<'c, 's> Index<'c, 's> {
    pub(super) fn new(
        resources: &[Resource<'s>],
        configuration: &'c Configuration<'s>,
        size: usize,
    ) -> Self {
        let mut index = Self {
            configuration,
            sources: Vec::new(),
            by_place: HashMap::new(),
            made: HashMap::new(),
            arns: HashSet::new(),
            left: size.saturating_mul(2).saturating_add(10_000_000),
            depth: 0,
        };
        for resource in resources {
            let Address {
                modules,
                local,
                key,
            } = resource.address.clone();
            if local.is_data && local.kind == kinds::DOCUMENT {
                let instances = index.by_place.entry((modules, local)).or_default();
                instances.entry(key).or_insert_with(|| {
                    index.sources.push(Source {
                        resource: resource.clone(),
                        built: Built::NotYet,
                    });
                    index.sources.len() - 1
                });
            } else if let Some((_, attributes)) = kinds::made(local.kind).filter(|_| !local.is_data)
            {
                let arns = attributes.iter().map(|it| resource.values.get(it));
                index.arns.extend(arns.filter_map(|arn| arn.text()));
                index.made.entry((modules, local)).or_default().insert(key);
            }
        }
        index
    }

    /// Whether the plan itself makes what has this ARN.
    pub(super) fn makes(&self, arn: &str) -> bool {
        self.arns.contains(arn)
    }

    /// Whether the plan itself makes all that an unknown value can name.
    pub(super) fn makes_all(&self, trace: &Trace<'s>, wanted: Made) -> bool {
        trace.origins.iter().all(|origin| {
            let made = kinds::made(origin.local.kind).filter(|_| !origin.local.is_data);
            let is_named = made.is_some_and(|(made, attributes)| {
                made == wanted && origin.attribute.is_none_or(|it| attributes.contains(&it))
            });
            let place = (origin.modules.clone(), origin.local);
            let instances = self.made.get(&place);
            is_named
                && instances.is_some_and(|instances| match origin.key {
                    Key::Exactly(key) => instances.contains(&key),
                    Key::Same(_) | Key::Any => true,
                })
        })
    }

    /// The documents that each of `count` unknown values can be: those that all references lead
    /// to. With more references, a value may be made of several documents. A plan does not say
    /// which functions an expression calls, so a single reference counts as the value itself.
    pub(super) fn documents(&mut self, trace: &Trace<'s>, count: usize) -> Option<Vec<Arc<Item>>> {
        if trace.is_derived || trace.origins.len() > count {
            return None;
        }
        let mut all = Vec::new();
        for origin in &trace.origins {
            for at in self.instances(origin)? {
                let (document, item) = self.built(at)?;
                self.left = self.left.checked_sub(document.size())?;
                all.push(item);
                if all.len() > MAX_DOCUMENTS {
                    return None;
                }
            }
        }
        Some(all)
    }

    /// The data sources that an origin can be.
    fn instances(&self, origin: &Origin<'s>) -> Option<Vec<usize>> {
        let place = (origin.modules.clone(), origin.local);
        let instances = self.by_place.get(&place)?;
        let one = |key: Option<&'s str>| instances.get(&key).map(|at| vec![*at]);
        match (origin.attribute, origin.key) {
            (Some("json" | "minified_json"), Key::Exactly(key)) => one(key),
            (Some(_), _) => None,
            // The attribute is left out behind an index only.
            (None, _) if instances.contains_key(&None) => None,
            (None, Key::Same(key)) if instances.contains_key(&Some(key)) => one(Some(key)),
            (None, Key::Exactly(_)) => None,
            (None, Key::Same(_) | Key::Any) => {
                let all: Vec<usize> = instances
                    .values()
                    .copied()
                    .take(MAX_DOCUMENTS + 1)
                    .collect();
                Some(all)
            }
        }
    }

    fn built(&mut self, at: usize) -> Option<(Arc<Document>, Arc<Item>)> {
        let source = self.sources.get_mut(at)?;
        match &source.built {
            Built::Document(document, item) => return Some((document.clone(), item.clone())),
            Built::Not => return None,
            Built::NotYet => {}
        }
        source.built = Built::Not;
        if self.depth == MAX_DEPTH {
            return None;
        }
        let resource = source.resource.clone();
        self.depth += 1;
        let document = document(
            resource.values,
            &mut Own {
                address: &resource.address,
                index: self,
            },
        );
        self.depth -= 1;
        let document = document?;
        self.left = self.left.checked_sub(document.size())?;
        let item = Arc::new(document.item());
        if let Some(source) = self.sources.get_mut(at) {
            source.built = Built::Document(document.clone(), item.clone());
        }
        Some((document, item))
    }
}

/// The references of one data source.
struct Own<'i, 'c, 's> {
    address: &'i Address<'s>,
    index: &'i mut Index<'c, 's>,
}

impl<'s> Own<'_, '_, 's> {
    fn trace(&self, expression: &'s Node<'s>) -> Option<Trace<'s>> {
        let configuration = self.index.configuration;
        configuration.trace(expression, &configuration.scope(self.address))
    }
}

impl Sources for Own<'_, '_, '_> {
    fn document(&mut self, attribute: &str, index: usize, count: usize) -> Option<Arc<Document>> {
        let configuration = self.index.configuration;
        let mut trace = self.trace(configuration.expression(self.address, attribute)?)?;
        // Each unknown entry is one of the references, in the same order.
        if trace.is_derived || trace.origins.len() != count {
            return None;
        }
        let origin = trace.origins.get_mut(index)?;
        let instances = self.index.instances(origin)?;
        let [at] = instances.as_slice() else {
            return None;
        };
        self.index.built(*at).map(|(document, _)| document)
    }

    fn are_arns(&self, statement: usize, count: usize) -> bool {
        let configuration = self.index.configuration;
        let statements = configuration.expression(self.address, "statement");
        let statements = statements.map(Node::entries).unwrap_or_default();
        // A dynamic block is not in the list, so its place is not known.
        if statements.len() != count {
            return false;
        }
        let resources = statements.get(statement).and_then(|it| it.get("resources"));
        let trace = resources.and_then(|resources| self.trace(resources));
        trace.is_some_and(|trace| {
            let mut origins = trace.origins.iter();
            let is_arn = |it: &Origin<'_>| !it.local.is_data && it.attribute == Some("arn");
            !trace.is_derived && origins.all(is_arn)
        })
    }
}
