//! The limits of SNS and of mail servers.

use proptest::prelude::*;

use super::*;

pub(super) fn within_limits(mail: &Mail) {
    assert!((1..=Mail::MAX_SUBJECT).contains(&mail.subject().len()));
    assert!(mail.subject().chars().all(|c| (' '..='~').contains(&c)));
    assert!(
        mail.subject()
            .starts_with(|c: char| c.is_ascii_alphanumeric())
    );
    assert!(!mail.message().trim().is_empty());
    assert!(mail.message().len() <= Mail::MAX_MESSAGE);
    assert!(!mail.message().chars().any(|c| is_unseen(c) && c != '\n'));
}

#[test]
fn any_length_and_any_character_are_within_limits() {
    within_limits(&Mail::new(
        &"Überraschung\n".repeat(20),
        &"a\u{0}b\u{202E}".repeat(40_000),
    ));
    within_limits(&Mail::new("", ""));
}

#[test]
fn a_huge_incident_keeps_its_links() {
    let mut value = request();
    let finding = value["quarantine"]["findings"][0].clone();
    value["quarantine"]["findings"] = json!(vec![finding; 500]);
    let statements: Vec<Value> = (0..400).map(|n| json!({"Sid": format!("S{n}")})).collect();
    value["quarantine"]["original"] = json!(json!({"Statement": statements}).to_string());
    let links = links(LinkConfirmation::Required);
    let mail = decision_request(&read(value), &links);
    within_limits(&mail);
    assert!(mail.message().contains(&links.allow) && mail.message().contains(&links.deny));
    assert!(mail.message().contains("and 460 more"));
    let lines = mail.message().lines().map(str::len);
    assert!(lines.max().unwrap() <= writer::MAX_LINE);
}

#[test]
fn restricted_patterns_are_named_before_the_first_link() {
    let mut value = request();
    let patterns: Vec<String> = (0..60).map(|n| format!("ec2:Terminate{n}*")).collect();
    for (shown, total) in [(1, 1), (60, 60), (60, 500)] {
        value["quarantine"]["restricted"] = json!(patterns[..shown]);
        value["quarantine"]["moreRestricted"] = json!(total - shown);
        let mail = decision_request(&read(value.clone()), &links(LinkConfirmation::Required));
        let (before, _) = mail.message().split_once("https://").unwrap();
        let named = patterns.iter().filter(|it| before.contains(*it)).count();
        assert!(named >= shown.min(30), "{before}");
        if named < total {
            assert!(before.contains(&format!("{total} patterns")), "{before}");
            assert!(before.contains(&format!("and {} more", total - named)));
        }
    }
}

#[test]
fn the_links_stand_on_lines_of_their_own() {
    let links = links(LinkConfirmation::Required);
    let mail = decision_request(&read(request()), &links);
    for link in [&links.allow, &links.deny] {
        assert_eq!(
            mail.message().lines().filter(|line| line == link).count(),
            1
        );
    }
}

#[test]
fn the_first_sentence_fits_a_phone() {
    for request in [request(), removed()] {
        let mail = decision_request(&read(request), &links(LinkConfirmation::Required));
        let first = mail.message().lines().next().unwrap();
        assert!(first.len() <= 160, "{}: {first}", first.len());
    }
}

proptest! {
    #[test]
    fn any_text_makes_a_mail_within_limits(subject in ".*", message in "(?s).{0,200}") {
        within_limits(&Mail::new(&subject, &message));
    }
}
