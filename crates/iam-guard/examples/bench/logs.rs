//! Generates CloudTrail logs: 200 files, 1 GB of text, 2 % of the records about IAM.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const FILES: u64 = 200;
const BYTES_OF_FILE: usize = 5_000_000;

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) files: u64,
    pub(crate) text: u64,
    pub(crate) stored: u64,
    pub(crate) records: u64,
    pub(crate) iam: u64,
}

/// Numbers that look random and are the same in every run (a linear congruential generator).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn identifier(&mut self) -> String {
        let mut part = |bits: u32| self.below(1 << bits);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:06x}{:06x}",
            part(31),
            part(16),
            part(16),
            part(16),
            part(24),
            part(24)
        )
    }
}

/// Makes the logs, unless they are there already.
pub(crate) fn make(folder: &Path) -> Result<Made> {
    let done = folder.join("made.json");
    if let Ok(text) = std::fs::read_to_string(&done) {
        return Ok(serde_json::from_str(&text)?);
    }
    std::fs::create_dir_all(folder)?;
    let mut made = Made::default();
    let mut numbers = Numbers::new(18);
    for file in 0..FILES {
        let path = folder.join(format!(
            "111122223333_CloudTrail_us-east-1_202603{:02}T{:02}00Z_{file:04}.json.gz",
            file / 8 + 1,
            file % 8 * 3
        ));
        let mut out = GzEncoder::new(File::create(&path)?, Compression::new(6));
        let mut text = b"{\"Records\":[".to_vec();
        while text.len() < BYTES_OF_FILE {
            if !text.ends_with(b"[") {
                text.push(b',');
            }
            made.records += 1;
            let record = if numbers.below(50) == 0 {
                made.iam += 1;
                iam(&mut numbers, file)
            } else {
                other(&mut numbers, file)
            };
            serde_json::to_writer(&mut text, &record)?;
        }
        // With a line break at the end, as `grep` needs the end of a line to go on.
        text.extend(b"]}\n");
        out.write_all(&text)?;
        out.finish()?;
        made.files += 1;
        made.text += u64::try_from(text.len())?;
        made.stored += std::fs::metadata(&path)?.len();
    }
    std::fs::write(done, serde_json::to_string(&made)?)?;
    Ok(made)
}

fn record(
    numbers: &mut Numbers,
    file: u64,
    source: &str,
    name: &str,
    request: Value,
    response: Value,
) -> Value {
    let role = format!("role-{}", numbers.below(40));
    let session = numbers.identifier();
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": format!("AROADBQP57FF2AEXAMPLE:{session}"),
            "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/{session}"),
            "accountId": "111122223333",
            "accessKeyId": "ASIAI44QH8DHBEXAMPLE",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role", "principalId": "AROADBQP57FF2AEXAMPLE", "accountId": "111122223333",
                    "arn": format!("arn:aws:iam::111122223333:role/{role}"), "userName": role,
                },
                "attributes": {"creationDate": "2026-03-02T08:59:40Z", "mfaAuthenticated": "false"},
            },
        },
        "eventTime": format!("2026-03-{:02}T{:02}:{:02}:{:02}Z", file / 8 + 1, file % 8 * 3, numbers.below(60), numbers.below(60)),
        "eventSource": source,
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": format!("203.0.113.{}", numbers.below(255)),
        "userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.12.2 terraform-provider-aws/6.2.0 aws-sdk-go-v2/1.36.5 ua/2.1 os/linux lang/go#1.24",
        "requestParameters": request,
        "responseElements": response,
        "requestID": numbers.identifier(),
        "eventID": numbers.identifier(),
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": source},
    })
}

fn other(numbers: &mut Numbers, file: u64) -> Value {
    const CALLS: [(&str, &str); 6] = [
        ("sts.amazonaws.com", "AssumeRole"),
        ("kms.amazonaws.com", "Decrypt"),
        ("s3.amazonaws.com", "GetBucketAcl"),
        ("ec2.amazonaws.com", "DescribeInstances"),
        ("logs.amazonaws.com", "CreateLogStream"),
        ("dynamodb.amazonaws.com", "DescribeTable"),
    ];
    let call = usize::try_from(numbers.below(6)).unwrap_or_default();
    let (source, name) = CALLS.get(call).copied().unwrap_or_default();
    let request = json!({"resource": numbers.identifier(), "encryptionContext": {"aws:s3:arn": format!("arn:aws:s3:::bucket-{}/{}", numbers.below(100), numbers.identifier())}});
    record(numbers, file, source, name, request, Value::Null)
}

fn iam(numbers: &mut Numbers, file: u64) -> Value {
    const ACTIONS: [&str; 8] = [
        "s3:GetObject",
        "s3:PutObject",
        "sqs:*",
        "s3:Delete*",
        "ec2:Describe*",
        "iam:PassRole",
        "logs:PutLogEvents",
        "kms:Decrypt",
    ];
    let action = |numbers: &mut Numbers| {
        let index = usize::try_from(numbers.below(8)).unwrap_or_default();
        ACTIONS.get(index).copied().unwrap_or_default()
    };
    let actions = [action(numbers), action(numbers), action(numbers)];
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": format!("arn:aws:s3:::bucket-{}/*", numbers.below(1000))}]}).to_string();
    let policy = format!("policy-{}", numbers.below(20_000));
    let arn = format!("arn:aws:iam::111122223333:policy/{policy}");
    let version = format!("v{}", numbers.below(9) + 1);
    let (name, request, response) = match numbers.below(8) {
        0 => (
            "CreatePolicy",
            json!({"policyName": policy, "policyDocument": document}),
            json!({"policy": {"arn": arn, "defaultVersionId": "v1"}}),
        ),
        1 | 2 => (
            "CreatePolicyVersion",
            json!({"policyArn": arn, "policyDocument": document, "setAsDefault": true}),
            json!({"policyVersion": {"versionId": version, "isDefaultVersion": true}}),
        ),
        3 => (
            "SetDefaultPolicyVersion",
            json!({"policyArn": arn, "versionId": version}),
            Value::Null,
        ),
        4 => (
            "PutRolePolicy",
            json!({"roleName": "app", "policyName": policy, "policyDocument": document}),
            Value::Null,
        ),
        _ => (
            "ListAttachedRolePolicies",
            json!({"roleName": "app"}),
            Value::Null,
        ),
    };
    record(numbers, file, "iam.amazonaws.com", name, request, response)
}
