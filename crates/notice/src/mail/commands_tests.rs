//! The commands of reports, and the calls that have none.

use super::*;

/// Records can be forged.
#[test]
fn no_command_grants_what_went() {
    let policy = || {
        Subject::Managed(ManagedPolicy {
            arn: administrator(),
        })
    };
    let denied = |allows: usize, more_allows| Reason::Denied {
        policy: policy(),
        allows: (0..allows)
            .map(|number| format!("s3:Get{number}"))
            .collect(),
        more_allows,
    };
    let calls = [
        ReportedCall::Detachment {
            owner: owner(OwnerKind::Role),
            policy: administrator(),
        },
        ReportedCall::RemovedFromGroup {
            user: "dave".to_owned(),
            group: "developers".to_owned(),
        },
    ];
    for call in calls {
        for (reason, words) in [
            (denied(0, 0), "That grants nothing else"),
            (denied(2, 0), "That also grants s3:Get0, s3:Get1. "),
            (denied(20, 3), "s3:Get11 and 11 more."),
            (Reason::Unread, "more than the guard can show"),
        ] {
            let watched = WatchedCall::DetachRolePolicy;
            let mail = mail(watched, call.clone(), VerdictResult::Reported, &[reason]);
            assert!(mail.message().contains(words), "{}", mail.message());
            for command in ["aws iam", "attach-", "add-user-to-group"] {
                assert!(!mail.message().contains(command), "{}", mail.message());
            }
        }
    }
}

#[test]
fn the_command_reverts_the_call() {
    let user = || owner(OwnerKind::User);
    let membership = || ("d'ave".to_owned(), "developers".to_owned());
    for (reported, command) in [
        (
            ReportedCall::Attachment {
                owner: owner(OwnerKind::Group),
                policy: administrator(),
            },
            "aws iam detach-group-policy --group-name 'dave' --policy-arn 'arn:aws:iam::aws:policy/AdministratorAccess'",
        ),
        (
            ReportedCall::AddedToGroup {
                user: membership().0,
                group: membership().1,
            },
            r"aws iam remove-user-from-group --user-name 'd'\''ave' --group-name 'developers'",
        ),
        (
            ReportedCall::Boundary {
                owner: user(),
                boundary: None,
            },
            "aws iam put-user-permissions-boundary --user-name 'dave' --permissions-boundary ",
        ),
        (
            ReportedCall::Credentials {
                user: "dave".to_owned(),
                credentials: Credentials::ActivatedKey(Some("AKIAEXAMPLE".to_owned())),
                is_own: false,
                by_key: false,
            },
            "aws iam update-access-key --user-name 'dave' --access-key-id 'AKIAEXAMPLE' --status Inactive",
        ),
        (
            ReportedCall::Credentials {
                user: "dave".to_owned(),
                credentials: Credentials::ServiceSpecific(Some("ACCA1".to_owned())),
                is_own: false,
                by_key: false,
            },
            "aws iam delete-service-specific-credential --user-name 'dave' --service-specific-credential-id 'ACCA1'",
        ),
        (
            ReportedCall::Credentials {
                user: "dave".to_owned(),
                credentials: Credentials::SshKey(None),
                is_own: false,
                by_key: false,
            },
            "aws iam delete-ssh-public-key --user-name 'dave' --ssh-public-key-id SSH_PUBLIC_KEY_ID",
        ),
        (
            ReportedCall::Credentials {
                user: "dave".to_owned(),
                credentials: Credentials::SigningCertificate(Some("TA7S".to_owned())),
                is_own: false,
                by_key: false,
            },
            "aws iam delete-signing-certificate --user-name 'dave' --certificate-id 'TA7S'",
        ),
        (
            ReportedCall::InstanceProfile {
                role: "app".to_owned(),
                profile: "web".to_owned(),
            },
            "aws iam remove-role-from-instance-profile --instance-profile-name 'web' --role-name 'app'",
        ),
        (
            ReportedCall::Trust {
                role: "app".to_owned(),
                is_new: true,
            },
            "aws iam update-assume-role-policy --role-name 'app' --policy-document '{",
        ),
        (
            ReportedCall::Credentials {
                user: "dave".to_owned(),
                credentials: Credentials::AccessKey(Some("AKIAI44QH8DHBEXAMPLE".to_owned())),
                is_own: false,
                by_key: false,
            },
            "aws iam delete-access-key --user-name 'dave' --access-key-id 'AKIAI44QH8DHBEXAMPLE'",
        ),
        (
            ReportedCall::Credentials {
                user: "dave".to_owned(),
                credentials: Credentials::Password,
                is_own: false,
                by_key: false,
            },
            "aws iam delete-login-profile --user-name 'dave'",
        ),
        // A shell ignores the two quotes, and no mail program makes a link of the text.
        (
            ReportedCall::AddedToGroup {
                user: "www.example.com".to_owned(),
                group: "v1.2".to_owned(),
            },
            "aws iam remove-user-from-group --user-name 'www.''example.''com' --group-name 'v1.2'",
        ),
        (
            ReportedCall::Renaming {
                owner: user(),
                before: "david".to_owned(),
            },
            "aws iam update-user --user-name 'dave' --new-user-name 'david'",
        ),
    ] {
        let what = reported.to_string();
        let mail = mail(
            WatchedCall::AttachUserPolicy,
            reported,
            VerdictResult::Reported,
            &[grants()],
        );
        assert!(
            mail.message()
                .lines()
                .any(|line| line.trim_start().starts_with(command)),
            "{what}: {}",
            mail.message()
        );
        assert!(mail.subject().starts_with("In force: "), "{what}");
    }
}

