//! What a file is, by its content.

use crate::source::{Source, Span};
use crate::tree::{Node, TreeError};

/// What a file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Template,
    Plan,
    Document,
    /// An answer of the AWS CLI or of an API of AWS.
    Answer,
    /// A policy as a resource of Kubernetes.
    Manifest,
    /// The configuration of the Serverless Framework.
    Serverless,
    TrustPolicy,
    ResourcePolicy,
    /// Nothing in the file is about permissions.
    #[default]
    Other,
}

impl Kind {
    /// A number of files of this kind, in words.
    pub fn counted(self, count: usize) -> String {
        let (one, many) = match self {
            Self::Template => ("template", "templates"),
            Self::Plan => ("Terraform plan", "Terraform plans"),
            Self::Document => ("policy document", "policy documents"),
            Self::Answer => ("answer of AWS", "answers of AWS"),
            Self::Manifest => ("Kubernetes manifest", "Kubernetes manifests"),
            Self::Serverless => (
                "Serverless Framework configuration",
                "Serverless Framework configurations",
            ),
            Self::TrustPolicy => ("trust policy", "trust policies"),
            Self::ResourcePolicy => ("resource-based policy", "resource-based policies"),
            Self::Other => ("file without policies", "files without policies"),
        };
        format!("{count} {}", if count == 1 { one } else { many })
    }
}

/// The kind of a policy document by its principals.
///
/// Only a trust policy has principals and no resource. IAM refuses principals in the policies of
/// users, groups and roles ("AWS JSON policy elements: Principal"), so a document that has one in
/// each statement belongs to a resource.
pub(super) fn of_document(root: &Node<'_>) -> Kind {
    let statements = statements(root);
    if statements.is_empty() || !statements.iter().all(names_principal) {
        return Kind::Document;
    }
    let trusts = |statement: &Node<'_>| {
        let has_resource = ["Resource", "NotResource"]
            .iter()
            .any(|it| statement.get(it).is_some());
        let actions = statement.get("Action").map(Node::one_or_many);
        let is_sts = |action: &Node<'_>| {
            action
                .text()
                .is_some_and(|it| it.to_ascii_lowercase().starts_with("sts:"))
        };
        !has_resource && actions.unwrap_or_default().iter().all(is_sts)
    };
    match statements.iter().all(trusts) {
        true => Kind::TrustPolicy,
        false => Kind::ResourcePolicy,
    }
}

/// The place of a policy document of a user, group or role anywhere in a tree.
pub(super) fn document_inside(root: &Node<'_>) -> Option<Span> {
    let is_of_identity = |statement: &Node<'_>| {
        let grants = ["Action", "NotAction"]
            .iter()
            .any(|it| statement.get(it).is_some());
        grants && statement.get("Effect").is_some() && !names_principal(statement)
    };
    if statements(root).iter().any(is_of_identity) {
        return Some(root.span.clone());
    }
    let members = root.members().iter().map(|member| &member.value);
    members.chain(root.entries()).find_map(document_inside)
}

/// Whether a tree with a member `Statement` looks like a policy document, and not like something
/// else that has such a member.
pub(super) fn looks_like_document(root: &Node<'_>) -> bool {
    let is_statement = |statement: &Node<'_>| {
        statement.get("Effect").is_some() || statement.get("Action").is_some()
    };
    statements(root).iter().any(is_statement)
}

fn statements<'n>(root: &'n Node<'n>) -> &'n [Node<'n>] {
    root.get("Statement")
        .map(Node::one_or_many)
        .unwrap_or_default()
}

fn names_principal(statement: &Node<'_>) -> bool {
    statement.get("Principal").is_some() || statement.get("NotPrincipal").is_some()
}

