//! E-mails about calls that the guard does not revert.

use incident::PolicyArn;
use incident::message::{Reason, Report};
use incident::subject::{Credentials, ManagedPolicy, Owner, OwnerKind, ReportedCall};
use incident::{Subject, WatchedCall};

use super::*;

fn owner(kind: OwnerKind) -> Owner {
    Owner {
        kind,
        name: "dave".to_owned(),
    }
}

fn administrator() -> PolicyArn {
    PolicyArn::parse("arn:aws:iam::aws:policy/AdministratorAccess").unwrap()
}

fn grants() -> Reason {
    Reason::Grants {
        policy: Subject::Managed(ManagedPolicy {
            arn: administrator(),
        }),
        restricted: vec!["s3:DeleteBucket".parse().unwrap()],
        more_restricted: 0,
    }
}

fn mail(call: WatchedCall, what: ReportedCall, result: VerdictResult, reasons: &[Reason]) -> Mail {
    let mut request = read(request());
    request.change.event_name = call;
    request.change.version = None;
    request.change.subject = Subject::Reported(what);
    let is_grant = reasons.iter().any(|it| matches!(it, Reason::Grants { .. }));
    verdict(&ReportVerdict {
        execution: request.execution,
        verdict: Verdict {
            response: Response::Report,
            notify: true,
            result,
            change: request.change,
            in_force: None,
            named: None,
            restricted: if is_grant {
                Restricted {
                    findings: Vec::new(),
                    ..request.quarantine.restricted
                }
            } else {
                Restricted::default()
            },
            exemption: None,
            report: Some(Report::new(reasons, false)),
        },
        reported_at: Some("2026-03-02T09:15:58.4Z".parse().unwrap()),
        failed_tries: 0,
    })
}

fn attached(result: VerdictResult) -> Mail {
    let what = ReportedCall::Attachment {
        owner: owner(OwnerKind::User),
        policy: administrator(),
    };
    mail(WatchedCall::AttachUserPolicy, what, result, &[grants()])
}

#[test]
fn each_mail_matches_its_file() {
    let file = expect_file!["../../testdata/mail/reported-attachment.txt"];
    file.assert_eq(&shown(&attached(VerdictResult::Reported)));
    let file = expect_file!["../../testdata/mail/reported-attachment-withdrawn.txt"];
    file.assert_eq(&shown(&attached(VerdictResult::Withdrawn)));

    let what = ReportedCall::Attachment {
        owner: owner(OwnerKind::User),
        policy: administrator(),
    };
    let absent = Reason::Absent {
        owner: owner(OwnerKind::User),
    };
    let call = WatchedCall::AttachUserPolicy;
    let gone = mail(call, what, VerdictResult::Gone, &[absent, grants()]);
    expect_file!["../../testdata/mail/reported-attachment-gone.txt"].assert_eq(&shown(&gone));

    let what = ReportedCall::Boundary {
        owner: owner(OwnerKind::Role),
        boundary: None,
    };
    let call = WatchedCall::DeleteRolePermissionsBoundary;
    let boundary = mail(call, what, VerdictResult::Reported, &[Reason::NoBoundary]);
    expect_file!["../../testdata/mail/reported-boundary.txt"].assert_eq(&shown(&boundary));

    let what = ReportedCall::RemovedFromGroup {
        user: "dave".to_owned(),
        group: "developers".to_owned(),
    };
    let denied = Reason::Denied {
        policy: Subject::Managed(ManagedPolicy {
            arn: administrator(),
        }),
    };
    let call = WatchedCall::RemoveUserFromGroup;
    let removed_from_group = mail(call, what, VerdictResult::Reported, &[denied]);
    expect_file!["../../testdata/mail/reported-removed-from-group.txt"]
        .assert_eq(&shown(&removed_from_group));
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
            ReportedCall::Detachment {
                owner: owner(OwnerKind::Role),
                policy: administrator(),
            },
            "aws iam attach-role-policy --role-name 'dave' --policy-arn 'arn:aws:iam::aws:policy/AdministratorAccess'",
        ),
        (
            ReportedCall::AddedToGroup {
                user: membership().0,
                group: membership().1,
            },
            r"aws iam remove-user-from-group --user-name 'd'\''ave' --group-name 'developers'",
        ),
        (
            ReportedCall::RemovedFromGroup {
                user: membership().0,
                group: membership().1,
            },
            r"aws iam add-user-to-group --user-name 'd'\''ave' --group-name 'developers'",
        ),
        (
            ReportedCall::Boundary {
                owner: user(),
                boundary: None,
            },
            "aws iam put-user-permissions-boundary --user-name 'dave' --permissions-boundary ",
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
            },
            "aws iam delete-access-key --user-name 'dave' --access-key-id 'AKIAI44QH8DHBEXAMPLE'",
        ),
        (
            ReportedCall::Credentials {
                user: "dave".to_owned(),
                credentials: Credentials::Password,
                is_own: false,
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

#[test]
fn a_role_that_iam_protects_has_no_command() {
    for (role, where_to) in [
        ("AWSReservedSSO_Admin_0123456789abcdef", "permission set"),
        ("AWSServiceRoleForSupport", "service"),
    ] {
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
            let call = WatchedCall::AttachRolePolicy;
            let mail = mail(call, what, VerdictResult::Reported, &[grants()]);
            assert!(mail.message().contains(where_to), "{}", mail.message());
            for left_out in ["aws iam ", "The command"] {
                assert!(!mail.message().contains(left_out), "{}", mail.message());
            }
        }
    }
}

#[test]
fn uncertain_facts_are_worded_as_such() {
    let unread = Reason::Grants {
        policy: Subject::Managed(ManagedPolicy {
            arn: administrator(),
        }),
        restricted: Vec::new(),
        more_restricted: 0,
    };
    let what = ReportedCall::AddedToGroup {
        user: "dave".to_owned(),
        group: "developers".to_owned(),
    };
    let call = WatchedCall::AddUserToGroup;
    let text = |reasons: &[Reason]| {
        let mail = mail(call, what.clone(), VerdictResult::Reported, reasons);
        mail.message().to_owned()
    };
    assert!(text(&[unread]).contains("cannot be read for certain"));
    assert!(text(&[Reason::Unread]).contains("may grant"));
    let other = text(&[grants(), Reason::OtherCall]);
    assert!(other.contains("another call, and not this one"), "{other}");
    assert!(!other.contains("In force since"), "{other}");
}
