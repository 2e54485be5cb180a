//! What the reports on accounts look like.

use serde_json::{Value, json};

use crate::account::{LIST, document, page, principal, role, whole};
use crate::support::{folder, run};

#[test]
fn the_text_has_sums_and_names() {
    let folder = folder(&[("a.json", &whole().to_string())]);
    let ran = run(&folder, &format!("account a.json --restricted {LIST}"));
    for part in [
        "1 user, 1 group and 3 roles of the account 111122223333; 2 managed policies\n",
        "1 user, 1 group and 1 role hold something restricted\n",
        "0 users, 0 groups and 1 role may hold something restricted, under conditions",
        "session policies and resource-based policies are not in the answer.\n",
        "  s3:DeleteBucket  4  ######################-------\n",
        "  user arn:aws:iam::111122223333:user/alice holds 2 restricted patterns\n    by policy `admin` of group `admins`, held by 1 role and 1 group (1 user): s3:DeleteBucket, iam:*\n",
        "    by inline policy `clean` of role `cleaner`: maybe s3:DeleteBucket\n",
        "Who may become whom\n  user arn:aws:iam::111122223333:user/alice: 1 role in reach, 1 of them hold something restricted\n    can become `deployer`, which holds 2 restricted patterns\n",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
}

#[test]
fn hidden_characters_of_names_are_escaped() {
    const HIDDEN: [char; 4] = ['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}'];
    let mut user = principal(
        "User",
        "a\u{1b}[2J\u{202e}b\n",
        &[("\u{7}\u{200b}", document("*", &json!({})))],
        &[],
    );
    user["GroupList"] = json!(["gone\u{1b}[1A\u{202e}"]);
    let folder = folder(&[(
        "a.json",
        &page(json!([user]), json!([]), json!([]), json!([])).to_string(),
    )]);
    let ran = run(
        &folder,
        &format!("account a.json --restricted {LIST} --html a.html"),
    );
    let html = std::fs::read_to_string(folder.path().join("a.html")).unwrap();
    let sarif = format!("account a.json --restricted {LIST} --format sarif");
    let log: Value = serde_json::from_str(&run(&folder, &sarif).out).unwrap();
    let message = log["runs"][0]["results"][0]["message"]["text"].as_str();
    for text in [&ran.out, &ran.diagnostics, &html, message.unwrap()] {
        assert!(!text.contains(HIDDEN), "{text}");
    }
    assert!(ran.out.contains(r"a\u{1b}[2J\u{202e}b\n"), "{}", ran.out);
    ran.has_diagnostic(r"no page has the group `gone\u{1b}[1A\u{202e}`");
}

#[test]
fn sarif_names_the_lines_and_is_valid() {
    let text = serde_json::to_string_pretty(&whole()).unwrap();
    let folder = folder(&[("a b.json", &text)]);
    let list = format!("--restricted={LIST}");
    let ran = crate::support::run_args(
        &folder,
        &["account", "a b.json", &list, "--format", "sarif"],
        b"",
    );
    let log: Value = serde_json::from_str(&ran.out).unwrap();
    let schema: Value =
        serde_json::from_str(include_str!("../../testdata/sarif-schema-2.1.0.json")).unwrap();
    assert!(
        jsonschema::validator_for(&schema).unwrap().is_valid(&log),
        "{}",
        ran.out
    );
    let results = log["runs"][0]["results"].as_array().unwrap();
    let rules: Vec<&str> = results
        .iter()
        .map(|it| it["ruleId"].as_str().unwrap())
        .collect();
    let holder = "restricted-holder";
    assert_eq!(rules, [holder, holder, "conditional-holder", holder]);
    let place = &results[2]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b.json");
    let line = usize::try_from(place["region"]["startLine"].as_u64().unwrap()).unwrap();
    let at = text
        .lines()
        .position(|line| line.contains("role/cleaner"))
        .unwrap();
    assert!((at - 1..=at + 1).contains(&line), "{line} {at}");
    assert_eq!(
        results[2]["message"]["text"],
        "the role `cleaner` holds maybe 1 restricted pattern (s3:DeleteBucket) by inline policy `clean` of role `cleaner`"
    );
}

#[test]
fn the_page_escapes_names_and_loads_nothing() {
    const HOSTILE: &str = "<script>alert('x')</script>\"&";
    let bad = || document("*", &json!({}));
    let mut user = principal("User", HOSTILE, &[(HOSTILE, bad())], &[]);
    user["GroupList"] = json!([format!("{HOSTILE} group")]);
    let trusted = json!({"AWS": [format!("arn:aws:iam::444455556666:user/{HOSTILE}")]});
    let role = role(HOSTILE, &[(HOSTILE, bad())], &["<gone>"], trusted);
    let unknown = principal("User", "<unknown>", &[], &["<gone>"]);
    let page = page(json!([user, unknown]), json!([]), json!([role]), json!([]));
    let folder = folder(&[("a.json", &page.to_string())]);
    run(
        &folder,
        &format!("account a.json --restricted {LIST} --html out.html"),
    );
    let html = std::fs::read_to_string(folder.path().join("out.html")).unwrap();
    for mark in [
        "<script",
        "<gone>",
        "<unknown>",
        "http:",
        "https:",
        "src=",
        "url(",
        "@import",
    ] {
        assert!(!html.contains(mark), "{mark}\n{html}");
    }
    assert!(html.contains("&#60;script&#62;alert"), "{html}");
    assert!(html.contains("&#60;gone&#62;"), "{html}");
    assert!(html.contains(r#"<html lang="en">"#) && html.contains("color-scheme: light dark"));
    // Every table has headers for its columns, and every row one for itself.
    let tables: Vec<&str> = html.split("<table").skip(1).collect();
    assert_eq!(tables.len(), 5, "{html}");
    for table in tables {
        let table = table.split("</table>").next().unwrap();
        let (head, body) = table.split_once("</thead>").unwrap();
        assert!(head.matches(r#"<th scope="col""#).count() >= 2, "{head}");
        let count = |mark: &str| body.matches(mark).count();
        assert_eq!(count("<tr>"), count(r#"<th scope="row">"#), "{body}");
    }
    // A keyboard can scroll what is wider than the window.
    let count = |mark: &str| html.matches(mark).count();
    assert_eq!(count(r#"class="scroll""#), count(r#"tabindex="0""#));
}

#[test]
fn the_page_of_a_large_account_is_limited() {
    let user = |number: usize| {
        principal(
            "User",
            &format!("u{number}"),
            &[("p", document("iam:*", &json!({})))],
            &[],
        )
    };
    let users: Vec<Value> = (0..2_003).map(user).collect();
    let page = page(json!(users), json!([]), json!([]), json!([]));
    let folder = folder(&[("a.json", &page.to_string())]);
    let ran = run(
        &folder,
        &format!("account a.json --restricted {LIST} --html out.html"),
    );
    let html = std::fs::read_to_string(folder.path().join("out.html")).unwrap();
    assert!(html.contains("<p>3 more; <code>--format json</code> has them all.</p>"));
    assert!(html.contains("<summary>The others: 1983</summary>"));
    assert!(
        ran.out
            .contains("  1983 more; `--format json` has them all\n"),
        "{}",
        ran.out
    );
}
