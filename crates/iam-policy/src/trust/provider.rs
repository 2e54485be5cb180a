//! OpenID Connect providers that all their customers share ("Identity-provider controls for shared
//! OIDC providers", "Create a role for OpenID Connect federation").
//!
//! Such a provider has one issuer for all customers, so a claim must identify the owner of an
//! identity. The audience does so only if the provider assigns one to each customer; at most
//! providers, the caller that requests a token chooses its audience.

use super::condition::Conditions;

/// The shared issuers, and the claims that can identify the owner. One of them must be fixed.
const SHARED: [(&str, &[&str]); 21] = [
    // These need not be set up in an account. Every AWS customer can create an identity pool, so
    // the claim that an identity of Cognito is authenticated (`amr`) does not identify an owner.
    ("accounts.google.com", &["sub", "aud", "oaud"]),
    ("cognito-identity.amazonaws.com", &["sub", "aud"]),
    ("cognito-identity-us-gov.amazonaws.com", &["sub", "aud"]),
    (
        "cognito-identity.cn-north-1.amazonaws.com.cn",
        &["sub", "aud"],
    ),
    ("graph.facebook.com", &["id", "app_id"]),
    ("www.amazon.com", &["user_id", "app_id"]),
    // IAM requires a claim for these.
    ("agent.buildkite.com", &["sub"]),
    ("api.pulumi.com/oidc", &["aud"]),
    ("app.terraform.io", &["sub"]),
    ("gitlab.com", &["sub"]),
    (
        "oidc-configuration.audit-log.githubusercontent.com",
        &["sub"],
    ),
    ("oidc.codefresh.io", &["sub"]),
    ("oidc.vercel.com", &["sub", "aud"]),
    ("proidc.upbound.io", &["sub"]),
    ("sandboxes.cloud", &["aud"]),
    ("scalr.io", &["sub"]),
    ("studio.datachain.ai/api", &["sub"]),
    (GITHUB, &["sub"]),
    ("tokens.cloud.shisho.dev", &["sub"]),
    ("vstoken.actions.githubusercontent.com", &["sub"]),
    // The issuers of CircleCI name the organization in the path; one without a path belongs to no
    // organization.
    ("oidc.circleci.com", &["sub"]),
];

const GITHUB: &str = "token.actions.githubusercontent.com";

/// The beginnings of GitHub subjects that identify the owner of the repository.
///
/// Every organization chooses the claims that form its subjects (GitHub, "OpenID Connect
/// reference"). Any organization can therefore have a subject that begins with an environment, a
/// branch or another organization's public workflow, but not one with another organization's
/// repository.
const GITHUB_OWNERS: [&str; 7] = [
    "enterprise",
    "enterprise_id",
    "repo",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
];

/// The shared issuers whose customers could all satisfy these conditions.
pub(super) fn open(conditions: &Conditions) -> Vec<&'static str> {
    let is_open = |issuer: &str, claims: &[&str]| {
        !claims.iter().any(|claim| {
            let key = format!("{issuer}:{claim}");
            let mut on_claim = conditions.list.iter().filter(|it| it.is_on(&key));
            on_claim.any(|condition| {
                condition.fixes(|text, is_all| match *claim {
                    "sub" => subject_names_owner(issuer, text, is_all),
                    _ => is_all && !text.is_empty(),
                })
            })
        })
    };
    let shared = SHARED.iter();
    shared
        .filter(|(issuer, claims)| is_open(issuer, claims))
        .map(|(issuer, _)| *issuer)
        .collect()
}

/// Returns true if a subject, or the beginning of one, names the owner completely, as
/// `repo:organization/` does.
///
/// Anyone can create an organization whose name continues after `repo:organization`.
fn subject_names_owner(issuer: &str, subject: &str, is_all: bool) -> bool {
    let (kind, rest) = subject.split_once(':').unwrap_or_default();
    let owner = rest.split_once(['/', ':']).map(|(owner, _)| owner);
    let is_named = !kind.is_empty() && owner.is_some_and(|owner| !owner.is_empty());
    (issuer != GITHUB || GITHUB_OWNERS.contains(&kind))
        && (is_named || is_all && !subject.is_empty())
}
