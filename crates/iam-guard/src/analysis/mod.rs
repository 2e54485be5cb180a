//! Finds the policies in a file and judges them.

mod judging;

use iam_policy::RestrictedActions;

pub use judging::{Document, JudgedPolicy, pretty};

use crate::found::{Content, FoundPolicies, NotJudged};
use crate::input::Input;
use crate::managed::ManagedPolicies;
use crate::plan;
use crate::source::Source;
use crate::template::{self, Parameters, Scope};
use crate::tree::{Node, json, yaml};

/// The policies of a file.
#[derive(Debug, Default)]
pub struct Analysis {
    pub judged: Vec<JudgedPolicy>,
    pub not_judged: Vec<NotJudged>,
    /// Why the file as a whole was not judged, although its path was given.
    pub problem: Option<String>,
    /// Whether nothing in the file is about permissions.
    pub is_other: bool,
}

/// The settings of a check.
#[derive(Debug)]
pub struct Settings {
    pub restricted: RestrictedActions,
    pub managed: ManagedPolicies,
    /// What the deployment gives to the parameters of templates.
    pub parameters: Parameters,
    /// Whether a named file may be something other than a policy, a plan or a template.
    pub skip_others: bool,
    /// Whether a verdict that is not known may count as clean.
    pub allow_unknown: bool,
}

/// Finds the policies in a file and judges them.
pub fn analyze(input: &Input, settings: &Settings) -> Analysis {
    let source = &input.source;
    let is_expected = input.is_named && !settings.skip_others;
    // IAM returns documents percent-encoded; nothing else begins like this.
    if source.text.trim_start().starts_with('%') && is_expected {
        return file(input, None, settings);
    }
    match json::parse(&source.text) {
        Ok(root) => from_json(input, &root, settings),
        Err(_) if looks_like_yaml(source) => match yaml::parse(source) {
            Ok(roots) => from_yaml(input, &roots, settings),
            Err(error) if is_expected => problem(format!(
                "line {}: {error}; the file is not YAML",
                source.line(error.span.start)
            )),
            Err(_) => other(),
        },
        Err(_) if is_expected => match wrong_kind(source) {
            Some(reason) => problem(reason.to_owned()),
            None => file(input, None, settings),
        },
        // A broken document may grant anything, so it must not count as another kind of file.
        Err(_) if source.text.contains("\"Statement\"") && source.text.contains("\"Effect\"") => {
            file(input, None, settings)
        }
        Err(_) => other(),
    }
}

fn problem(problem: String) -> Analysis {
    Analysis {
        problem: Some(problem),
        ..Analysis::default()
    }
}

fn other() -> Analysis {
    Analysis {
        is_other: true,
        ..Analysis::default()
    }
}

fn file_name(source: &Source) -> &str {
    source.name.rsplit(['/', '\\']).next().unwrap_or_default()
}

fn extension(source: &Source) -> String {
    let extension = file_name(source)
        .rsplit_once('.')
        .map(|(_, extension)| extension);
    extension.unwrap_or_default().to_ascii_lowercase()
}

/// Whether a text that is not JSON can be a template.
fn looks_like_yaml(source: &Source) -> bool {
    let is_named_so = matches!(extension(source).as_str(), "yaml" | "yml" | "template");
    let words = ["AWSTemplateFormatVersion:", "Resources:", "Statement:"];
    let begins = |line: &str| words.iter().any(|word| line.starts_with(word));
    is_named_so || extension(source) != "json" && source.text.lines().any(begins)
}

/// What to do with a file that people often give by mistake.
fn wrong_kind(source: &Source) -> Option<&'static str> {
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

