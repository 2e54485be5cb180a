//! Resources of Kubernetes: ACK and Crossplane.

use crate::support::{Ran, check};
use crate::template::report;

const WIDE: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// A manifest in which words stand for a document and for an ARN.
fn text(group: &str, kind: &str, spec: &str) -> String {
    let spec = spec.replace("WIDE", &format!("'{WIDE}'"));
    let spec = spec.replace("ADMINISTRATOR", ADMINISTRATOR);
    format!("apiVersion: {group}/v1\nkind: {kind}\nmetadata: {{name: x}}\nspec: {spec}\n")
}

fn manifest(group: &str, kind: &str, spec: &str) -> Ran {
    check("x.yaml", &text(group, kind, spec))
}

/// Asserts what is said of a resource that is not judged.
#[track_caller]
fn is_named(manifest: &str, reason: &str) {
    let report = report("x.yaml", manifest);
    let note = format!("is not judged: {reason}");
    assert!(report.contains(&note), "{report}");
}

#[test]
fn what_counts_only_when_a_resource_is_made_is_judged() {
    let group = "iam.aws.upbound.io";
    let ran = manifest(
        group,
        "Policy",
        "{forProvider: {}, initProvider: {policy: WIDE}}",
    );
    ran.has_verdicts(&[("x", "restricted")]);
    let spec = "{forProvider: {role: r}, initProvider: {policyArn: ADMINISTRATOR}}";
    let ran = manifest(group, "RolePolicyAttachment", spec);
    ran.has_verdicts(&[("x (AdministratorAccess)", "restricted")]);
    let spec = "{forProvider: {policy: WIDE}, initProvider: {policy: WIDE}}";
    let ran = manifest(group, "Policy", spec);
    ran.has_verdicts(&[("x", "restricted"), ("x", "restricted")]);
}

#[test]
fn services_beside_iam_are_judged() {
    let state = r#"{typeName: "AWS::IAM::ManagedPolicy", desiredState: '{"PolicyDocument": DOC}'}"#;
    let state = state.replace("DOC", WIDE);
    let template = r#"{templateBody: '{"Resources":{"P":{"Type":"AWS::IAM::ManagedPolicy","Properties":{"PolicyDocument":DOC}}}}'}"#;
    let template = template.replace("DOC", WIDE);
    for owner in [
        "aws.upbound.io",
        "aws.m.upbound.io",
        "aws.crossplane.io",
        "services.k8s.aws",
    ] {
        for (service, kind, attributes, name) in [
            (
                "ssoadmin",
                "PermissionSetInlinePolicy",
                "{inlinePolicy: WIDE}",
                "x",
            ),
            (
                "ssoadmin",
                "ManagedPolicyAttachment",
                "{managedPolicyArn: ADMINISTRATOR}",
                "x (AdministratorAccess)",
            ),
            ("cloudcontrol", "Resource", &state, "x/Resource"),
            ("cloudformation", "Stack", &template, "x/P"),
            ("cloudformation", "StackSet", &template, "x/P"),
        ] {
            let group = format!("{service}.{owner}");
            for spec in [
                attributes.to_owned(),
                format!("{{forProvider: {attributes}}}"),
            ] {
                manifest(&group, kind, &spec).has_verdicts(&[(name, "restricted")]);
            }
        }
    }
    let apart = r#"{forProvider: {typeName: "AWS::IAM::Role"}, initProvider: {desiredState: '{"ManagedPolicyArns": ["ADMINISTRATOR"]}'}}"#;
    let ran = manifest("cloudcontrol.aws.upbound.io", "Resource", apart);
    let name = "x/Resource.ManagedPolicyArns (AdministratorAccess)";
    ran.has_verdicts(&[(name, "restricted")]);
}

#[test]
fn what_a_manifest_does_not_have_is_named() {
    let groups = "puts users into groups";
    let stack = "a stack of its own, whose template";
    for (service, kind, attributes, reason) in [
        (
            "iam",
            "UserGroupMembership",
            "{groups: [admins], user: bob}",
            groups,
        ),
        ("iam", "GroupMembership", "{users: [bob]}", groups),
        ("iam", "User", "{groups: [admins]}", groups),
        (
            "iam",
            "ServiceLinkedRole",
            "{}",
            "makes a role whose policy an AWS service defines",
        ),
        (
            "ssoadmin",
            "AccountAssignment",
            "{}",
            "gives a permission set",
        ),
        (
            "ssoadmin",
            "CustomerManagedPolicyAttachment",
            "{customerManagedPolicyReference: [{name: p}]}",
            "attaches a customer managed policy",
        ),
        ("cloudformation", "Stack", "{templateUrl: s3}", stack),
        ("cloudformation", "Stack", "{templateBody: ''}", stack),
        ("serverlessrepo", "CloudFormationStack", "{}", stack),
        (
            "servicecatalog",
            "ProvisionedProduct",
            "{}",
            "provisions a product",
        ),
    ] {
        let spec = format!("{{forProvider: {attributes}}}");
        is_named(
            &text(&format!("{service}.aws.upbound.io"), kind, &spec),
            reason,
        );
    }
    let ran = text(
        "iam.services.k8s.aws",
        "User",
        "{name: u, groups: [admins]}",
    );
    is_named(&ran, groups);
    let none = text("iam.services.k8s.aws", "User", "{groups: []}");
    assert!(!report("x.yaml", &none).contains("not judged"));
    let ran = manifest(
        "cloudcontrol.aws.upbound.io",
        "Resource",
        "{forProvider: {}}",
    );
    ran.has_verdicts(&[("x", "unknown")]);
    // Without permissions, it is no policy.
    let bucket = r#"{forProvider: {typeName: "AWS::S3::Bucket", desiredState: "{}"}}"#;
    let ran = manifest("cloudcontrol.aws.upbound.io", "Resource", bucket);
    assert_eq!(ran.code, 2, "{}", ran.diagnostics);
}

