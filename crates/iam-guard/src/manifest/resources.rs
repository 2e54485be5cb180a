//! The resources that grant IAM permissions.

use super::{Finder, name};
use crate::found::Content;
use crate::source::Span;
use crate::tree::{Node, Value};

/// A service of AWS, as the API groups name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Iam,
    /// Permission sets of IAM Identity Center.
    Sso,
    /// Any resource, as CloudFormation knows it.
    CloudControl,
    CloudFormation,
    /// Templates that are not here.
    Applications,
    Products,
}

/// The names of the services in API groups.
pub(super) const SERVICES: [(&str, Service); 9] = [
    ("iam", Service::Iam),
    // In old versions of Crossplane.
    ("identity", Service::Iam),
    ("ssoadmin", Service::Sso),
    ("sso", Service::Sso),
    ("cloudcontrol", Service::CloudControl),
    ("cloudformation", Service::CloudFormation),
    ("serverlessrepo", Service::Applications),
    ("serverlessapplicationrepository", Service::Applications),
    ("servicecatalog", Service::Products),
];

/// The ends of API groups, with and without the namespaces of newer versions.
pub(super) const OWNERS: [&str; 5] = [
    "services.k8s.aws",
    "aws.crossplane.io",
    "aws.m.crossplane.io",
    "aws.upbound.io",
    "aws.m.upbound.io",
];

impl Service {
    /// The service of a resource that can grant permissions.
    pub(super) fn of(node: &Node<'_>) -> Option<Self> {
        let version = node.get("apiVersion")?.text()?;
        let (service, owner) = version.split('/').next()?.split_once('.')?;
        let (_, service) = SERVICES.iter().find(|(name, _)| *name == service)?;
        let kind = node.get("kind").and_then(Node::text).unwrap_or_default();
        let grants = match service {
            Self::Iam | Self::Sso => true,
            Self::CloudControl => !is_of_other_type(node),
            Self::CloudFormation => matches!(kind, "Stack" | "StackSet"),
            Self::Applications => kind == "CloudFormationStack",
            Self::Products => kind == "ProvisionedProduct",
        };
        (OWNERS.contains(&owner) && grants).then_some(*service)
    }

    /// What an attribute has.
    pub(super) fn holds(self, attribute: &str) -> Option<Holds> {
        use Holds::{Attachments, Document, Inline, Named, State, Template};
        let holds = match (self, attribute) {
            (Self::Iam, "policyDocument" | "document" | "policy") => Document,
            (Self::Sso, "inlinePolicy") => Document,
            (Self::Iam, "inlinePolicy" | "inlinePolicies") => Inline,
            (Self::Iam, "policies" | "managedPolicyArns" | "policyArn" | "policyArns")
            | (Self::Sso, "managedPolicyArn" | "managedPolicyArns" | "managedPolicies") => {
                Attachments
            }
            (Self::Iam, "policyRefs" | "policyArnRef" | "policyArnSelector") => {
                Named("attaches a policy that is judged only where it stands")
            }
            (Self::Iam, "groups" | "groupRefs") => Named(MEMBERSHIP),
            (Self::Sso, "customerManagedPolicyReference" | "customerManagedPolicyReferences") => {
                Named("attaches a customer managed policy, whose document is not here")
            }
            (Self::CloudControl, "desiredState" | "typeName") => State,
            (Self::CloudFormation, "templateBody") => Template,
            _ => return None,
        };
        Some(holds)
    }
}

const MEMBERSHIP: &str = "puts users into groups, whose policies are judged only where they stand";

/// What an attribute has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holds {
    Document,
    /// An object from names to documents (ACK), or a list (Crossplane).
    Inline,
    /// The ARNs of managed policies.
    Attachments,
    /// Something that the report only names: a sentence without a full stop.
    Named(&'static str),
    /// A resource of the Cloud Control API as JSON.
    State,
    /// A CloudFormation template.
    Template,
}

/// The objects that have the attributes of a resource. Crossplane has those in `initProvider` where
/// they count only when it makes the resource.
fn parts<'s>(node: &'s Node<'s>) -> impl Iterator<Item = &'s Node<'s>> {
    let spec = node.get("spec");
    let part = |key| spec.and_then(|spec| spec.get(key));
    let parts = [part("forProvider"), part("initProvider")];
    let is_plain = parts.iter().all(Option::is_none);
    let plain = spec.filter(|_| is_plain);
    parts.into_iter().flatten().chain(plain)
}

