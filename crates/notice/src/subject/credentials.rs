//! The text about credentials that someone made for a user.

use incident::subject::Credentials;

use crate::text::option;

/// Why no command takes a removed device back.
pub(super) const NO_DEVICE: &str = "Only the user can enable a device again. If nobody can explain the call, change the password of the user and delete the access keys, or attach a policy to the user that denies everything.";

const SESSIONS: &str = "Sessions that began with the key go on until they expire; to end them, attach a policy to the user that denies everything to sessions from before (aws:TokenIssueTime).";

/// The end of a sentence that begins with the caller: what became of the credentials of `whose`.
pub(super) fn predicate(credentials: &Credentials, whose: &str) -> String {
    match credentials {
        Credentials::AccessKey(Some(id)) if whose == "the root user" => {
            format!("created the access key {id} for {whose}")
        }
        Credentials::AccessKey(_) => format!("created an access key for {whose}"),
        Credentials::ActivatedKey(Some(id)) => {
            format!("made the access key {id} of {whose} active")
        }
        Credentials::ActivatedKey(None) => format!("made an access key of {whose} active"),
        Credentials::Password => format!("set the password of {whose}"),
        Credentials::ServiceSpecific(_) => {
            format!("made, reset or activated a service-specific credential of {whose}")
        }
        Credentials::SshKey(_) => format!("uploaded or activated an SSH key of {whose}"),
        Credentials::SigningCertificate(_) => {
            format!("uploaded or activated a signing certificate of {whose}")
        }
        Credentials::WithoutMfa(Some(device)) => {
            format!("deactivated the MFA device {device} of {whose}")
        }
        Credentials::WithoutMfa(None) => format!("deactivated an MFA device of {whose}"),
    }
}

/// The command that takes the credentials away, if one does.
pub(super) fn undo_command(credentials: &Credentials, user: &str) -> Option<String> {
    let user = option("user-name", user);
    let with = |verb: &str, name: &str, id: &Option<String>| {
        let id = match id {
            Some(id) => option(name, id),
            None => format!("--{name} {}", name.replace('-', "_").to_ascii_uppercase()),
        };
        format!("aws iam {verb} {user} {id}")
    };
    Some(match credentials {
        Credentials::AccessKey(id) => with("delete-access-key", "access-key-id", id),
        Credentials::ActivatedKey(id) => {
            let update = with("update-access-key", "access-key-id", id);
            format!("{update} --status Inactive")
        }
        Credentials::Password => format!("aws iam delete-login-profile {user}"),
        Credentials::ServiceSpecific(id) => with(
            "delete-service-specific-credential",
            "service-specific-credential-id",
            id,
        ),
        Credentials::SshKey(id) => with("delete-ssh-public-key", "ssh-public-key-id", id),
        Credentials::SigningCertificate(id) => {
            with("delete-signing-certificate", "certificate-id", id)
        }
        Credentials::WithoutMfa(_) => return None,
    })
}

/// What the reader must know before running the command.
pub(super) fn caution(credentials: &Credentials) -> Option<&'static str> {
    Some(match credentials {
        Credentials::Password => {
            "The command removes the password, so that the user cannot sign in to the console. Sessions that began before go on until they expire; to end them, attach a policy to the user that denies everything to sessions from before (aws:TokenIssueTime)."
        }
        Credentials::AccessKey(_)
        | Credentials::ActivatedKey(_)
        | Credentials::SigningCertificate(_) => SESSIONS,
        Credentials::ServiceSpecific(_) | Credentials::SshKey(_) => {
            "If the user had it before and only renewed it, the command takes it away all the same."
        }
        Credentials::WithoutMfa(_) => return None,
    })
}
