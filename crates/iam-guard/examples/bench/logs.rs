//! Generates CloudTrail logs: 200 files, 1 GB of text, 2 % of the records about IAM.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use fastrand::Rng;
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

/// Makes the logs, unless they are there already.
pub(crate) fn make(folder: &Path) -> Result<Made> {
    let done = folder.join("made.json");
    if let Ok(text) = std::fs::read_to_string(&done) {
        return Ok(serde_json::from_str(&text)?);
    }
    std::fs::create_dir_all(folder)?;
    let mut made = Made::default();
    let mut random = Rng::with_seed(18);
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
            let record = if random.u64(..50) == 0 {
                made.iam += 1;
                iam(&mut random, file)
            } else {
                other(&mut random, file)
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

/// A record of a call with this event source, event name, request and response.
fn record(random: &mut Rng, file: u64, call: [Value; 4]) -> Value {
    let [source, name, request, response] = call;
    let role = format!("role-{}", random.u64(..40));
    let session = identifier(random);
    let (day, hour) = (file / 8 + 1, file % 8 * 3);
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
        "eventTime": format!("2026-03-{day:02}T{hour:02}:{:02}:{:02}Z", random.u64(..60), random.u64(..60)),
        "eventSource": source,
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": format!("203.0.113.{}", random.u64(..255)),
        "userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.12.2 terraform-provider-aws/6.2.0 aws-sdk-go-v2/1.36.5 ua/2.1 os/linux lang/go#1.24",
        "requestParameters": request,
        "responseElements": response,
        "requestID": identifier(random),
        "eventID": identifier(random),
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": source},
    })
}

/// As long as the identifiers of AWS.
fn identifier(random: &mut Rng) -> String {
    format!("{:036x}", random.u128(..))
}

/// A call of another service. Its name does not matter.
fn other(random: &mut Rng, file: u64) -> Value {
    let service = random.choice(["sts", "kms", "s3", "ec2", "logs", "dynamodb"]);
    let source = format!("{}.amazonaws.com", service.unwrap_or_default());
    let object = format!(
        "arn:aws:s3:::bucket-{}/{}",
        random.u64(..100),
        identifier(random)
    );
    let request =
        json!({"resource": identifier(random), "encryptionContext": {"aws:s3:arn": object}});
    let call = [
        source.into(),
        "DescribeInstances".into(),
        request,
        Value::Null,
    ];
    record(random, file, call)
}

fn iam(random: &mut Rng, file: u64) -> Value {
    const ACTIONS: &str = "s3:GetObject s3:PutObject sqs:* s3:Delete* ec2:Describe* iam:PassRole logs:PutLogEvents kms:Decrypt";
    let actions = [(); 3].map(|()| random.choice(ACTIONS.split(' ').collect::<Vec<_>>()));
    let resource = format!("arn:aws:s3:::bucket-{}/*", random.u64(..1000));
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": resource});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let policy = format!("policy-{}", random.u64(..20_000));
    let arn = format!("arn:aws:iam::111122223333:policy/{policy}");
    let version = format!("v{}", random.u64(1..10));
    let (name, request, response) = match random.u64(..8) {
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
    let source = "iam.amazonaws.com".into();
    record(random, file, [source, name.into(), request, response])
}
