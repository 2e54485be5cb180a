//! Links to the AWS Management Console.

use incident::{ExecutionArn, Subject};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::subject;

/// Characters that stay as they are in the name of an execution. Whoever starts one chooses it,
/// from characters that can end a link in a text.
pub(crate) const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');
/// The same for its ARN. The console expects the colons unescaped.
const ARN: &AsciiSet = &NAME.remove(b':');

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
        let execution = utf8_percent_encode(execution.as_str(), ARN);
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