fn from_yaml(input: &Input, roots: &[Node<'_>], settings: &Settings) -> Analysis {
    let mut all = Analysis::default();
    for root in roots {
        let found = if template::is_template(root) {
            template::find(root, &settings.managed, &settings.parameters)
        } else if root.get("Statement").is_some() && (input.is_named || is_identity_policy(root)) {
            let mut found = FoundPolicies::default();
            let content = Content::Template {
                document: root,
                scope: Scope::default(),
            };
            found.policy(short_name(&input.source), root.span.clone(), content);
            found
        } else {
            continue;
        };
        let analysis = judged(input, found, None, settings);
        all.judged.extend(analysis.judged);
        all.not_judged.extend(analysis.not_judged);
    }
    let is_empty = all.judged.is_empty() && all.not_judged.is_empty();
    let is_about = roots
        .iter()
        .any(|root| template::is_template(root) || root.get("Statement").is_some());
    all.is_other = is_empty && !is_about;
    if all.is_other && input.is_named && !settings.skip_others {
        all.problem = Some("this is neither a policy document nor a template".to_owned());
    }
    all
}

fn from_json(input: &Input, root: &Node<'_>, settings: &Settings) -> Analysis {
    if plan::is_plan(root) {
        return judged(input, plan::find(root, &settings.managed), None, settings);
    }
    if template::is_template(root) {
        let found = template::find(root, &settings.managed, &settings.parameters);
        return judged(input, found, None, settings);
    }
    if is_trust_policy(root) {
        let mut analysis = Analysis::default();
        if input.is_named {
            analysis.not_judged.push(NotJudged {
                name: short_name(&input.source),
                span: root.span.clone(),
                reason: "a trust policy, which grants nothing to its role".to_owned(),
            });
        }
        return analysis;
    }
    let is_expected = input.is_named && !settings.skip_others;
    if is_expected || is_identity_policy(root) {
        return file(input, Some(root), settings);
    }
    other()
}

fn statements<'n>(root: &'n Node<'n>) -> &'n [Node<'n>] {
    root.get("Statement")
        .map(Node::one_or_many)
        .unwrap_or_default()
}

fn names_principal(statement: &Node<'_>) -> bool {
    statement.get("Principal").is_some() || statement.get("NotPrincipal").is_some()
}

/// Whether a document is a trust policy. Only a trust policy has principals and no resource.
fn is_trust_policy(root: &Node<'_>) -> bool {
    let trusts = |statement: &Node<'_>| {
        let has_resource = ["Resource", "NotResource"]
            .iter()
            .any(|it| statement.get(it).is_some());
        let actions = statement
            .get("Action")
            .map(Node::one_or_many)
            .unwrap_or_default();
        let is_sts = |action: &Node<'_>| {
            action
                .text()
                .is_some_and(|it| it.to_ascii_lowercase().starts_with("sts:"))
        };
        names_principal(statement) && !has_resource && actions.iter().all(is_sts)
    };
    !statements(root).is_empty() && statements(root).iter().all(trusts)
}

/// Whether a tree looks like an identity-based policy. A resource-based policy, such as that of a
/// bucket, names a principal.
fn is_identity_policy(root: &Node<'_>) -> bool {
    let is_statement = |statement: &Node<'_>| {
        (statement.get("Effect").is_some() || statement.get("Action").is_some())
            && !names_principal(statement)
    };
    statements(root).iter().any(is_statement)
}

/// The file as one policy document.
fn file(input: &Input, root: Option<&Node<'_>>, settings: &Settings) -> Analysis {
    let mut found = FoundPolicies::default();
    let span = root.map_or_else(|| input.source.everything(), |root| root.span.clone());
    found.policy(short_name(&input.source), span, Content::File);
    judged(input, found, root, settings)
}

/// The name of the file in reports.
fn short_name(source: &Source) -> String {
    match file_name(source) {
        "-" => "standard input".to_owned(),
        name => name.to_owned(),
    }
}

fn judged(
    input: &Input,
    found: FoundPolicies<'_>,
    root: Option<&Node<'_>>,
    settings: &Settings,
) -> Analysis {
    Analysis {
        judged: judging::judge_all(input, found.policies, root, &settings.restricted),
        not_judged: found.not_judged,
        ..Analysis::default()
    }
}
