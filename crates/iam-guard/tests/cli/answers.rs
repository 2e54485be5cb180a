//! Answers of AWS in shapes that people have, and folders in which files are not what they seem.

use crate::support::{allow, check, folder, run};

/// An answer, and the verdicts by name; with none, nothing is wrong.
#[track_caller]
fn judged(answer: &str, verdicts: &[(&str, &str)]) {
    check("answer.json", answer).has_verdicts(verdicts);
}

#[test]
fn parts_of_the_details_of_an_account() {
    let wide = allow("s3:*");
    let versions =
        format!(r#"[{{"VersionId": "v1", "IsDefaultVersion": true, "Document": {wide}}}]"#);
    judged(
        &format!(r#"{{"Policies": [{{"PolicyName": "p", "PolicyVersionList": {versions}}}]}}"#),
        &[("p", "restricted")],
    );
    let inline = format!(r#"[{{"PolicyName": "p", "PolicyDocument": {wide}}}]"#);
    judged(
        &format!(r#"{{"UserName": "u", "UserPolicyList": {inline}}}"#),
        &[("u", "restricted")],
    );
    judged(
        r#"{"RoleDetailList": [{"RoleName": "r", "RolePolicyList": [{"PolicyName": "p"}]}]}"#,
        &[("r", "unknown")],
    );
}

#[test]
fn an_answer_that_breaks_off_is_not_clean() {
    for cut in [r#""IsTruncated": true"#, r#""NextToken": "abc""#] {
        let answer = format!(
            r#"{{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": [], {cut}}}"#
        );
        let ran = check("answer.json", &answer);
        assert_eq!(ran.code, 2);
        ran.has_verdicts(&[("the next page", "unknown")]);
    }
}

#[test]
fn several_answers_in_a_list() {
    let answer = |role: &str, action: &str| {
        let document = allow(action);
        format!(r#"{{"RoleName": "{role}", "PolicyName": "{role}", "PolicyDocument": {document}}}"#)
    };
    let list = format!("[{}, {}]", answer("a", "s3:GetObject"), answer("b", "s3:*"));
    judged(&list, &[("a", "clean"), ("b", "restricted")]);
}

#[test]
fn a_permission_set_without_an_inline_policy_is_clean() {
    let ran = check("answer.json", r#"{"InlinePolicy": ""}"#);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
}

#[test]
fn a_template_of_an_answer_that_is_none_is_not_clean() {
    for body in ["hello", "Resources:\\n  P: ["] {
        let ran = check("answer.json", &format!(r#"{{"TemplateBody": "{body}"}}"#));
        assert_eq!(ran.code, 2);
        ran.has_verdicts(&[("answer.json", "unknown")]);
    }
}

#[test]
fn a_folder_names_documents_in_files_of_other_kinds() {
    let other = format!(r#"{{"tool": {{"grants": {}}}}}"#, allow("s3:*"));
    let folder = folder(&[("other.json", &other), ("plain.json", r#"{"a": 1}"#)]);
    let ran = run(&folder, "check . --restricted s3:DeleteBucket");
    assert_eq!(ran.code, 0);
    let note = "`other.json` is not judged: has a policy document in a place that is not read";
    assert!(ran.out.contains(note), "{}", ran.out);
    assert!(!ran.out.contains("`plain.json`"), "{}", ran.out);
    assert_eq!(run(&folder, "check other.json --restricted s3:*").code, 2);
}

#[cfg(unix)]
#[test]
fn a_folder_is_read_through_its_links() {
    let folder = folder(&[
        ("real/p.json", &allow("s3:*")),
        ("links/clean.json", &allow("s3:GetObject")),
    ]);
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, folder.path().join("links").join(name)).unwrap();
    };
    link("../real/p.json", "p.json");
    link("../real", "sub");
    link(".", "again");
    link("nowhere", "dangling");
    let ran = run(
        &folder,
        "check links --restricted s3:DeleteBucket --format json",
    );
    assert_eq!((ran.code, ran.diagnostics.as_str()), (1, ""));
    assert_eq!(ran.lines().len(), 3, "{}", ran.out);
    link("nowhere", "dangling.json");
    let ran = run(&folder, "check links --restricted s3:DeleteBucket");
    ran.has_diagnostic("dangling.json");
}

#[test]
fn json_that_is_no_policy_is_not_read_as_one() {
    let ran = check("notes.json", "{\"title\": \"one\ntwo\"}");
    assert_eq!(ran.code, 2);
    ran.has_diagnostic("the file is not JSON");
    // IAM may accept this one.
    let ran = check("policy.json", &allow("s3:*").replace("s3:*", "s3:\n*"));
    assert_eq!(ran.code, 1);
}

#[test]
fn an_empty_state_has_no_policies() {
    for state in [
        r#"{"format_version": "1.0"}"#,
        r#"{"format_version": "1.0", "terraform_version": "1.11.4"}"#,
    ] {
        assert_eq!(check("state.json", state).code, 0);
    }
}

#[test]
fn a_part_of_an_arn_that_is_not_known_is_no_name() {
    for arn in [
        "arn:aws:iam::aws:policy/${P}",
        "arn:aws:iam::aws:policy/{{resolve:ssm:p}}",
    ] {
        let template = format!(
            "Parameters: {{P: {{Type: String}}}}\nResources: {{R: {{Type: AWS::IAM::Role, Properties: {{ManagedPolicyArns: [!Sub '{arn}']}}}}}}\n"
        );
        let folder = folder(&[("t.yaml", &template)]);
        let ran = run(&folder, "check t.yaml --restricted s3:DeleteBucket");
        let note = "attaches a policy whose ARN is not known before the deployment";
        assert!(ran.out.contains(note), "{}", ran.out);
    }
    // Any partition has the same policies.
    let template = "Resources: {R: {Type: AWS::IAM::Role, Properties: {ManagedPolicyArns: [!Sub 'arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess']}}}\n";
    check("t.yaml", template)
        .has_verdicts(&[("R.ManagedPolicyArns (AdministratorAccess)", "restricted")]);
}

#[test]
fn names_cannot_make_lines_of_their_own() {
    let template = format!(
        r#"{{"Resources": {{"A\n::error::x": {{"Type": "AWS::IAM::ManagedPolicy", "Properties": {{"PolicyDocument": {}}}}}}}}}"#,
        allow("s3:*")
    );
    let folder = folder(&[("t.json", &template)]);
    let ran = run(&folder, "check t.json --restricted s3:DeleteBucket");
    let begins = |line: &str| line.trim_start().starts_with("::error");
    assert!(!ran.out.lines().any(begins), "{}", ran.out);
}
