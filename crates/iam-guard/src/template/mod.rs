//! CloudFormation and SAM templates.

mod intrinsics;
mod sam;

pub use intrinsics::{Context, condition_names, evaluate};

use crate::found::{Content, FoundPolicies};
use crate::managed::ManagedPolicies;
use crate::partial::{Piece, Shape};
use crate::tree::Node;

/// Whether a tree is a template.
pub fn is_template(root: &Node<'_>) -> bool {
    let is_resource = |node: &Node<'_>| {
        let kind = node.get("Type").and_then(Node::text);
        kind.is_some_and(|kind| kind.contains("::"))
    };
    let mut resources = root.members_of("Resources").iter();
    root.get("AWSTemplateFormatVersion").is_some()
        || resources.any(|resource| is_resource(&resource.value))
}

/// Finds the policies in a template.
pub fn find<'s>(root: &'s Node<'s>, managed: &'s ManagedPolicies) -> FoundPolicies<'s> {
    let mut finder = Finder {
        root,
        managed,
        found: FoundPolicies::default(),
    };
    if let Some(resources) = root.get("Resources") {
        finder.resources(resources);
    }
    finder.found
}

struct Finder<'s> {
    root: &'s Node<'s>,
    managed: &'s ManagedPolicies,
    found: FoundPolicies<'s>,
}

impl<'s> Finder<'s> {
    fn resources(&mut self, resources: &'s Node<'s>) {
        for member in resources.members() {
            if member.key.starts_with("Fn::ForEach") {
                // The last entry has the resources that the loop repeats.
                if let Some(made) = member.value.entries().last() {
                    self.resources(made);
                }
            } else if member.key.starts_with("Fn::") {
                let reason = "resources of a macro or an included file, which are not here";
                self.found
                    .not_judged(member.key.to_string(), member.key_span.clone(), reason);
            } else {
                self.resource(&member.key, &member.value);
            }
        }
    }

    fn resource(&mut self, name: &str, resource: &'s Node<'s>) {
        let kind = resource
            .get("Type")
            .and_then(Node::text)
            .unwrap_or_default();
        if matches!(
            kind,
            "AWS::CloudFormation::Stack" | "AWS::Serverless::Application"
        ) {
            let reason = "a stack of its own, whose template is not here";
            self.found.not_judged(name, resource.span.clone(), reason);
        }
        if kind == "AWS::Serverless::Connector" || resource.get("Connectors").is_some() {
            let reason = "a connector, whose policy SAM makes at the deployment";
            self.found.not_judged(name, resource.span.clone(), reason);
        }
        let Some(properties) = resource.get("Properties") else {
            return;
        };
        let property = |name: &str| properties.get(name);
        match kind {
            "AWS::IAM::Policy"
            | "AWS::IAM::ManagedPolicy"
            | "AWS::IAM::RolePolicy"
            | "AWS::IAM::UserPolicy"
            | "AWS::IAM::GroupPolicy" => self.document(name, property("PolicyDocument")),
            "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" => {
                self.embedded(name, property("Policies"));
                let at = format!("{name}.ManagedPolicyArns");
                self.attachments(&at, property("ManagedPolicyArns"));
                self.membership(name, property("Groups"));
            }
            "AWS::IAM::UserToGroupAddition" => self.membership(name, Some(properties)),
            "AWS::SSO::PermissionSet" => {
                self.document(name, property("InlinePolicy"));
                let at = format!("{name}.ManagedPolicies");
                self.attachments(&at, property("ManagedPolicies"));
                if let Some(references) = property("CustomerManagedPolicyReferences") {
                    let reason = "attaches customer managed policies, whose documents are not here";
                    self.found.not_judged(name, references.span.clone(), reason);
                }
            }
            "AWS::Serverless::Function" | "AWS::Serverless::StateMachine" => {
                self.sam_policies(&format!("{name}.Policies"), property("Policies"));
            }
            _ => {}
        }
    }

    fn membership(&mut self, name: &str, node: Option<&Node<'_>>) {
        let Some(node) = node else { return };
        let reason = "puts users into groups, whose policies are judged only where they stand";
        self.found.not_judged(name, node.span.clone(), reason);
    }

    fn document(&mut self, name: &str, document: Option<&'s Node<'s>>) {
        let Some(document) = document else { return };
        let content = Content::Template {
            document,
            mappings: self.root.get("Mappings"),
        };
        self.found.policy(name, document.span.clone(), content);
    }

    /// The inline policies of a role, user or group.
    fn embedded(&mut self, name: &str, policies: Option<&'s Node<'s>>) {
        for (index, policy) in policies.into_iter().flat_map(branches).enumerate() {
            let name = format!("{name}.Policies[{index}]");
            let document = policy.get("PolicyDocument");
            if document.is_none() {
                let reason = "the inline policy is not known before the deployment".to_owned();
                let span = policy.span.clone();
                self.found.policy(&name, span, Content::Unknown(reason));
            }
            self.document(&name, document);
        }
    }

    fn attachments(&mut self, at: &str, arns: Option<&'s Node<'s>>) {
        for arn in arns.into_iter().flat_map(branches) {
            self.attachment(at, arn);
        }
    }

    fn attachment(&mut self, at: &str, arn: &'s Node<'s>) {
        if self.is_made_here(arn) {
            return;
        }
        let arn_text = self.as_far_as_known(arn);
        let managed = self.managed;
        managed.attach(&mut self.found, at, arn.span.clone(), arn_text.as_deref());
    }

    /// Whether a reference names a resource of this template, which is judged itself.
    fn is_made_here(&self, node: &Node<'_>) -> bool {
        let get_att = node
            .get("Fn::GetAtt")
            .map(Node::one_or_many)
            .unwrap_or_default();
        let reference = node.get("Ref").or(get_att.first()).and_then(Node::text);
        let logical = reference.map(|text| text.split('.').next().unwrap_or(text));
        logical.is_some_and(|logical| self.root.at(&["Resources", logical]).is_some())
    }

    /// A text, with its unknown parts as the file has them.
    fn as_far_as_known(&self, node: &Node<'_>) -> Option<String> {
        let context = Context {
            mappings: self.root.get("Mappings"),
            conditions: None,
        };
        match evaluate(node, context)?.shape {
            Shape::Text(pieces) => {
                let pieces = pieces.into_iter().map(|piece| match piece {
                    Piece::Known(text) | Piece::Hole(text) => text,
                });
                Some(pieces.collect())
            }
            _ => None,
        }
    }
}

/// The entries that a list can have: of an `Fn::If`, those of both branches.
fn branches<'s>(node: &'s Node<'s>) -> Vec<&'s Node<'s>> {
    let entries = node.one_or_many().iter();
    entries
        .flat_map(|entry| match entry.get("Fn::If").map(Node::entries) {
            Some([_, yes, no]) => [branches(yes), branches(no)].concat(),
            _ if entry.get("Ref").and_then(Node::text) == Some("AWS::NoValue") => Vec::new(),
            _ => vec![entry],
        })
        .collect()
}

#[cfg(test)]
mod tests;
