//! `fix`, `explain` and `lists`.

use std::path::Path;

use iam_policy::{RestrictedActions, judge};

use crate::support::{allow, folder, run, run_with};

const LIST: &str = "--restricted s3:DeleteBucket";

#[test]
fn fix_prints_what_the_guard_would_put_in_force() {
    let folder = folder(&[
        ("wide.json", &allow("s3:DeleteBucket*")),
        (
            "clean.json",
            " {\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:Get*\",\"Resource\":\"*\"}}",
        ),
        ("broken.json", "{"),
        ("template.yaml", "Resources: {}\n"),
    ]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let restricted: RestrictedActions = "s3:DeleteBucket".parse().unwrap();
    let ran = run(&folder, &format!("fix wide.json {LIST}"));
    assert_eq!(ran.code, 0, "{}", ran.diagnostics);
    assert!(judge(&ran.out, &restricted).is_clean());
    assert!(
        ran.out.contains("\n        \"s3:DeleteBucket?*\"\n"),
        "{}",
        ran.out
    );
    ran.has_diagnostic("was replaced by");
    assert_eq!(read("wide.json"), allow("s3:DeleteBucket*"));
    let written = run(&folder, &format!("fix wide.json --write {LIST}"));
    assert_eq!((written.code, written.out.as_str()), (0, ""));
    assert_eq!(read("wide.json"), ran.out);
    let ran = run(&folder, &format!("fix clean.json {LIST}"));
    assert_eq!(ran.out, read("clean.json"));
    // A file that cannot be read stays as it is.
    for name in ["broken.json", "template.yaml", "nothing-there.json"] {
        let ran = run(&folder, &format!("fix {name} --write {LIST}"));
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(ran.diagnostics.starts_with("error: "), "{ran:?}");
    }
    assert_eq!(read("broken.json"), "{");
    let ran = run_with(".", &format!("fix - {LIST}"), allow("*").as_bytes());
    assert!(ran.out.contains("NotAction"), "{}", ran.out);
}

#[test]
fn explain_names_an_action_that_both_match() {
    for (one, other, expected) in [
        (
            "s3:Del*",
            "S3:*Bucket",
            "`s3:Del*` and `S3:*Bucket` meet: `s3:DeleteBucket` matches both.\nIt is the only action known today that matches both.\n",
        ),
        (
            "s3:Get*",
            "s3:Put*",
            "`s3:Get*` and `s3:Put*` do not meet: no action, known today or not, matches both.\n",
        ),
        (
            "s3:Get*",
            "s3:*Zebra",
            "`s3:Get*` and `s3:*Zebra` meet: `s3:getzebra` matches both.\nNo action known today matches both; AWS may add one.\n",
        ),
        (
            "s3:DeleteBucket",
            "s3:*",
            "`s3:DeleteBucket` and `s3:*` meet: `s3:DeleteBucket` matches both.\nIt is the only action known today that matches both.\n`s3:*` matches everything that `s3:DeleteBucket` matches.\n",
        ),
    ] {
        let ran = run(".", &format!("explain {one} {other}"));
        assert_eq!((ran.code, ran.out.as_str()), (0, expected));
    }
    let ran = run(".", "explain s3 *");
    assert_eq!(ran.code, 2);
    ran.has_diagnostic("it has no colon");
}

#[test]
fn lists_have_reasons_and_a_page() {
    let text = run(".", "lists").out;
    assert!(text.contains("@data-destruction: "), "{text}");
    let pass = text
        .lines()
        .find(|line| line.contains("iam:PassRole "))
        .unwrap();
    assert!(pass.ends_with("gives a role to something new that runs with it [apprunner-001, bedrock-001, cloudformation-001 and 23 more]"), "{pass}");
    let one = run(".", "lists @audit-tampering --format json").out;
    assert!(
        one.lines()
            .all(|line| line.contains("\"list\":\"audit-tampering\"")),
        "{one}"
    );
    assert_eq!(run(".", "lists nothing").code, 2);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ready-made-lists.md");
    let page = std::fs::read_to_string(page).unwrap();
    let printed = run(".", "lists --format markdown").out;
    assert!(
        page == printed,
        "run `iam-guard lists --format markdown > docs/ready-made-lists.md`"
    );
}

#[test]
fn help_man_page_and_completion_name_every_command() {
    let folder = folder(&[]);
    let help = run(&folder, "--help").out;
    let page = run(&folder, "man").out;
    let completion = run(&folder, "completion bash").out;
    for command in ["check", "backtest", "fix", "explain", "lists"] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        assert!(
            page.contains(&format!("iam\\-guard\\-{command}(1)")),
            "{page}"
        );
        assert!(
            completion.contains(&format!("iam__guard__subcmd__{command}"))
                || completion.contains(&format!("iam__guard__{command}")),
            "{command}"
        );
        assert!(run(&folder, &format!("{command} --help")).code == 0);
    }
    assert_eq!(run(&folder, "man --folder .").code, 0);
    assert!(folder.path().join("iam-guard-check.1").exists());
    let check = run(&folder, "check --help").out;
    assert!(
        check.contains("Exit status: 0 if all policies are clean"),
        "{check}"
    );
    assert!(
        check.lines().all(|line| line.chars().count() <= 100),
        "{check}"
    );
}
