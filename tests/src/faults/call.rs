use std::fmt;

use hyper::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// One AWS call as the proxy sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The role and the session that call. The session of a function has its name.
    pub caller: String,
    /// The action as IAM names it, as in `iam:CreatePolicyVersion`.
    pub action: String,
    /// The parameters, readable.
    pub parameters: String,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.action, self.caller)
    }
}

/// The action and the parameters of a request; `None` if it is not an AWS call.
pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Option<(String, String)> {
    let (_, service) = credential(headers)?;
    let body = String::from_utf8_lossy(body);
    let (name, parameters) = match header(headers, "x-amz-target") {
        Some(target) => (
            target.rsplit('.').next().unwrap_or_default().to_owned(),
            json_parameters(&body),
        ),
        None => {
            let action = body.split('&').find_map(|it| it.strip_prefix("Action="))?;
            let spaced = body.replace('+', " ");
            let parameters = percent_decode_str(&spaced).decode_utf8_lossy();
            (action.to_owned(), parameters.into_owned())
        }
    };
    Some((format!("{service}:{name}"), parameters))
}

/// The access key and the service of a signed request.
pub(crate) fn credential(headers: &HeaderMap) -> Option<(String, String)> {
    let authorization = header(headers, "authorization")?;
    let scope = authorization.split("Credential=").nth(1)?;
    let mut parts = scope.split([',', ' ']).next()?.split('/');
    let key = parts.next()?;
    let service = parts.nth(2)?;
    // The SDK signs Step Functions as `states`, which is also IAM's name for it.
    Some((key.to_owned(), service.to_owned()))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// JSON may hold JSON as a text; without its escapes it can be searched.
fn json_parameters(body: &str) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(Value::Object(members)) => {
            let texts = members.values().map(|value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => body.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(service: &str) -> HeaderMap {
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential=ASIA1/20260302/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=ab"
        );
        let mut headers = HeaderMap::new();
        headers.insert("authorization", credential.parse().unwrap());
        headers
    }

    #[test]
    fn both_protocols_are_read() {
        let body =
            b"Action=DeletePolicyVersion&PolicyArn=arn%3Aaws%3Aiam%3A%3A1%3Apolicy%2Fp&VersionId=v2";
        let (action, parameters) = read(&signed("iam"), body).unwrap();
        assert_eq!(action, "iam:DeletePolicyVersion");
        assert!(parameters.contains("arn:aws:iam::1:policy/p"));

        let mut headers = signed("states");
        headers.insert(
            "x-amz-target",
            "AWSStepFunctions.SendTaskSuccess".parse().unwrap(),
        );
        let body = br#"{"taskToken":"t","output":"{\"execution\":\"arn:x:e1\"}"}"#;
        let (action, parameters) = read(&headers, body).unwrap();
        assert_eq!(action, "states:SendTaskSuccess");
        assert!(parameters.contains(r#""execution":"arn:x:e1""#));

        assert_eq!(read(&HeaderMap::new(), b"Action=ListUsers"), None);
    }
}
