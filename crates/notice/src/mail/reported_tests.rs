//! E-mails about calls that the guard does not revert.

use incident::PolicyArn;
use incident::memory::Memory;
use incident::message::{Reason, Report};
use incident::subject::{
    Credentials, ManagedPolicy, Named, Owner, OwnerKind, ReportedCall, Reserved,
};
use incident::{Subject, WatchedCall};

use super::*;

#[path = "commands_tests.rs"]
mod commands;
#[path = "doors_tests.rs"]
mod doors;

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
                    ..request.quarantine.contained().unwrap().restricted.clone()
                }
            } else {
                Restricted::default()
            },
            exemption: None,
            report: Some(Report::new(reasons, false)),
            memory: Memory::default(),
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
        allows: vec!["s3:GetObject".to_owned(), "everything but iam:*".to_owned()],
        more_allows: 0,
    };
    let call = WatchedCall::RemoveUserFromGroup;
    let removed_from_group = mail(call, what, VerdictResult::Reported, &[denied]);
    expect_file!["../../testdata/mail/reported-removed-from-group.txt"]
        .assert_eq(&shown(&removed_from_group));
}

#[test]
fn a_delegate_and_the_person_behind_a_session_are_named() {
    let mut request = read(request());
    request.change.actor.delegate = Some("999988887777".to_owned());
    request.change.actor.on_behalf_of = Some(incident::OnBehalfOf {
        user_id: Some("94482488-3041-7026".to_owned()),
        identity_store_arn: Some("arn:aws:identitystore::1:identitystore/d-90".to_owned()),
    });
    let mail = verdict_of(&request, VerdictResult::Clean, false);
    let text = mail.message();
    for part in [
        "Delegate: the account 999988887777",
        "Person:   Identity Center user id 94482488-3041-7026 of arn:aws:identitystore::1:identitystore/d-90",
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
}

#[test]
fn credentials_of_the_root_user_have_no_command() {
    for (credentials, words) in [
        (
            Credentials::AccessKey(Some("AKIAI44QH8DHBEXAMPLE".to_owned())),
            "created the access key AKIAI44QH8DHBEXAMPLE for the root user",
        ),
        (Credentials::Password, "set the password of the root user"),
    ] {
        let what = ReportedCall::RootCredentials { credentials };
        let call = WatchedCall::CreateAccessKey;
        let mail = mail(call, what, VerdictResult::Reported, &[Reason::RootUser]);
        let text = mail.message();
        for part in [
            words,
            "IS IN FORCE",
            "taken over",
            "iam/home#/security_credentials",
        ] {
            assert!(text.contains(part), "no {part} in {text}");
        }
        assert!(!text.contains("aws iam "), "{text}");
        assert!(mail.subject().contains("root user"), "{}", mail.subject());
    }
}

#[test]
fn what_could_not_be_read_is_said_to_be_so() {
    let group = Owner {
        kind: OwnerKind::Group,
        name: "developers".to_owned(),
    };
    let what = ReportedCall::RemovedFromGroup {
        user: "dave".to_owned(),
        group: group.name.clone(),
    };
    let named = Named::Owner(group);
    let call = WatchedCall::RemoveUserFromGroup;
    let reasons = [Reason::NotRead { named }, grants()];
    let mail = mail(call, what, VerdictResult::Reported, &reasons);
    let text = mail.message();
    for part in [
        "cannot be read any more",
        "the group `developers` of the call could not be read",
        "s3:DeleteBucket",
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert!(!text.contains("aws iam "), "{text}");
}

#[test]
fn credentials_that_a_key_makes_for_its_own_user_are_explained() {
    let what = ReportedCall::Credentials {
        user: "dave".to_owned(),
        credentials: Credentials::Password,
        is_own: true,
        by_key: true,
    };
    let call = WatchedCall::CreateLoginProfile;
    let mail = mail(call, what, VerdictResult::Reported, &[grants()]);
    let text = mail.message();
    assert!(text.contains("A key of the user made them"), "{text}");
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