/// A composition with one resource of this kind and these patches.
fn composition(kind: &str, patches: &str) -> String {
    let base = format!(
        "{{apiVersion: iam.aws.upbound.io/v1beta1, kind: {kind}, metadata: {{name: b}}, spec: {{forProvider: {{}}}}}}"
    );
    let set = "{name: s, patches: [{fromFieldPath: a, toFieldPath: spec.forProvider.policy}]}";
    let spec = format!(
        "{{patchSets: [{set}], resources: [{{name: r, base: {base}, patches: [{patches}]}}]}}"
    );
    text("apiextensions.crossplane.io", "Composition", &spec)
}

#[test]
fn what_a_patch_sets_is_unknown() {
    for patch in [
        "{fromFieldPath: a, toFieldPath: spec.forProvider.policy}",
        "{fromFieldPath: a, toFieldPath: 'spec.initProvider[\"policy\"]'}",
        "{fromFieldPath: spec.forProvider.policy}",
        "{fromFieldPath: a, toFieldPath: 'spec.forProvider.inlinePolicy[0].policy'}",
        "{fromFieldPath: a, toFieldPath: spec.forProvider}",
        "{type: CombineFromComposite, combine: {}, toFieldPath: spec}",
        "{type: PatchSet, patchSetName: s}",
        "{type: PatchSet, patchSetName: another}",
    ] {
        check("x.yaml", &composition("Policy", patch)).has_verdicts(&[("b", "unknown")]);
    }
    let patch = "{fromFieldPath: a, toFieldPath: spec.forProvider.policyArn}";
    let ran = composition("RolePolicyAttachment", patch);
    is_named(
        &ran,
        "attaches a policy whose ARN is not known before the deployment",
    );
    for patch in [
        "{fromFieldPath: a, toFieldPath: spec.forProvider.tags.policy}",
        "{type: ToCompositeFieldPath, fromFieldPath: spec.forProvider.policy}",
    ] {
        check("x.yaml", &composition("Policy", patch)).has_verdicts(&[]);
    }
}

#[test]
fn resources_are_found_at_any_depth() {
    let inner = "{apiVersion: iam.services.k8s.aws/v1alpha1, kind: Policy, metadata: {name: p}, spec: {policyDocument: WIDE}}";
    let object = format!(
        "{{apiVersion: kubernetes.crossplane.io/v1alpha2, kind: Object, spec: {{references: [REFERENCE], forProvider: {{manifest: {inner}}}}}}}"
    );
    let spec =
        format!("{{pipeline: [{{input: {{kind: Resources, resources: [{{base: {object}}}]}}}}]}}");
    let group = "apiextensions.crossplane.io";
    let ran = manifest(group, "Composition", &spec.replace("REFERENCE", ""));
    ran.has_verdicts(&[("p", "restricted")]);
    let patched = spec.replace(
        "REFERENCE",
        "{patchesFrom: {}, toFieldPath: spec.policyDocument}",
    );
    let ran = manifest(group, "Composition", &patched);
    ran.has_verdicts(&[("p", "restricted"), ("p", "unknown")]);
}

#[test]
fn templates_and_programs_that_make_resources_are_named() {
    let inside = "a text with resources that can grant permissions";
    for (input, reason) in [
        (
            r#"{kind: GoTemplate, inline: {template: "apiVersion: iam.aws.upbound.io/v1\nkind: Policy"}}"#,
            inside,
        ),
        (
            r#"{kind: KCLInput, spec: {source: "apiVersion = 'iam.aws.m.upbound.io/v1'"}}"#,
            inside,
        ),
        (
            r#"{kind: Script, script: "from .model.io.upbound.aws.iam.policy import v1beta1"}"#,
            inside,
        ),
        (
            "{kind: GoTemplate, source: FileSystem}",
            "makes resources by code",
        ),
        (
            "{kind: KCLInput, spec: {source: 'oci://a/b'}}",
            "makes resources by code",
        ),
    ] {
        let spec = format!("{{mode: Pipeline, pipeline: [{{step: a, input: {input}}}]}}");
        let made = text("apiextensions.crossplane.io", "Composition", &spec);
        is_named(&made, reason);
    }
}
