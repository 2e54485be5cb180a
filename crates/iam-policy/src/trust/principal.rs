//! Whom the element `Principal` names ("AWS JSON policy elements: Principal").

use super::account::AccountId;

/// An entry of `Principal`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Principal {
    /// `*`, which stands for every caller there is, alone or under `AWS`.
    Anybody,
    /// An account: whoever in it its own administrators let.
    Account(AccountId),
    /// A role, a user or a session.
    Arn { account: AccountId, arn: String },
    /// A service of AWS.
    Service,
    /// A SAML provider.
    Saml { account: AccountId, arn: String },
    /// An OpenID Connect provider, by the URL of its issuer without the scheme; without an account
    /// if it is one of those that need not be set up in an account.
    Oidc {
        issuer: String,
        registered: Option<(AccountId, String)>,
    },
    /// An entry of which nobody knows whom it lets in.
    Unclear { kind: String, text: String },
}

/// The partitions in which accounts are. An ARN of another one is no account's that anybody knows.
const PARTITIONS: [&str; 8] = [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
];

/// The web identity providers that policies name without an ARN, because nobody sets them up in an
/// account, and the spellings of Amazon Cognito in other partitions.
const BUILT_IN: [&str; 6] = [
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "cognito-identity-us-gov.amazonaws.com",
    "cognito-identity.cn-north-1.amazonaws.com.cn",
    "graph.facebook.com",
    "www.amazon.com",
];

/// What names of service principals end with; the isolated partitions have domains of their own.
const SERVICE_DOMAINS: [&str; 6] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazon.com",
    ".aws.internal",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
];

impl Principal {
    /// The entry `text` under the key `kind`.
    pub(super) fn read(kind: &str, text: &str) -> Principal {
        let read = match kind {
            "AWS" => aws(text),
            "Federated" => federated(text),
            "Service" => is_service(text).then_some(Principal::Service),
            // `CanonicalUser` is for buckets; nobody says what it does in a trust policy.
            _ => None,
        };
        read.unwrap_or_else(|| Principal::Unclear {
            kind: kind.to_owned(),
            text: text.to_owned(),
        })
    }
}

fn aws(text: &str) -> Option<Principal> {
    if text == "*" {
        return Some(Principal::Anybody);
    }
    if let Some(account) = AccountId::read(text) {
        return Some(Principal::Account(account));
    }
    // What is left besides ARNs are unique ids, `AIDA…` and `AROA…`, which IAM puts in the place of
    // principals that were deleted. They do not tell the account.
    let (account, resource) = iam_arn(text, &["iam", "sts"])?;
    Some(match resource {
        "root" => Principal::Account(account),
        _ => Principal::Arn {
            account,
            arn: text.to_owned(),
        },
    })
}

fn federated(text: &str) -> Option<Principal> {
    let issuer = text.to_ascii_lowercase();
    if BUILT_IN.contains(&issuer.as_str()) {
        let registered = None;
        return Some(Principal::Oidc { issuer, registered });
    }
    let (account, resource) = iam_arn(text, &["iam"])?;
    let arn = text.to_owned();
    match resource.split_once('/')? {
        ("saml-provider", name) if !name.is_empty() => Some(Principal::Saml { account, arn }),
        ("oidc-provider", issuer) if !issuer.is_empty() => Some(Principal::Oidc {
            issuer: issuer.trim_end_matches('/').to_ascii_lowercase(),
            registered: Some((account, arn)),
        }),
        _ => None,
    }
}

/// The account and the last part of an ARN of one of these services.
fn iam_arn<'t>(text: &'t str, services: &[&str]) -> Option<(AccountId, &'t str)> {
    let mut parts = text.splitn(6, ':');
    let mut part = || parts.next();
    let (arn, partition, service) = (part()?, part()?, part()?);
    let (region, account, resource) = (part()?, part()?, part()?);
    let is_known = arn == "arn"
        && PARTITIONS.contains(&partition)
        && services.contains(&service)
        && region.is_empty()
        && !resource.is_empty();
    is_known
        .then(|| AccountId::read(account))
        .flatten()
        .map(|account| (account, resource))
}

/// Whether the text can be the name of a service: labels of a domain of AWS, without a wildcard.
fn is_service(text: &str) -> bool {
    let name = SERVICE_DOMAINS
        .iter()
        .find_map(|domain| text.strip_suffix(domain));
    name.is_some_and(|name| {
        name.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
    })
}
