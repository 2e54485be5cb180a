//! Resources that deploy a template of their own.

use super::Finder;
use super::intrinsics::{canonical, is_function};
use super::resources::{Resource, text};
use crate::tree::Value;

/// Whether resources of this type deploy a template.
pub(super) fn deploys(kind: &str) -> bool {
    matches!(
        kind,
        "AWS::CloudFormation::Stack"
            | "AWS::CloudFormation::StackSet"
            | "AWS::Config::ConformancePack"
            | "AWS::Config::OrganizationConformancePack"
            | "AWS::SageMaker::Project"
            | "AWS::SecretsManager::RotationSchedule"
            | "AWS::Serverless::Application"
            | "AWS::ServiceCatalog::CloudFormationProduct"
            | "AWS::ServiceCatalog::CloudFormationProvisionedProduct"
    )
}

impl<'s> Finder<'s> {
    pub(super) fn stack(&mut self, kind: &str, resource: &Resource<'s>) {
        let properties = &resource.properties;
        let reason = match kind {
            "AWS::SecretsManager::RotationSchedule" => {
                if properties.node("HostedRotationLambda").is_none() {
                    return;
                }
                "makes a function with a role of its own, whose policies are not here"
            }
            "AWS::ServiceCatalog::CloudFormationProduct"
            | "AWS::ServiceCatalog::CloudFormationProvisionedProduct"
            | "AWS::SageMaker::Project" => {
                "a product of Service Catalog, whose template is not here"
            }
            _ => "a stack of its own, whose template is not here",
        };
        let Some((body, scope)) = properties.get("TemplateBody") else {
            let span = resource.span.clone();
            return self.found.not_judged(&resource.name, span, reason);
        };
        // A template as an object is deployed as its JSON. Its functions are its own.
        let known = match &body.value {
            Value::Object(members) if !members.iter().any(|it| is_function(&it.key)) => {
                Some(canonical(body))
            }
            _ => text(body, &scope),
        };
        let span = body.span.clone();
        match known {
            Some(known) if known.trim().is_empty() => {
                self.found.not_judged(&resource.name, span, reason);
            }
            Some(known) => self.found.template(&resource.name, span, known),
            None => {
                let reason =
                    "a stack of its own, whose template is not known before the deployment";
                self.found.not_judged(&resource.name, span, reason);
            }
        }
    }
}