/// What a text that cannot be read says that it is, as the end of a sentence.
///
/// A file that carries policies must not count as another kind of file because it cannot be read.
pub(super) fn claimed(text: &str) -> Option<&'static str> {
    let has = |word: &str| text.contains(word);
    let has_all = |words: &[&str]| words.iter().all(|word| has(word));
    let has_line = |start: &str| text.lines().any(|line| line.starts_with(start));
    if has("AWSTemplateFormatVersion")
        || has("AWS::Serverless-2016-10-31")
        || (has_line("Resources:") || has("\"Resources\"")) && has("AWS::")
    {
        return Some("a CloudFormation template");
    }
    if has_all(&["\"format_version\"", "\"terraform_version\""]) {
        return Some("a Terraform plan");
    }
    if has_all(&["\"Statement\"", "\"Effect\""]) || has_all(&["Statement:", "Effect:"]) {
        return Some("a policy document");
    }
    let answers = [
        "\"UserDetailList\"",
        "\"RoleDetailList\"",
        "\"GroupDetailList\"",
        "\"PolicyVersionList\"",
        "\"PolicyDocument\"",
    ];
    if answers.iter().any(|name| has(name)) {
        return Some("an answer of AWS");
    }
    let groups = [
        "iam.services.k8s.aws/",
        "iam.aws.crossplane.io/",
        "iam.aws.upbound.io/",
    ];
    if has_line("apiVersion:") && groups.iter().any(|group| has(group)) {
        return Some("a policy for Kubernetes");
    }
    if has_line("service:") && has_line("provider:") && has("tatements:") {
        return Some("a configuration of the Serverless Framework");
    }
    None
}

/// Whether IAM, which reads JSON less strictly than this command, might accept a text.
///
/// The texts are what serde_json says about numbers, escapes and control characters that are
/// certainly inside of a document that is complete otherwise.
pub(super) fn may_be_accepted(error: &TreeError) -> bool {
    let lenient = [
        "number out of range",
        "hex escape",
        "invalid escape",
        "unicode code point",
        "control character",
        "recursion limit",
    ];
    lenient.iter().any(|it| error.message.contains(it))
}

/// What to do with a file that people often give by mistake, by its name.
pub(super) fn wrong_kind(source: &Source) -> Option<&'static str> {
    match extension(source).as_str() {
        "tf" | "hcl" | "tfvars" => Some(
            "this is Terraform code; run `terraform plan -out=FILE`, and check what `terraform show -json FILE` prints",
        ),
        "tfplan" => Some(
            "this is a plan in Terraform's own format; check what `terraform show -json FILE` prints",
        ),
        "ts" | "py" | "js" | "go" | "java" | "md" => {
            Some("this is neither a policy document, nor a Terraform plan, nor a template")
        }
        _ => None,
    }
}

/// Whether a text that is not JSON can be YAML.
pub(super) fn looks_like_yaml(source: &Source) -> bool {
    let is_named_so = matches!(extension(source).as_str(), "yaml" | "yml" | "template");
    let words = [
        "AWSTemplateFormatVersion:",
        "Resources:",
        "Statement:",
        "apiVersion:",
        "service:",
    ];
    let begins = |line: &str| words.iter().any(|word| line.starts_with(word));
    is_named_so || extension(source) != "json" && source.text.lines().any(begins)
}

/// Whether a text begins like a document as the API of IAM returns it: with a percent-encoded `{`,
/// or white space before it. A directive of YAML begins with a percent sign, too.
pub(super) fn is_percent_encoded(text: &str) -> bool {
    let mut rest = text.trim_start();
    loop {
        rest = match rest.get(..3).map(str::to_ascii_lowercase).as_deref() {
            Some("%7b") => return true,
            Some("%20" | "%09" | "%0a" | "%0d") => rest.get(3..).unwrap_or_default(),
            _ => return false,
        };
    }
}

pub(super) fn file_name(source: &Source) -> &str {
    source.name.rsplit(['/', '\\']).next().unwrap_or_default()
}

fn extension(source: &Source) -> String {
    let extension = file_name(source)
        .rsplit_once('.')
        .map(|(_, extension)| extension);
    extension.unwrap_or_default().to_ascii_lowercase()
}
