//! The resources that grant IAM permissions, and the attributes that say which.

/// What an attribute has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// A policy document.
    Document,
    /// Inline policies: objects that have the document in this attribute.
    Inline(&'static str),
    /// The ARNs of managed policies.
    Attachments,
    /// The ARN of a permission set.
    PermissionSet,
    /// A CloudFormation template.
    Template,
    /// A resource of the Cloud Control API as JSON.
    DesiredState,
    /// Something that the report only names: a sentence without a full stop.
    Named(&'static str),
}

/// An attribute of a resource.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute {
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    pub(super) holds: Holds,
    /// Whether the provider can set it where the configuration does not. Then a plan lists it as
    /// unknown, although it carries no policy.
    pub(super) is_optional: bool,
}

const fn required(kind: &'static str, name: &'static str, holds: Holds) -> Attribute {
    Attribute {
        kind,
        name,
        holds,
        is_optional: false,
    }
}

const fn optional(kind: &'static str, name: &'static str, holds: Holds) -> Attribute {
    Attribute {
        kind,
        name,
        holds,
        is_optional: true,
    }
}

const MEMBERSHIP: Holds =
    Holds::Named("puts users into groups, whose policies are judged only where they stand");
const CUSTOMER_MANAGED: Holds =
    Holds::Named("attaches a customer managed policy, whose document is not here");
const SERVICE_LINKED: Holds = Holds::Named("makes a role whose policy an AWS service defines");
const PRODUCT: Holds = Holds::Named("provisions a product, whose template is not here");
const APPLICATION: Holds = Holds::Named("a stack of its own, whose template is not here");

const PACK: Holds = Holds::Named("deploys the template of a conformance pack");
const INSTANCES: Holds =
    Holds::Named("deploys a stack set, whose template is judged only where it stands");
const ROTATION: Holds = Holds::Named("makes a function and its role, as AWS defines them");

/// All attributes that are read, by the types of their resources.
const ATTRIBUTES: [Attribute; 56] = {
    use Holds::{Attachments, DesiredState, Document, Inline, PermissionSet, Template};
    [
        required("aws_iam_policy", "policy", Document),
        required("aws_iam_role_policy", "policy", Document),
        required("aws_iam_user_policy", "policy", Document),
        required("aws_iam_group_policy", "policy", Document),
        optional("aws_iam_role", "inline_policy", Inline("policy")),
        optional("aws_iam_role", "managed_policy_arns", Attachments),
        required("aws_iam_role_policy_attachment", "policy_arn", Attachments),
        required("aws_iam_user_policy_attachment", "policy_arn", Attachments),
        required("aws_iam_group_policy_attachment", "policy_arn", Attachments),
        required("aws_iam_policy_attachment", "policy_arn", Attachments),
        required(
            "aws_iam_role_policy_attachments_exclusive",
            "policy_arns",
            Attachments,
        ),
        required(
            "aws_iam_user_policy_attachments_exclusive",
            "policy_arns",
            Attachments,
        ),
        required(
            "aws_iam_group_policy_attachments_exclusive",
            "policy_arns",
            Attachments,
        ),
        required(
            "aws_quicksight_iam_policy_assignment",
            "policy_arn",
            Attachments,
        ),
        required("aws_iam_group_membership", "group", MEMBERSHIP),
        required("aws_iam_user_group_membership", "user", MEMBERSHIP),
        required(
            "aws_iam_service_linked_role",
            "aws_service_name",
            SERVICE_LINKED,
        ),
        required(
            "aws_ssoadmin_permission_set_inline_policy",
            "inline_policy",
            Document,
        ),
        required(
            "aws_ssoadmin_managed_policy_attachment",
            "managed_policy_arn",
            Attachments,
        ),
        required(
            "aws_ssoadmin_managed_policy_attachments_exclusive",
            "managed_policy_arns",
            Attachments,
        ),
        required(
            "aws_ssoadmin_customer_managed_policy_attachment",
            "customer_managed_policy_reference",
            CUSTOMER_MANAGED,
        ),
        required(
            "aws_ssoadmin_customer_managed_policy_attachments_exclusive",
            "customer_managed_policy_reference",
            CUSTOMER_MANAGED,
        ),
        required(
            "aws_ssoadmin_account_assignment",
            "permission_set_arn",
            PermissionSet,
        ),
        required(
            "aws_ssoadmin_account_assignments",
            "permission_set_arn",
            PermissionSet,
        ),
        optional("aws_cloudformation_stack", "template_body", Template),
        optional("aws_cloudformation_stack_set", "template_body", Template),
        required(
            "aws_cloudcontrolapi_resource",
            "desired_state",
            DesiredState,
        ),
        required(
            "aws_serverlessapplicationrepository_cloudformation_stack",
            "application_id",
            APPLICATION,
        ),
        required(
            "aws_servicecatalog_provisioned_product",
            "product_id",
            PRODUCT,
        ),
        required("aws_servicecatalog_product", "arn", PRODUCT),
        required("aws_sagemaker_project", "arn", PRODUCT),
        required("aws_config_conformance_pack", "arn", PACK),
        required(
            "aws_cloudformation_stack_set_instance",
            "stack_set_name",
            INSTANCES,
        ),
        required(
            "aws_cloudformation_stack_instances",
            "stack_set_name",
            INSTANCES,
        ),
        // The provider of the Cloud Control API.
        required("awscc_config_conformance_pack", "id", PACK),
        optional(
            "awscc_secretsmanager_rotation_schedule",
            "hosted_rotation_lambda",
            ROTATION,
        ),
        required("awscc_iam_managed_policy", "policy_document", Document),
        optional("awscc_iam_role_policy", "policy_document", Document),
        optional("awscc_iam_user_policy", "policy_document", Document),
        optional("awscc_iam_group_policy", "policy_document", Document),
        optional("awscc_iam_role", "policies", Inline("policy_document")),
        optional("awscc_iam_role", "managed_policy_arns", Attachments),
        optional("awscc_iam_user", "policies", Inline("policy_document")),
        optional("awscc_iam_user", "managed_policy_arns", Attachments),
        optional("awscc_iam_user", "groups", MEMBERSHIP),
        optional("awscc_iam_group", "policies", Inline("policy_document")),
        optional("awscc_iam_group", "managed_policy_arns", Attachments),
        required(
            "awscc_iam_service_linked_role",
            "aws_service_name",
            SERVICE_LINKED,
        ),
        optional("awscc_sso_permission_set", "inline_policy", Document),
        optional("awscc_sso_permission_set", "managed_policies", Attachments),
        optional(
            "awscc_sso_permission_set",
            "customer_managed_policy_references",
            CUSTOMER_MANAGED,
        ),
        required("awscc_sso_assignment", "permission_set_arn", PermissionSet),
        optional("awscc_cloudformation_stack", "template_body", Template),
        optional("awscc_cloudformation_stack_set", "template_body", Template),
        required(
            "awscc_servicecatalog_cloudformation_provisioned_product",
            "product_id",
            PRODUCT,
        ),
        required(
            "awscc_quicksight_iam_policy_assignment",
            "policy_arn",
            Attachments,
        ),
    ]
};