/// Whether a resource of the Cloud Control API has a type that grants no permissions.
fn is_of_other_type(node: &Node<'_>) -> bool {
    let grants = ["AWS::IAM::", "AWS::SSO::", "AWS::CloudFormation::"];
    let is_other = |kind: &str| !grants.iter().any(|it| kind.starts_with(it));
    let mut types = parts(node)
        .filter_map(|it| it.get("typeName")?.text())
        .peekable();
    types.peek().is_some() && types.all(is_other)
}

impl<'s> Finder<'s> {
    pub(super) fn resource(&mut self, service: Service, node: &'s Node<'s>) {
        let name = name(node, "manifest");
        let kind = node.get("kind").and_then(Node::text).unwrap_or_default();
        let reason = match (service, kind) {
            (
                Service::Iam,
                "UserGroupMembership"
                | "GroupMembership"
                | "GroupUserMembership"
                | "IAMGroupUserMembership",
            ) => Some(MEMBERSHIP),
            (Service::Iam, "ServiceLinkedRole") => {
                Some("makes a role whose policy an AWS service defines")
            }
            (Service::Sso, "AccountAssignment") => {
                Some("gives a permission set, whose policies are judged only where they stand")
            }
            (Service::Applications, _) => Some("a stack of its own, whose template is not here"),
            (Service::Products, _) => Some("provisions a product, whose template is not here"),
            _ => None,
        };
        // A mere reference to a resource has no attributes.
        if node.get("spec").is_none() {
            return;
        }
        if let Some(reason) = reason {
            return self.found.not_judged(name, node.span.clone(), reason);
        }
        for member in parts(node).flat_map(Node::members) {
            if is_empty(&member.value) {
                continue;
            }
            if let Some(holds) = service.holds(&member.key) {
                self.attribute(name, node, holds, &member.value);
            }
        }
        let has = |key: &str| parts(node).any(|it| it.get(key).is_some_and(|it| !is_empty(it)));
        if service == Service::CloudFormation && !has("templateBody") {
            let reason = "a stack of its own, whose template is not here";
            self.found.not_judged(name, node.span.clone(), reason);
        }
        if service == Service::CloudControl && !has("desiredState") {
            self.unknown(
                name,
                node.span.clone(),
                "the state of the resource is not here",
            );
        }
    }

    fn attribute(&mut self, name: &str, node: &'s Node<'s>, holds: Holds, value: &'s Node<'s>) {
        match holds {
            Holds::Document => self.found.document(name, Some(value)),
            Holds::Inline => {
                for inline in value.members() {
                    self.found
                        .document(format!("{name}.{}", inline.key), Some(&inline.value));
                }
                for inline in value.entries() {
                    let document = inline.get("policy").or_else(|| inline.get("document"));
                    self.found.document(name, document);
                }
            }
            Holds::Attachments => {
                let managed = self.managed;
                for arn in value.one_or_many() {
                    managed.attach(&mut self.found, name, arn.span.clone(), arn.text());
                }
            }
            Holds::Named(reason) => self.found.not_judged(name, value.span.clone(), reason),
            Holds::State => self.state(name, node, value),
            Holds::Template => match value.text() {
                Some(text) if !text.trim().is_empty() => {
                    self.found.template(name, value.span.clone(), text);
                }
                _ => {
                    let reason = "a stack of its own, whose template cannot be read";
                    self.found.not_judged(name, value.span.clone(), reason);
                }
            },
        }
    }

    /// A resource of the Cloud Control API, as a template with nothing else.
    fn state(&mut self, name: &str, node: &'s Node<'s>, value: &'s Node<'s>) {
        let kinds = || parts(node).filter_map(|it| it.get("typeName"));
        if kinds().any(|kind| std::ptr::eq(kind, value)) {
            return;
        }
        let (Some(kind), Some(state)) = (kinds().find_map(Node::text), value.text()) else {
            return self.unknown(
                name,
                value.span.clone(),
                "the type or the state of the resource is not known",
            );
        };
        self.found.resource(name, value.span.clone(), kind, state);
    }

    pub(super) fn unknown(&mut self, name: &str, span: Span, reason: impl Into<String>) {
        let content = Content::Unknown(reason.into());
        self.found.policy(name, span, content);
    }
}

/// Whether an attribute is not set.
fn is_empty(node: &Node<'_>) -> bool {
    node.is_null() || matches!(&node.value, Value::List(entries) if entries.is_empty())
}
