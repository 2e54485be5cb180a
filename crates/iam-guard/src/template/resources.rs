//! The resources that carry or attach policies.

use super::attachments::is_made_here;
use super::foreach::{self, Expanded};
use super::intrinsics::{Env, evaluate, is_function};
use super::sam_roles::makes_role;
use super::{Finder, Scope, branches};
use crate::partial::Choices;
use crate::source::Span;
use crate::tree::{Node, Value};

/// A resource with its properties.
pub(super) struct Resource<'s> {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) properties: Properties<'s>,
    pub(super) scope: Scope<'s>,
}

/// The properties of a resource, with all loops applied.
pub(super) struct Properties<'s> {
    members: Vec<Expanded<'s>>,
    /// Whether a macro, an included file or a loop adds properties that are not here.
    pub(super) is_incomplete: bool,
}

impl<'s> Properties<'s> {
    fn read(node: Option<&'s Node<'s>>, scope: &Scope<'s>) -> Self {
        let Some(node) = node else {
            return Self {
                members: Vec::new(),
                is_incomplete: false,
            };
        };
        let members = foreach::members(node, scope);
        let adds = |it: &Expanded<'_>| it.is_key_open || is_function(&it.key);
        let is_object = matches!(node.value, Value::Object(_) | Value::Null);
        Self {
            is_incomplete: !is_object || members.iter().any(adds),
            members,
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<(&'s Node<'s>, Scope<'s>)> {
        let member = self.members.iter().rfind(|it| it.key == key)?;
        Some((member.value, member.scope.clone()))
    }

    pub(super) fn node(&self, key: &str) -> Option<&'s Node<'s>> {
        Some(self.members.iter().rfind(|it| it.key == key)?.value)
    }
}

/// How a resource gives permissions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It has one document.
    Policy,
    /// It has inline policies and attachments.
    Principal,
    PermissionSet,
    Membership,
    ServiceLinkedRole,
    Assignment,
    Function,
    StateMachine,
    Connector,
    OtherSam,
    /// It deploys a template.
    Stack,
    Other,
}

impl Kind {
    fn of(kind: &str) -> Self {
        match kind {
            "AWS::IAM::Policy"
            | "AWS::IAM::ManagedPolicy"
            | "AWS::IAM::RolePolicy"
            | "AWS::IAM::UserPolicy"
            | "AWS::IAM::GroupPolicy" => Self::Policy,
            "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" => Self::Principal,
            "AWS::SSO::PermissionSet" => Self::PermissionSet,
            "AWS::IAM::UserToGroupAddition" => Self::Membership,
            "AWS::IAM::ServiceLinkedRole" => Self::ServiceLinkedRole,
            "AWS::SSO::Assignment" => Self::Assignment,
            "AWS::Serverless::Function" => Self::Function,
            "AWS::Serverless::StateMachine" => Self::StateMachine,
            "AWS::Serverless::Connector" => Self::Connector,
            _ if super::stacks::deploys(kind) => Self::Stack,
            _ if kind.starts_with("AWS::Serverless::") => Self::OtherSam,
            _ => Self::Other,
        }
    }
}

impl<'s> Finder<'s> {
    pub(super) fn resource(&mut self, member: Expanded<'s>) {
        let Expanded {
            key: name,
            key_span,
            value: node,
            mut scope,
            ..
        } = member;
        if name.starts_with(foreach::PREFIX) {
            let reason = "the loop cannot be read, or makes too many resources";
            return self.unknown(name, key_span, reason);
        }
        if name.starts_with("Fn::") {
            let reason = "resources of a macro or an included file, which are not here";
            return self.found.not_judged(name, key_span, reason);
        }
        if let Some(condition) = node.get("Condition").and_then(Node::text) {
            scope = scope.assuming(condition, true);
            if !scope.is_possible() {
                return;
            }
        }
        let span = node.span.clone();
        if node.get("Fn::Transform").is_some() {
            let reason = "a macro or an included file adds to the resource, and is not here";
            self.found.not_judged(&name, span.clone(), reason);
        }
        if is_call(node) && node.get("Fn::Transform").is_none() {
            let reason = "a resource of a function or a preprocessor, which is not here";
            return self.found.not_judged(name, span, reason);
        }
        let kind = match node.get("Type") {
            Some(kind) => text(kind, &scope),
            None => Some(String::new()),
        };
        let Some(kind) = kind else {
            let reason = "a resource whose type is not known before the deployment";
            return self.found.not_judged(name, span, reason);
        };
        let resource = Resource {
            properties: Properties::read(node.get("Properties"), &scope),
            name,
            span,
            scope,
        };
        self.of_kind(&kind, &resource);
        if let Some(connectors) = node.get("Connectors") {
            self.embedded_connectors(&kind, &resource, connectors);
        }
    }

