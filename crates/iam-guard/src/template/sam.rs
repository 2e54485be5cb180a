//! The property `Policies` of SAM's resources ("AWS::Serverless::Function").

use super::{Finder, Scope, branches};
use crate::tree::Node;

/// The actions of each SAM policy template; see `data/README.md`.
const TEMPLATES: &str = include_str!("../../data/sam-policy-templates.tsv");

impl<'s> Finder<'s> {
    /// Finds documents, names or ARNs of managed policies, and policy templates: one or a list.
    pub(super) fn sam_policies(&mut self, at: &str, policies: &'s Node<'s>, scope: &Scope<'s>) {
        let is_list = !policies.entries().is_empty();
        let entries = branches(policies, scope);
        let is_list = is_list || entries.len() > 1;
        for entry in entries {
            let name = match is_list {
                true => format!("{at}[{}]", entry.index),
                false => at.to_owned(),
            };
            self.sam_policy(name, entry.node, &entry.scope);
        }
    }

    fn sam_policy(&mut self, name: String, entry: &'s Node<'s>, scope: &Scope<'s>) {
        if let Some(text) = entry.text() {
            // SAM accepts the name of an AWS managed policy in place of its ARN.
            return match text.contains(':') {
                true => self.attachment(&name, entry, scope),
                false => self.attach_managed(&name, entry.span.clone(), text),
            };
        }
        let [member, ..] = entry.members() else {
            return;
        };
        if entry.get("Statement").is_some() || entry.get("PolicyDocument").is_some() {
            let document = entry.get("PolicyDocument").unwrap_or(entry);
            return self.document(&name, document, scope.clone());
        }
        let is_arn = matches!(
            member.key.as_ref(),
            "Ref"
                | "Fn::FindInMap"
                | "Fn::GetAtt"
                | "Fn::ImportValue"
                | "Fn::Join"
                | "Fn::Select"
                | "Fn::Sub"
        );
        if is_arn {
            return self.attachment(&name, entry, scope);
        }
        if member.key.starts_with("Fn::") {
            let reason = "the policy is not known before the deployment";
            return self.unknown(name, entry.span.clone(), reason);
        }
        for member in entry.members() {
            let span = entry.span.clone();
            match actions(&member.key) {
                Some(actions) => {
                    let what = format!("the SAM policy template `{}`", member.key);
                    self.actions(name.clone(), span, &actions, what);
                }
                None => {
                    let reason = format!(
                        "what `{}` grants is not known: it is no policy template of SAM",
                        member.key
                    );
                    self.unknown(name.clone(), span, reason);
                }
            }
        }
    }
}

/// The actions of a policy template.
fn actions(template: &str) -> Option<Vec<&'static str>> {
    let mut lines = TEMPLATES.lines().filter_map(|line| line.split_once('\t'));
    let (_, actions) = lines.find(|(name, _)| *name == template)?;
    Some(actions.split(',').collect())
}
