//! Links to the AWS Management Console.

use incident::{ExecutionArn, Subject};

use crate::subject;

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

    #[must_use]
    pub fn execution(&self, execution: &ExecutionArn) -> String {
        let region = execution.region();
        // The console expects the ARN with its colons unescaped.
        format!(
            "https://{}/states/home?region={region}#/v2/executions/details/{execution}",
            self.regional(region)
        )
    }

    #[must_use]
    pub fn subject(&self, subject: &Subject) -> String {
        format!(
            "https://{}/iam/home#/{}",
            self.host,
            subject::console_path(subject)
        )
    }

    fn regional(&self, region: &str) -> String {
        match self.host {
            "console.aws.amazon.com" => format!("{region}.{}", self.host),
            host => host.to_owned(),
        }
    }
}