    fn of_kind(&mut self, kind: &str, resource: &Resource<'s>) {
        if kind.ends_with("::MODULE") {
            let reason = "a module, whose resources are not here";
            let span = resource.span.clone();
            return self.found.not_judged(&resource.name, span, reason);
        }
        let carries = Kind::of(kind);
        if resource.properties.is_incomplete && carries != Kind::Other {
            let reason = "a macro, an included file or a loop adds properties that are not here";
            self.unknown(&resource.name, resource.span.clone(), reason);
        }
        let name = resource.name.as_str();
        match carries {
            Kind::Policy => self.document_of(resource, "PolicyDocument"),
            Kind::Principal => {
                if let Some((policies, scope)) = resource.properties.get("Policies") {
                    self.embedded(name, policies, &scope);
                }
                self.attachments_of(resource, "ManagedPolicyArns");
                if let Some(groups) = resource.properties.node("Groups") {
                    self.membership(name, groups.span.clone());
                }
            }
            Kind::Membership => self.membership(name, resource.span.clone()),
            Kind::ServiceLinkedRole => {
                let reason = "makes a role whose policy an AWS service defines";
                self.found.not_judged(name, resource.span.clone(), reason);
            }
            Kind::PermissionSet => {
                self.document_of(resource, "InlinePolicy");
                self.attachments_of(resource, "ManagedPolicies");
                let references = resource.properties.node("CustomerManagedPolicyReferences");
                if let Some(references) = references {
                    let reason = "attaches customer managed policies, whose documents are not here";
                    self.found.not_judged(name, references.span.clone(), reason);
                }
            }
            Kind::Assignment => self.assignment(resource),
            Kind::Function | Kind::StateMachine => {
                // SAM reads the policies only for a role that it makes.
                let policies = resource.properties.get("Policies");
                let policies = policies.filter(|_| makes_role(resource, "Role"));
                if let Some((policies, scope)) = policies {
                    self.sam_policies(&format!("{name}.Policies"), policies, &scope);
                }
                match carries {
                    Kind::Function => self.function(resource),
                    _ => self.state_machine(resource),
                }
            }
            Kind::Connector => self.connector(resource),
            Kind::OtherSam => self.other_sam(kind, resource),
            Kind::Stack => self.stack(kind, resource),
            Kind::Other => {}
        }
    }

    fn document_of(&mut self, resource: &Resource<'s>, property: &str) {
        if let Some((document, scope)) = resource.properties.get(property) {
            self.document(&resource.name, document, scope);
        }
    }

    fn attachments_of(&mut self, resource: &Resource<'s>, property: &str) {
        if let Some((arns, scope)) = resource.properties.get(property) {
            self.attachments(&format!("{}.{property}", resource.name), arns, &scope);
        }
    }

    fn membership(&mut self, name: &str, span: Span) {
        let reason = "puts users into groups, whose policies are judged only where they stand";
        self.found.not_judged(name, span, reason);
    }

    fn assignment(&mut self, resource: &Resource<'s>) {
        let set = resource.properties.get("PermissionSetArn");
        let is_here = |(arn, scope): &(&Node<'_>, Scope<'_>)| {
            is_made_here(arn, scope, "AWS::SSO::PermissionSet")
        };
        if !set.is_some_and(|it| is_here(&it)) {
            let reason = "assigns a permission set, whose policies are not here";
            let span = resource.span.clone();
            self.found.not_judged(&resource.name, span, reason);
        }
    }

    /// The inline policies of a role, user or group.
    fn embedded(&mut self, name: &str, policies: &'s Node<'s>, scope: &Scope<'s>) {
        for branch in branches(policies, scope) {
            let name = format!("{name}.Policies[{}]", branch.index);
            let document = branch.node.get("PolicyDocument");
            if document.is_none() || branch.node.get("Fn::Transform").is_some() {
                let reason = "the inline policy is not known before the deployment";
                self.unknown(&name, branch.node.span.clone(), reason);
            }
            if let Some(document) = document {
                self.document(&name, document, branch.scope);
            }
        }
    }
}

/// Whether a resource is the call of a function, such as `!Rain::Include file`.
///
/// A variable of the Serverless Framework is not: it is named as such.
pub(super) fn is_call(node: &Node<'_>) -> bool {
    let is_variable = |key: &str| matches!(key, "Fn::Sub" | "Fn::Variable");
    let mut keys = node.members().iter().map(|member| &member.key);
    node.get("Type").is_none() && keys.any(|key| is_function(key) && !is_variable(key))
}

/// The text of a value, if it is known.
pub(super) fn text(node: &Node<'_>, scope: &Scope<'_>) -> Option<String> {
    evaluate(node, Env::new(scope, &Choices::open()))?.known_text()
}