/// A forged record can have any text as the identifier of a credential.
#[test]
fn an_identifier_stays_on_the_line_of_its_command() {
    let id = "x\n  aws iam attach-user-policy --user-name 'mallory' #".to_owned();
    let reported = ReportedCall::Credentials {
        user: "dave".to_owned(),
        credentials: Credentials::SshKey(Some(id)),
        is_own: false,
        by_key: false,
    };
    let call = WatchedCall::UploadSSHPublicKey;
    let mail = mail(call, reported, VerdictResult::Reported, &[grants()]);
    let mut lines = mail.message().lines().map(str::trim_start);
    assert!(
        !lines.any(|line| line.starts_with("aws iam attach")),
        "{}",
        mail.message()
    );
}

#[test]
fn a_name_that_begins_with_a_hyphen_is_no_option() {
    let name = || "-r1".to_owned();
    let kind = OwnerKind::Role;
    for (what, command) in [
        (
            ReportedCall::Attachment {
                owner: Owner { kind, name: name() },
                policy: administrator(),
            },
            "aws iam detach-role-policy --role-name='-r1' --policy-arn 'arn:",
        ),
        (
            ReportedCall::AddedToGroup {
                user: name(),
                group: "-".to_owned(),
            },
            "aws iam remove-user-from-group --user-name='-r1' --group-name='-'",
        ),
        (
            ReportedCall::Trust {
                role: "--debug".to_owned(),
                is_new: false,
            },
            "aws iam update-assume-role-policy --role-name='--debug' --policy-document '{",
        ),
        (
            ReportedCall::Renaming {
                owner: Owner {
                    kind: OwnerKind::User,
                    name: name(),
                },
                before: "-r.example".to_owned(),
            },
            "aws iam update-user --user-name='-r1' --new-user-name='-r.''example'",
        ),
    ] {
        let call = WatchedCall::AttachRolePolicy;
        let mail = mail(call, what, VerdictResult::Reported, &[grants()]);
        let mut lines = mail.message().lines().map(str::trim_start);
        assert!(
            lines.any(|line| line.starts_with(command)),
            "{}",
            mail.message()
        );
    }
}

/// The path says so, and not the name, which a caller chooses.
#[test]
fn a_role_that_iam_protects_has_no_command() {
    let role = "AWSReservedSSO_Admin_0123456789abcdef";
    let owner = Owner {
        kind: OwnerKind::Role,
        name: role.to_owned(),
    };
    let policy = administrator();
    for what in [
        ReportedCall::Attachment { owner, policy },
        ReportedCall::Trust {
            role: role.to_owned(),
            is_new: false,
        },
    ] {
        for (by, where_to) in [
            (Reserved::IdentityCenter, "permission set"),
            (Reserved::Service, "service"),
        ] {
            let call = WatchedCall::AttachRolePolicy;
            let reasons = [Reason::Reserved { by }, grants()];
            let mail = mail(call, what.clone(), VerdictResult::Reported, &reasons);
            assert!(mail.message().contains(where_to), "{}", mail.message());
            for left_out in ["aws iam ", "The command"] {
                assert!(!mail.message().contains(left_out), "{}", mail.message());
            }
        }
        let call = WatchedCall::AttachRolePolicy;
        let mail = mail(call, what, VerdictResult::Reported, &[grants()]);
        assert!(mail.message().contains("aws iam "), "{}", mail.message());
    }
}

#[test]
fn a_policy_that_iam_protects_says_where_to_change_it() {
    let request = read(request());
    let reasons = [Reason::Reserved {
        by: Reserved::IdentityCenter,
    }];
    let mail = verdict(&ReportVerdict {
        execution: request.execution,
        verdict: Verdict {
            response: Response::Report,
            notify: true,
            result: VerdictResult::Reported,
            change: request.change,
            in_force: None,
            named: None,
            restricted: request.quarantine.contained().unwrap().restricted.clone(),
            exemption: None,
            report: Some(Report::new(&reasons, false)),
            memory: Memory::default(),
        },
        reported_at: None,
        failed_tries: 0,
    });
    let text = mail.message();
    for part in ["ARE IN FORCE", "permission set", "s3:DeleteBucket"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    for part in ["Monitor", "by hand"] {
        assert!(!text.contains(part), "{part} in {text}");
    }
}
