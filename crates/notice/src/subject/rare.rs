//! The text about rare calls that open an account to others.

use incident::WatchedCall;

use crate::text::plain;

/// The longest name of a provider or a request, in characters.
const MAX_NAME: usize = 300;

pub(super) fn name(call: WatchedCall, named: Option<&str>) -> String {
    let thing = thing(call);
    match named {
        Some(named) => format!("{thing} {}", plain(named, MAX_NAME)),
        None => thing.to_owned(),
    }
}

fn thing(call: WatchedCall) -> &'static str {
    match call {
        WatchedCall::CreateSAMLProvider | WatchedCall::UpdateSAMLProvider => "SAML provider",
        WatchedCall::AcceptDelegationRequest => "delegation request",
        WatchedCall::PutAccountProperties => "IAM properties of the account",
        WatchedCall::EnableOutboundWebIdentityFederation => "outbound web identity federation",
        WatchedCall::EnableOrganizationsRootCredentialsManagement
        | WatchedCall::EnableOrganizationsRootSessions => "root access of member accounts",
        _ => "OpenID Connect provider",
    }
}

/// The end of a sentence that begins with the caller: what the call did.
pub(super) fn predicate(call: WatchedCall, named: Option<&str>) -> String {
    let what = name(call, named);
    match call {
        WatchedCall::CreateSAMLProvider | WatchedCall::CreateOpenIDConnectProvider => {
            format!("created the {what}")
        }
        WatchedCall::UpdateSAMLProvider => format!("changed the {what}"),
        WatchedCall::AddClientIDToOpenIDConnectProvider => format!("added a client to the {what}"),
        WatchedCall::UpdateOpenIDConnectProviderThumbprint => {
            format!("changed the certificates that IAM trusts for the {what}")
        }
        WatchedCall::AcceptDelegationRequest => format!("accepted the {what}"),
        WatchedCall::PutAccountProperties => format!("changed the {what}"),
        WatchedCall::EnableOrganizationsRootCredentialsManagement => {
            "let the organization manage the root credentials of its member accounts".to_owned()
        }
        WatchedCall::EnableOrganizationsRootSessions => {
            "let the organization begin root sessions in its member accounts".to_owned()
        }
        _ => format!("enabled the {what}"),
    }
}

/// What follows from the call.
pub(super) fn consequence(call: WatchedCall) -> &'static str {
    match call {
        WatchedCall::AcceptDelegationRequest => {
            "It lets a provider of a product act in the account for a while, with the permissions of the request. This IS IN FORCE."
        }
        WatchedCall::PutAccountProperties => {
            "They decide whether consoles of AWS make roles by templates (role manager), without a call of CreateRole. This IS IN FORCE."
        }
        WatchedCall::EnableOutboundWebIdentityFederation => {
            "Principals of the account can now identify themselves elsewhere by tokens of AWS. This IS IN FORCE."
        }
        WatchedCall::EnableOrganizationsRootCredentialsManagement
        | WatchedCall::EnableOrganizationsRootSessions => {
            "Whoever may call sts:AssumeRoot in this account can act as the root user of a member account. This IS IN FORCE."
        }
        _ => {
            "Roles that trust the provider let in whom it names, and it says who that is. This IS IN FORCE."
        }
    }
}

/// What the reader can do where nobody can explain the call.
pub(super) fn what_to_do(call: WatchedCall) -> &'static str {
    match call {
        WatchedCall::AcceptDelegationRequest => {
            "If nobody can explain the call, look for the delegation under Temporary delegation requests in the console of IAM, and end its sessions there."
        }
        WatchedCall::PutAccountProperties => {
            "If nobody can explain the call, look at Account settings in the console of IAM, and turn the role manager off there."
        }
        WatchedCall::EnableOutboundWebIdentityFederation => {
            "If nobody can explain the call, disable it under Account settings in the console of IAM."
        }
        WatchedCall::EnableOrganizationsRootCredentialsManagement
        | WatchedCall::EnableOrganizationsRootSessions => {
            "If nobody can explain the call, disable it under Root access management in the console of IAM."
        }
        _ => {
            "If nobody can explain the call, look under Identity providers in the console of IAM at its metadata, clients and certificates, and find the roles that trust it."
        }
    }
}

/// The page of the console, behind the address of IAM.
pub(super) fn console_path(call: WatchedCall) -> &'static str {
    match call {
        WatchedCall::AcceptDelegationRequest => "home",
        WatchedCall::PutAccountProperties | WatchedCall::EnableOutboundWebIdentityFederation => {
            "account_settings"
        }
        WatchedCall::EnableOrganizationsRootCredentialsManagement
        | WatchedCall::EnableOrganizationsRootSessions => "organization/root",
        _ => "identity_providers",
    }
}
