//! The lists to ask about and to report: what the other commands say.

use crate::responses::{LISTS, documents, verdict};
use crate::support::{allow, run};

#[test]
fn fix_leaves_what_is_reported_and_says_so() {
    let folder = documents();
    let fixed = |file: &str| run(&folder, &format!("fix {file} {LISTS}"));
    let ran = fixed("mixed.json");
    assert_eq!(ran.code, 0);
    assert!(
        ran.out.contains("s3:GetObject") && !ran.out.contains("s3:PutObject"),
        "{}",
        ran.out
    );
    ran.has_diagnostic("\nstays, only reported: statement 1: Action `s3:GetObject` grants");
    let mut staying = ran.diagnostics.lines().filter(|it| it.starts_with("stays"));
    assert!(staying.all(|it| !it.contains("`s3:PutObject`")), "{ran:?}");
    std::fs::write(folder.path().join("fixed.json"), &ran.out).unwrap();
    assert_eq!(
        verdict(&folder, &format!("fixed.json {LISTS}")),
        ("reported".to_owned(), 0)
    );
    let ran = fixed("reported.json");
    assert_eq!(ran.out, allow("s3:GetObject"));
    assert_eq!(ran.diagnostics.lines().count(), 1, "{}", ran.diagnostics);
    ran.has_diagnostic("stays, only reported: ");
    assert_eq!(fixed("clean.json").diagnostics, "");
    assert_eq!(
        run(&folder, "fix mixed.json --report s3:*").out,
        std::fs::read_to_string(folder.path().join("mixed.json")).unwrap()
    );
}

#[test]
fn explain_says_the_response_to_a_pattern() {
    for (pattern, expected) in [
        (
            "s3:ListJobs",
            "`s3:ListJobs` meets no pattern of the lists.\n",
        ),
        (
            "s3:GetObject",
            "`s3:GetObject` meets `s3:Get*` of the report list: `s3:GetObject` matches both.\nThe response is `report`.\n",
        ),
        (
            "s3:DeleteBuck*",
            "`s3:DeleteBuck*` meets `s3:DeleteBucket` of the restricted list: `s3:DeleteBucket` matches both.\n`s3:DeleteBuck*` meets `s3:*Bucket` of the report list: `s3:DeleteBucket` matches both.\nThe response is `contain`.\n",
        ),
        (
            "s3:PutObject",
            "`s3:PutObject` meets `s3:Put*` of the ask list: `s3:PutObject` matches both.\nThe response is `ask`.\n",
        ),
    ] {
        let ran = run(".", &format!("explain {pattern} {LISTS}"));
        assert_eq!((ran.code, ran.out.as_str()), (0, expected));
    }
    let odd = run(".", &format!("explain s3:Del\u{e9} {LISTS}"));
    assert!(
        odd.out.contains(" may grant anything, ")
            && odd.out.ends_with("The response is `contain`.\n"),
        "{}",
        odd.out
    );
    let two = run(".", "explain s3:Get* s3:* --ask s3:*");
    assert_eq!(two.code, 2);
    two.has_diagnostic("cannot be used with");
}
