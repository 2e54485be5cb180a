//! Terraform plans and states, as `terraform show -json` prints them ("JSON Output Format").

mod address;
mod configuration;
mod document;
mod index;
mod kinds;
mod merge;
mod resource;
mod values;

use std::collections::HashSet;
use std::sync::Arc;

use configuration::{Configuration, Trace, because};
use index::Index;
use kinds::{Attribute, Holds, Made};
pub(crate) use kinds::{is_read, is_read_attribute};
use resource::Resource;
use values::{Known, Values};

use crate::found::{Content, FoundPolicies};
use crate::managed::ManagedPolicies;
use crate::partial::Item;
use crate::source::Span;
use crate::tree::{Member, Node, Value};

/// Whether a tree is a plan or a state.
pub fn is_plan(root: &Node<'_>) -> bool {
    let is_plan = ["resource_changes", "planned_values"]
        .iter()
        .any(|it| root.get(it).is_some());
    let is_state = root.get("format_version").is_some();
    let is_empty = |it: &Member<'_>| matches!(&*it.key, "format_version" | "terraform_version");
    is_plan
        || is_state && root.at(&["values", "root_module"]).is_some()
        || is_state && root.members().iter().all(is_empty)
}

/// Finds the policies in a plan. A policy in several sections counts once.
pub fn find<'s>(root: &'s Node<'s>, managed: &'s ManagedPolicies) -> FoundPolicies<'s> {
    let configuration = Configuration::read(root);
    let resources = resource::all(root);
    let mut finder = Finder {
        managed,
        configuration: &configuration,
        index: Index::new(&resources, &configuration, root.span.len()),
        found: FoundPolicies::default(),
    };
    let mut seen = HashSet::new();
    for resource in resources.iter().filter(|it| !it.address.local.is_data) {
        if seen.insert(resource.name) {
            for attribute in kinds::attributes(resource.address.local.kind) {
                finder.attribute(resource, attribute);
            }
        }
    }
    finder.rest(root);
    finder.found
}

struct Finder<'c, 's> {
    managed: &'s ManagedPolicies,
    configuration: &'c Configuration<'s>,
    index: Index<'c, 's>,
    found: FoundPolicies<'s>,
}

