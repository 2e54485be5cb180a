//! The entries of the element `Principal` ("AWS JSON policy elements: Principal").

use super::account::AccountId;

/// An entry of `Principal`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Principal {
    /// `*`, alone or under `AWS`: every caller.
    Everyone,
    /// An account, and every principal in it that its administrators allow.
    Account(AccountId),
    /// A role, a user or a session.
    Arn { account: AccountId, arn: String },
    /// An AWS service.
    Service,
    /// A service that lets in people or machines whom the IAM of the account does not name.
    Relay(String),
    /// A SAML provider.
    Saml { account: AccountId, arn: String },
    /// An OpenID Connect provider, by the URL of its issuer without the scheme. It has no account
    /// if it need not be set up in one.
    Oidc {
        issuer: String,
        registered: Option<(AccountId, String)>,
    },
    /// An entry that does not identify a principal.
    Unclear { kind: String, text: String },
}

/// The partitions that have accounts. An ARN with any other partition belongs to no known account.
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

/// The web identity providers that policies name without an ARN, because they are not set up in an
/// account, and the names of Amazon Cognito in other partitions.
const BUILT_IN: [&str; 6] = [
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "cognito-identity-us-gov.amazonaws.com",
    "cognito-identity.cn-north-1.amazonaws.com.cn",
    "graph.facebook.com",
    "www.amazon.com",
];

/// The endings of service principals; the isolated partitions have their own domains.
const SERVICE_DOMAINS: [&str; 6] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazon.com",
    ".aws.internal",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
];

/// The services that pass a role on to whom they know: people of an account access manager, and
/// machines with a certificate ("What is AWS Identity and Access Management Roles Anywhere?").
const RELAYS: [&str; 2] = [
    "account-access.amazonaws.com",
    "rolesanywhere.amazonaws.com",
];

impl Principal {
    /// The entry `text` under the key `kind`.
    pub(super) fn read(kind: &str, text: &str) -> Principal {
        let read = match kind {
            "AWS" => aws(text),
            "Federated" => federated(text),
            "Service" => is_service(text).then(|| {
                let name = text.to_ascii_lowercase();
                if RELAYS.contains(&name.as_str()) {
                    Principal::Relay(name)
                } else {
                    Principal::Service
                }
            }),
            // `CanonicalUser` is for buckets; its effect in a trust policy is undocumented.
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
        return Some(Principal::Everyone);
    }
    if let Some(account) = AccountId::read(text) {
        return Some(Principal::Account(account));
    }
    // The other entries are unique ids, `AIDA…` and `AROA…`, which IAM substitutes for deleted
    // principals. They do not identify the account.
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

/// Returns true if the text can be a service principal: labels in a domain of AWS, without a
/// wildcard.
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
