//! OpenID Connect providers that everybody shares ("Identity-provider controls for shared OIDC
//! providers", "Create a role for OpenID Connect federation").
//!
//! Such a provider has one issuer for all its customers, so its name alone says nothing about whose
//! identity it is: a claim has to. The audience says it only where the provider gives every
//! customer one of their own; at most providers whoever asks for a token chooses its audience.

use super::condition::Conditions;

/// The shared issuers, and the claims of which one has to say whose identity it is.
const SHARED: [(&str, &[&str]); 21] = [
    // Those that need not be set up in an account. Everybody can make an identity pool, so that an
    // identity of Cognito is authenticated (`amr`) says nothing.
    ("accounts.google.com", &["sub", "aud", "oaud"]),
    ("cognito-identity.amazonaws.com", &["sub", "aud"]),
    ("cognito-identity-us-gov.amazonaws.com", &["sub", "aud"]),
    (
        "cognito-identity.cn-north-1.amazonaws.com.cn",
        &["sub", "aud"],
    ),
    ("graph.facebook.com", &["id", "app_id"]),
    ("www.amazon.com", &["user_id", "app_id"]),
    // Those of which IAM demands a claim.
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
    // Its issuers name the organization in the path; one without is nobody's in particular.
    ("oidc.circleci.com", &["sub"]),
];

const GITHUB: &str = "token.actions.githubusercontent.com";

/// What a subject of GitHub begins with where it says whose repository it is.
///
/// Every organization chooses of which claims its subjects are made (GitHub, "OpenID Connect
/// reference"). So everybody can have a subject that begins with an environment, a branch or
/// somebody else's public workflow, but none with somebody else's repository.
const GITHUB_OWNERS: [&str; 7] = [
    "enterprise",
    "enterprise_id",
    "repo",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
];

/// The shared issuers of which everybody who has an identity there may come in under these
/// conditions.
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

/// Whether a subject, or the beginning of one, names an owner to the end, as `repo:organization/`
/// does.
///
/// Everybody can make an organization whose name goes on after `repo:organization`.
fn subject_names_owner(issuer: &str, subject: &str, is_all: bool) -> bool {
    let (kind, rest) = subject.split_once(':').unwrap_or_default();
    let owner = rest.split_once(['/', ':']).map(|(owner, _)| owner);
    let is_named = !kind.is_empty() && owner.is_some_and(|owner| !owner.is_empty());
    (issuer != GITHUB || GITHUB_OWNERS.contains(&kind))
        && (is_named || is_all && !subject.is_empty())
}
