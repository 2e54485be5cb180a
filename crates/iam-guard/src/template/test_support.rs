//! What the tests of verdicts on templates share.

use super::{Parameters, find, judge};
use crate::found::Content;
use crate::managed::ManagedPolicies;
use crate::source::Source;
use crate::tree::yaml;
use crate::verdict::Verdict;

/// The verdicts on the documents of a template in the order of their resources.
pub(super) fn verdicts(template: &str, parameters: &[&str]) -> Vec<(String, Verdict)> {
    let source = Source::new("test.yaml", template);
    let trees = yaml::parse(&source).unwrap();
    let parameters: Parameters = parameters.iter().map(|it| it.parse().unwrap()).collect();
    let managed = ManagedPolicies::default();
    let list = "s3:DeleteBucket,s3:DeleteObject".parse().unwrap();
    let found = find(&trees[0], &managed, &parameters).policies;
    let judged = found.into_iter().filter_map(|policy| match policy.content {
        Content::Template { document, scope } => {
            let assessment = judge(document, &scope, &list)?;
            Some((policy.name, assessment.verdict))
        }
        _ => None,
    });
    judged.collect()
}

/// The verdict on one policy with these statements in YAML's flow style.
pub(super) fn with(sections: &str, statements: &str, parameters: &[&str]) -> Option<Verdict> {
    let template = format!(
        "{sections}\nResources:\n  Bucket: {{Type: AWS::S3::Bucket}}\n  Made: {{Type: Custom::Made}}\n  Stack: {{Type: AWS::CloudFormation::Stack}}\n  Value: {{Type: AWS::SSM::Parameter}}\n  Run: {{Type: AWS::Serverless::Function}}\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties: {{PolicyDocument: {{Statement: {statements}}}}}\n"
    );
    let mut verdicts = verdicts(&template, parameters);
    assert!(verdicts.len() < 2);
    verdicts.pop().map(|(_, verdict)| verdict)
}

/// Asserts the verdict on an `Allow` with each action.
#[track_caller]
pub(super) fn actions(sections: &str, rows: &[(&str, Verdict)]) {
    for (action, expected) in rows {
        let statement = format!("[{{Effect: Allow, Action: {action}, Resource: '*'}}]");
        assert_eq!(with(sections, &statement, &[]), Some(*expected), "{action}");
    }
}
