//! The property `Policies` of SAM's resources ("AWS::Serverless::Function").

use super::{Finder, branches};
use crate::found::Content;
use crate::tree::Node;

/// The actions of each SAM policy template; see `data/README.md`.
const TEMPLATES: &str = include_str!("../../data/sam-policy-templates.tsv");

impl<'s> Finder<'s> {
    /// Finds documents, names or ARNs of managed policies, and policy templates: one or a list.
    pub(super) fn sam_policies(&mut self, at: &str, policies: Option<&'s Node<'s>>) {
        let Some(policies) = policies else { return };
        let entries = branches(policies);
        let is_list = entries.len() > 1 || !policies.entries().is_empty();
        for (index, entry) in entries.into_iter().enumerate() {
            let name = if is_list {
                format!("{at}[{index}]")
            } else {
                at.to_owned()
            };
            self.sam_policy(name, entry);
        }
    }

    fn sam_policy(&mut self, name: String, entry: &'s Node<'s>) {
        if let Some(text) = entry.text() {
            // SAM accepts the name of an AWS managed policy in place of its ARN.
            let arn = match text.contains(':') {
                true => text.to_owned(),
                false => format!("arn:aws:iam::aws:policy/{text}"),
            };
            let managed = self.managed;
            managed.attach(&mut self.found, &name, entry.span.clone(), Some(&arn));
            return;
        }
        let [member, ..] = entry.members() else {
            return;
        };
        if entry.get("Statement").is_some() || entry.get("PolicyDocument").is_some() {
            let document = entry.get("PolicyDocument").unwrap_or(entry);
            return self.document(&name, Some(document));
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
            return self.attachment(&name, entry);
        }
        if member.key.starts_with("Fn::") {
            let reason = "the policy is not known before the deployment".to_owned();
            let span = entry.span.clone();
            return self.found.policy(name, span, Content::Unknown(reason));
        }
        for member in entry.members() {
            let content = match actions(&member.key) {
                Some(actions) => Content::Text {
                    text: format!(
                        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":"arn:*"}}]}}"#
                    )
                    .into(),
                    what: Some(format!("the SAM policy template `{}`", member.key)),
                },
                None => Content::Unknown(format!(
                    "what `{}` grants is not known: it is no policy template of SAM",
                    member.key
                )),
            };
            self.found.policy(name.clone(), entry.span.clone(), content);
        }
    }
}

/// The actions of a policy template, as the entries of a JSON array.
fn actions(template: &str) -> Option<String> {
    let mut lines = TEMPLATES.lines().filter_map(|line| line.split_once('\t'));
    let (_, actions) = lines.find(|(name, _)| *name == template)?;
    let actions: Vec<String> = actions.split(',').map(|it| format!("\"{it}\"")).collect();
    Some(actions.join(","))
}
