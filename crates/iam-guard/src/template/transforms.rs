//! Macros and modules, which change the template at the deployment ("Fn::Transform", "Transform").

use super::Finder;
use crate::tree::Node;

/// Transforms of AWS that add no policies but those that this module reads itself.
const READ: [&str; 4] = [
    "AWS::CodeDeployBlueGreen",
    "AWS::LanguageExtensions",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
];

impl Finder<'_> {
    /// Names the macros over the whole template.
    pub(super) fn transforms(&mut self) {
        let root = self.root;
        for key in ["Transform", "Fn::Transform"] {
            for transform in root.get(key).map(Node::one_or_many).unwrap_or_default() {
                self.transform(transform);
            }
        }
    }

    /// Names the modules, which a tool inserts before the deployment.
    pub(super) fn modules(&mut self) {
        let root = self.root;
        for module in root.members_of("Modules") {
            let reason = "a module, whose resources are not here";
            let name = module.key.to_string();
            self.found.not_judged(name, module.key_span.clone(), reason);
        }
    }

    fn transform(&mut self, transform: &Node<'_>) {
        let name = transform.text().or_else(|| transform.get("Name")?.text());
        let name = name.unwrap_or("Transform");
        if READ.contains(&name) || name.starts_with("AWS::Serverless-") {
            return;
        }
        let reason = match name {
            "AWS::Include" => "inserts a file into the template, which is not here",
            _ => "a macro, which can add policies to the template at the deployment",
        };
        self.found.not_judged(name, transform.span.clone(), reason);
    }
}
