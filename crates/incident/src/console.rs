use crate::{ExecutionArn, PolicyRef};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters that stay as they are inside one segment of a console link.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Links into the AWS Management Console of the right partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    host: &'static str,
}

impl Console {
    /// The console of a partition such as `aws-us-gov`.
    #[must_use]
    pub fn of_partition(partition: &str) -> Self {
        let host = match partition {
            "aws-cn" => "console.amazonaws.cn",
            "aws-us-gov" => "console.amazonaws-us-gov.com",
            _ => "console.aws.amazon.com",
        };
        Self { host }
    }

    /// The page of an execution.
    #[must_use]
    pub fn execution(&self, execution: &ExecutionArn) -> String {
        let region = execution.region();
        // The console's router takes the ARN with its colons.
        format!(
            "https://{}/states/home?region={region}#/v2/executions/details/{execution}",
            self.regional(region)
        )
    }

    /// The page of a policy.
    #[must_use]
    pub fn policy(&self, policy: &PolicyRef) -> String {
        let host = self.host;
        match policy {
            PolicyRef::Managed { arn, .. } => {
                let arn = utf8_percent_encode(arn.as_str(), SEGMENT);
                format!("https://{host}/iam/home#/policies/details/{arn}?section=policy_versions")
            }
            PolicyRef::Inline { owner, name } => {
                let kind = owner.kind;
                let owner = utf8_percent_encode(&owner.name, SEGMENT);
                let name = utf8_percent_encode(name, SEGMENT);
                format!("https://{host}/iam/home#/{kind}s/details/{owner}/editPolicy/{name}")
            }
        }
    }

    fn regional(&self, region: &str) -> String {
        match self.host {
            "console.aws.amazon.com" => format!("{region}.{}", self.host),
            host => host.to_owned(),
        }
    }
}