/// Resources that others refer to, and the attributes that name them.
const NAMED_BY: [(&str, Made, &[&str]); 4] = [
    ("aws_iam_policy", Made::Policy, &["arn", "id"]),
    (
        "awscc_iam_managed_policy",
        Made::Policy,
        &["policy_arn", "id"],
    ),
    (
        "aws_ssoadmin_permission_set",
        Made::PermissionSet,
        &["arn", "id"],
    ),
    (
        "awscc_sso_permission_set",
        Made::PermissionSet,
        &["permission_set_arn"],
    ),
];

/// Something that a plan makes and that its other resources can give to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    Policy,
    PermissionSet,
}

/// The data source that writes policy documents.
pub(super) const DOCUMENT: &str = "aws_iam_policy_document";

/// The attributes of resources of this type.
pub(super) fn attributes(kind: &str) -> impl Iterator<Item = &'static Attribute> {
    ATTRIBUTES.iter().filter(move |it| it.kind == kind)
}

/// What resources of this type are, and the attributes that name them.
pub(super) fn made(kind: &str) -> Option<(Made, &'static [&'static str])> {
    let mut named = NAMED_BY.iter();
    let (_, made, attributes) = named.find(|(own, ..)| *own == kind)?;
    Some((*made, attributes))
}

/// Whether resources and data sources of this type are read at all.
pub(crate) fn is_read(kind: &str) -> bool {
    kind == DOCUMENT || made(kind).is_some() || attributes(kind).next().is_some()
}

/// Whether an attribute of this name is read. The others of a plan are not kept in memory.
pub(crate) fn is_read_attribute(name: &str) -> bool {
    matches!(
        name,
        "policy"
            | "policies"
            | "policy_arn"
            | "policy_arns"
            | "policy_document"
            | "inline_policy"
            | "managed_policies"
            | "managed_policy_arn"
            | "managed_policy_arns"
            | "customer_managed_policy_reference"
            | "customer_managed_policy_references"
            | "permission_set_arn"
            | "group"
            | "groups"
            | "user"
            | "aws_service_name"
            | "template_body"
            | "template_url"
            | "type_name"
            | "desired_state"
            | "application_id"
            | "product_id"
            | "stack_set_name"
            | "hosted_rotation_lambda"
            | "arn"
            | "id"
            | "version"
            | "statement"
            | "source_json"
            | "source_policy_documents"
            | "override_json"
            | "override_policy_documents"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_is_kept() {
        let own = ATTRIBUTES.iter().map(|attribute| attribute.name);
        let named = NAMED_BY
            .iter()
            .flat_map(|(.., names)| names.iter().copied());
        for name in own.chain(named) {
            assert!(is_read_attribute(name), "{name}");
        }
    }
}