impl<'s> Finder<'_, 's> {
    /// Names what a plan leaves out.
    fn rest(&mut self, root: &Node<'s>) {
        let reason = if root.get("errored").is_some_and(Node::is_true) {
            "it is not in the plan, because Terraform ended with an error"
        } else if root
            .get("complete")
            .is_some_and(|it| it.value == Value::Bool(false))
        {
            "it is not in the plan, because Terraform needs another plan for it"
        } else {
            return;
        };
        let span = root.get("errored").or(root.get("complete")).unwrap_or(root);
        self.found.not_judged("the rest", span.span.clone(), reason);
    }

    fn attribute(&mut self, resource: &Resource<'s>, attribute: &Attribute) {
        let value = resource.values.get(attribute.name);
        let is_unset = match &value {
            Known::Unset => true,
            Known::Unknown(_) => attribute.is_optional && !self.sets(resource, attribute.name),
            Known::Set(value) => value.text() == Some(""),
        };
        match attribute.holds {
            Holds::Named(reason) => {
                let is_empty = matches!(&value, Known::Set(set) if is_empty_list(set.node));
                if !attribute.is_optional || !is_unset && !is_empty {
                    self.not_judged(resource, reason);
                }
            }
            Holds::Template => self.template(resource, attribute.name, value, is_unset),
            _ if is_unset => {}
            Holds::Document => {
                let expression = self.expression(resource, attribute.name);
                self.document(resource.name.to_owned(), resource, expression, value);
            }
            Holds::Inline(document) => self.inline(resource, attribute.name, document, value),
            Holds::Attachments => self.attachments(resource, attribute.name, value),
            Holds::PermissionSet => {
                let is_made = match &value {
                    Known::Set(arn) => arn.text().is_some_and(|arn| self.index.makes(arn)),
                    _ => self.makes_all(resource, attribute.name, Made::PermissionSet),
                };
                if !is_made {
                    let reason = "gives a permission set whose policies are not here";
                    self.not_judged(resource, reason);
                }
            }
            Holds::DesiredState => self.desired_state(resource, value),
        }
    }

    fn not_judged(&mut self, resource: &Resource<'s>, reason: &str) {
        let span = resource.values.node.span.clone();
        self.found.not_judged(resource.name, span, reason);
    }

    /// Whether the configuration sets an attribute that the provider can set, too.
    fn sets(&self, resource: &Resource<'s>, attribute: &str) -> bool {
        match self.configuration.has(&resource.address) {
            true => self.expression(resource, attribute).is_some(),
            // Values without the unknown ones do not tell an unknown one from one that is not set.
            false => !resource.values.is_partial(),
        }
    }

    fn expression(&self, resource: &Resource<'s>, attribute: &str) -> Option<&'s Node<'s>> {
        self.configuration.expression(&resource.address, attribute)
    }

    fn unknown(
        &mut self,
        name: impl Into<String>,
        span: Span,
        what: &str,
        expression: Option<&Node<'s>>,
    ) {
        let reason = format!("{what} not known before the apply{}", because(expression));
        self.found.policy(name, span, Content::Unknown(reason));
    }

    fn document(
        &mut self,
        name: String,
        resource: &Resource<'s>,
        expression: Option<&'s Node<'s>>,
        value: Known<'s>,
    ) {
        match value {
            Known::Unset => {}
            Known::Unknown(span) => {
                let trace = self.trace(resource, expression);
                match trace.and_then(|trace| self.index.documents(&trace, 1)) {
                    Some(documents) => self.partial(name, span, documents),
                    None => self.unknown(name, span, "the document is", expression),
                }
            }
            Known::Set(value) => self.known(name, value),
        }
    }

    fn trace(
        &self,
        resource: &Resource<'s>,
        expression: Option<&'s Node<'s>>,
    ) -> Option<Trace<'s>> {
        let scope = self.configuration.scope(&resource.address);
        self.configuration.trace(expression?, &scope)
    }

    fn partial(&mut self, name: String, span: Span, documents: Vec<Arc<Item>>) {
        self.found.policy(name, span, Content::Partial(documents));
    }

    fn known(&mut self, name: String, value: Values<'s>) {
        let content = match &value.node.value {
            Value::Text(text) if text.is_empty() => return,
            Value::Text(text) => Content::Text {
                text: text.as_ref().into(),
                what: None,
            },
            _ => Content::Partial(vec![Arc::new(document::object(value))]),
        };
        self.found.policy(name, value.node.span.clone(), content);
    }

    /// The inline policies of a role, user or group.
    fn inline(
        &mut self,
        resource: &Resource<'s>,
        attribute: &str,
        document: &str,
        value: Known<'s>,
    ) {
        let blocks = match &value {
            Known::Set(list) => list.entries().ok_or_else(|| list.node.span.clone()),
            Known::Unknown(span) => Err(span.clone()),
            Known::Unset => return,
        };
        let expression = self.expression(resource, attribute);
        let blocks = match blocks {
            Ok(blocks) => blocks,
            Err(span) => {
                let name = format!("{}.{attribute}", resource.name);
                return self.unknown(name, span, "the inline policies are", expression);
            }
        };
        let documents = |block: &Known<'s>| match block {
            Known::Set(block) => block.get(document),
            other => other.clone(),
        };
        let all: Vec<Known<'s>> = blocks.iter().map(documents).collect();
        let unknown = all.iter().filter(|it| matches!(it, Known::Unknown(_)));
        let unknown = unknown.count();
        let expressions = expression.map(Node::entries).unwrap_or_default();
        // Without an expression for each block, the configuration does not say which of the
        // references belong to which block.
        let shared = self.trace(resource, expression).filter(|_| unknown > 0);
        let shared = shared.and_then(|trace| self.index.documents(&trace, unknown));
        let count = all.len();
        for (index, value) in all.into_iter().enumerate() {
            let name = format!("{}.{attribute}[{index}]", resource.name);
            match (value, &shared) {
                (Known::Unknown(span), Some(shared)) => self.partial(name, span, shared.clone()),
                (value, _) => {
                    let own = expressions
                        .get(index)
                        .filter(|_| expressions.len() == count);
                    let own = own.and_then(|block| block.get(document)).or(expression);
                    self.document(name, resource, own, value);
                }
            }
        }
    }

    fn attachments(&mut self, resource: &Resource<'s>, attribute: &str, value: Known<'s>) {
        let whole = resource.values.node.span.clone();
        let arns = match &value {
            Known::Set(arns) => arns.entries(),
            _ => None,
        };
        let arns = arns.unwrap_or_else(|| vec![Known::Unknown(whole.clone())]);
        let is_unknown = |arn: &Known<'s>| !matches!(arn, Known::Set(_));
        let are_made =
            arns.iter().any(is_unknown) && self.makes_all(resource, attribute, Made::Policy);
        for arn in arns {
            let (text, span) = match &arn {
                Known::Set(arn) => (arn.text(), arn.node.span.clone()),
                Known::Unknown(_) | Known::Unset if are_made => continue,
                Known::Unknown(_) | Known::Unset => (None, whole.clone()),
            };
            if !text.is_some_and(|text| self.index.makes(text)) {
                let managed = self.managed;
                managed.attach(&mut self.found, resource.name, span, text);
            }
        }
    }

    /// Whether the plan itself makes all that an unknown value can name. Then it is judged where
    /// it stands.
    fn makes_all(&self, resource: &Resource<'s>, attribute: &str, made: Made) -> bool {
        let trace = self.trace(resource, self.expression(resource, attribute));
        trace.is_some_and(|trace| self.index.makes_all(&trace, made))
    }

    fn template(
        &mut self,
        resource: &Resource<'s>,
        attribute: &str,
        value: Known<'s>,
        is_unset: bool,
    ) {
        let url = resource.values.get("template_url");
        let has_url = match &url {
            Known::Unset => false,
            Known::Unknown(_) => self.sets(resource, "template_url"),
            Known::Set(url) => url.text() != Some(""),
        };
        if has_url || is_unset {
            let reason = match url.text() {
                Some(url) if has_url => format!("deploys the template at {url}, which is not here"),
                _ => "deploys a template that is not here".to_owned(),
            };
            self.not_judged(resource, &reason);
        }
        match value {
            _ if is_unset => {}
            Known::Unset => {}
            // With a URL, the provider sets the attribute.
            Known::Unknown(_) if has_url => {}
            Known::Unknown(span) => {
                let expression = self.expression(resource, attribute);
                self.unknown(resource.name, span, "the template is", expression);
            }
            Known::Set(body) => {
                let span = body.node.span.clone();
                match body.text() {
                    Some(text) => self.found.template(resource.name, span, text),
                    None => {
                        let reason = "the template is not a text".to_owned();
                        self.found
                            .policy(resource.name, span, Content::Unknown(reason));
                    }
                }
            }
        }
    }

    /// A resource of the Cloud Control API, as a template with one resource.
    fn desired_state(&mut self, resource: &Resource<'s>, value: Known<'s>) {
        let kind = resource.values.get("type_name");
        let grants = [
            "AWS::IAM::",
            "AWS::SSO::",
            "AWS::CloudFormation::",
            "AWS::ServiceCatalog::",
        ];
        let is_other = |kind: &str| !grants.iter().any(|it| kind.starts_with(it));
        if kind.text().is_some_and(is_other) {
            return;
        }
        match (kind.text(), value) {
            (Some(kind), Known::Set(state)) if state.text().is_some() => {
                let properties = state.text().unwrap_or_default();
                let span = state.node.span.clone();
                self.found.resource(resource.name, span, kind, properties);
            }
            (_, value) => {
                let span = match value {
                    Known::Unknown(span) => span,
                    _ => resource.values.node.span.clone(),
                };
                let expression = self.expression(resource, "desired_state");
                self.unknown(resource.name, span, "the resource is", expression);
            }
        }
    }
}

fn is_empty_list(node: &Node<'_>) -> bool {
    matches!(&node.value, Value::List(entries) if entries.is_empty())
}

#[cfg(test)]
mod tests;
