//! SAM's connectors, which add a policy to the role of one of their ends
//! ("AWS::Serverless::Connector").

use super::resources::{Resource, text};
use super::{Finder, Scope, branches, last_members};
use crate::tree::Node;

/// The actions that each connector adds; see `data/README.md`. A connector that changes a policy of
/// the resource only adds none.
const PROFILES: &str = include_str!("../../data/sam-connectors.tsv");

impl<'s> Finder<'s> {
    pub(super) fn connector(&mut self, resource: &Resource<'s>) {
        let properties = &resource.properties;
        let source = properties.get("Source");
        let source = source.and_then(|(node, scope)| end_kind(node, &scope));
        let destination = properties.get("Destination");
        let permissions = properties.get("Permissions");
        self.connect(&resource.name, resource, source, destination, permissions);
    }

    /// The connectors that a resource has as an attribute.
    pub(super) fn embedded_connectors(
        &mut self,
        kind: &str,
        resource: &Resource<'s>,
        connectors: &'s Node<'s>,
    ) {
        for member in last_members(connectors) {
            let name = format!("{}.Connectors.{}", resource.name, member.key);
            let property = |key: &str| {
                let value = member.value.at(&["Properties", key])?;
                Some((value, resource.scope.clone()))
            };
            let kind = Some(cloud_formation(kind).to_owned());
            let (destination, permissions) = (property("Destination"), property("Permissions"));
            self.connect(&name, resource, kind, destination, permissions);
        }
    }

    fn connect(
        &mut self,
        name: &str,
        resource: &Resource<'s>,
        source: Option<String>,
        destination: Option<(&'s Node<'s>, Scope<'s>)>,
        permissions: Option<(&'s Node<'s>, Scope<'s>)>,
    ) {
        let span = resource.span.clone();
        let ends = destination.map(|(node, scope)| {
            let ends = branches(node, &scope).into_iter();
            ends.map(|end| end_kind(end.node, &end.scope)).collect()
        });
        let ends: Vec<Option<String>> = ends.unwrap_or_default();
        let categories = permissions.map(|(node, scope)| {
            let entries = branches(node, &scope).into_iter();
            entries
                .map(|entry| text(entry.node, &entry.scope))
                .collect()
        });
        let categories: Vec<Option<String>> = categories.unwrap_or_default();
        let mut actions = Some(Vec::new());
        for end in &ends {
            for category in &categories {
                let added = match (&source, end, category) {
                    (Some(source), Some(end), Some(category)) => added(source, end, category),
                    _ => None,
                };
                actions = actions.zip(added).map(|(mut all, added)| {
                    all.extend(added);
                    all
                });
            }
        }
        match actions {
            Some(actions) if !ends.is_empty() && !categories.is_empty() => {
                if !actions.is_empty() {
                    let what = "the policy that SAM makes for the connector".to_owned();
                    self.actions(name.to_owned(), span, &actions, what);
                }
            }
            _ => {
                let reason = "what the connector grants is not known before the deployment";
                self.unknown(name, span, reason);
            }
        }
    }
}

/// The actions that a connector between resources of these types adds to a role; `None` if SAM does
/// not have it.
pub(super) fn added(source: &str, destination: &str, category: &str) -> Option<Vec<&'static str>> {
    let of_line = |line: &'static str| {
        let mut fields = line.split('\t');
        let is_it = [source, destination, category]
            .iter()
            .all(|own| fields.next() == Some(own));
        fields.next().filter(|_| is_it)
    };
    let actions = PROFILES.lines().find_map(of_line)?;
    Some(actions.split(',').filter(|it| !it.is_empty()).collect())
}

/// The type of an end of a connector, as CloudFormation has it.
fn end_kind(end: &Node<'_>, scope: &Scope<'_>) -> Option<String> {
    let kind = match end.get("Id") {
        Some(id) => scope.template()?.kind(&text(id, scope)?)?.to_owned(),
        None => text(end.get("Type")?, scope)?,
    };
    Some(cloud_formation(&kind).to_owned())
}

/// The type that a resource of SAM becomes.
fn cloud_formation(kind: &str) -> &str {
    match kind {
        "AWS::Serverless::Api" => "AWS::ApiGateway::RestApi",
        "AWS::Serverless::Function" => "AWS::Lambda::Function",
        "AWS::Serverless::GraphQLApi" => "AWS::AppSync::GraphQLApi",
        "AWS::Serverless::HttpApi" => "AWS::ApiGatewayV2::Api",
        "AWS::Serverless::SimpleTable" => "AWS::DynamoDB::Table",
        "AWS::Serverless::StateMachine" => "AWS::StepFunctions::StateMachine",
        other => other,
    }
}
