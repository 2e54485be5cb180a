//! E-mails about roles, credentials and rare calls that open an account by another door.

use incident::LostDenial;
use incident::memory::Memory;
use incident::subject::Credentials;

use super::*;

fn reported(call: WatchedCall, what: ReportedCall, reasons: &[Reason]) -> Mail {
    mail(call, what, VerdictResult::Reported, reasons)
}

#[test]
fn each_mail_matches_its_file() {
    let entrants = Reason::Entrants {
        principals: vec!["`arn:aws:iam::111122223333:user/dave`".to_owned()],
        more: 0,
        are_new: true,
    };
    let what = ReportedCall::Trust {
        role: "deploy".to_owned(),
        is_new: false,
    };
    let call = WatchedCall::UpdateAssumeRolePolicy;
    let trust = reported(call, what, &[grants(), entrants]);
    expect_file!["../../testdata/mail/reported-trust-of-a-holder.txt"].assert_eq(&shown(&trust));

    let what = ReportedCall::AcquiredRole {
        role: "PowerUserRole".to_owned(),
    };
    let acquired = reported(WatchedCall::AcquireRole, what, &[grants()]);
    expect_file!["../../testdata/mail/reported-acquired-role.txt"].assert_eq(&shown(&acquired));

    let what = ReportedCall::Credentials {
        user: "dave".to_owned(),
        credentials: Credentials::WithoutMfa(Some("arn:aws:iam::111122223333:mfa/dave".to_owned())),
        is_own: false,
        by_key: false,
    };
    let mfa = reported(WatchedCall::DeactivateMFADevice, what, &[grants()]);
    expect_file!["../../testdata/mail/reported-mfa-device.txt"].assert_eq(&shown(&mfa));

    let what = ReportedCall::Rare {
        call: WatchedCall::UpdateSAMLProvider,
        named: Some("arn:aws:iam::111122223333:saml-provider/Partner".to_owned()),
    };
    let saml = reported(WatchedCall::UpdateSAMLProvider, what, &[Reason::Rare]);
    expect_file!["../../testdata/mail/reported-saml-provider.txt"].assert_eq(&shown(&saml));
}

#[test]
fn a_deny_that_went_is_named() {
    let mut request = read(request());
    request.change.lost_denials = vec![LostDenial {
        version: incident::VersionId::parse("v3").unwrap(),
        denied: vec!["s3:Delete*".to_owned(), "everything but ec2:*".to_owned()],
        more: 2,
    }];
    let report = ReportVerdict {
        execution: request.execution,
        verdict: Verdict {
            response: Response::None,
            notify: true,
            result: VerdictResult::Clean,
            change: request.change,
            in_force: None,
            named: None,
            restricted: Restricted::default(),
            exemption: None,
            report: None,
            memory: Memory::default(),
        },
        reported_at: None,
        failed_tries: 0,
    };
    expect_file!["../../testdata/mail/denial-gone.txt"].assert_eq(&shown(&verdict(&report)));
}

#[test]
fn each_rare_call_says_what_it_did() {
    for call in WatchedCall::ALL {
        if *call < WatchedCall::CreateSAMLProvider {
            continue;
        }
        let what = ReportedCall::Rare {
            call: *call,
            named: Some("a\nb `c`".to_owned()),
        };
        let mail = reported(*call, what, &[Reason::Rare]);
        let text = mail.message();
        for part in [
            "This IS IN FORCE.",
            "If nobody can explain the call",
            "a b `c`",
        ] {
            let may_lack = part == "a b `c`" && call.as_str().starts_with("EnableOrganizations");
            assert!(may_lack || text.contains(part), "no {part} in {text}");
        }
        assert!(!text.contains("aws iam "), "{text}");
    }
}
