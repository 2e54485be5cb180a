use super::*;

fn diff(before: &str, after: &str) -> String {
    let diff = DocumentDiff::between(&Snapshot::new(before), Some(&Snapshot::new(after)));
    diff.lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_diff_ignores_the_layout() {
    let before = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:DeleteBucket"],"Resource":"*"}]}"#;
    let after = r#"{"Version": "2012-10-17",
        "Statement": [{"Effect":"Allow", "Action":["s3:GetObject"],"Resource":"*"}]}"#;
    assert_eq!(
        diff(before, after),
        concat!(
            "  …\n",
            "        \"Effect\": \"Allow\",\n",
            "        \"Action\": [\n",
            "          \"s3:GetObject\",\n",
            "-         \"s3:DeleteBucket\"\n",
            "        ],\n",
            "        \"Resource\": \"*\"\n",
            "      }\n",
            "  …\n",
        )
    );
    assert_eq!(diff(before, before), "  …\n");
}

#[test]
fn pretty_keeps_tokens_as_written() {
    for (json, laid_out) in [
        (
            r#"{"b":1e400,"a":[ ],"c":{}}"#,
            "{\n  \"b\": 1e400,\n  \"a\": [],\n  \"c\": {}\n}",
        ),
        (r#"{"a:{":"x,\"y[\\"}"#, "{\n  \"a:{\": \"x,\\\"y[\\\\\"\n}"),
        ("no json }}", "nojson\n}\n}"),
        ("\"open", "\"open"),
        ("", ""),
    ] {
        assert_eq!(pretty(json), laid_out, "{json}");
    }
}

#[test]
fn a_document_of_brackets_stays_small() {
    let deep = format!("{}{}", "[".repeat(3000), "]".repeat(3000));
    assert!(pretty(&deep).len() < 200_000);
    assert!(diff(&deep, "{}").len() < 100_000);
}

#[test]
fn documents_cannot_add_lines() {
    let after = r#"{"Id":"x\nAllow"}"#;
    let shown = diff(
        "{\"Id\":\"a\u{2028}+ b\u{202E}\",\"l\":\"https://evil.example\"}",
        after,
    );
    assert!(
        shown.lines().all(|line| line.starts_with(['-', '+', ' '])),
        "{shown}"
    );
    assert!(!shown.contains('\u{202E}'), "{shown}");
}

#[test]
fn the_whole_diff_leaves_nothing_out() {
    let entries: Vec<String> = (0..2_000).map(|n| format!("\"s3:Get{n}\"")).collect();
    let long = "x".repeat(9_000);
    let before = format!(
        r#"{{"Id":"{long}","Action":[{},"s3:DeleteBucket"]}}"#,
        entries.join(",")
    );
    let after = before.replace(r#","s3:DeleteBucket""#, "");
    let (before, after) = (Snapshot::new(&before), Snapshot::new(&after));
    assert!(DocumentDiff::between(&before, Some(&after)).is_excerpt());
    let whole = DocumentDiff::whole(&before, Some(&after));
    assert!(!whole.is_excerpt());
    let text: String = whole.lines.iter().map(|line| format!("{line}\n")).collect();
    assert!(text.contains(&long) && entries.iter().all(|entry| text.contains(entry)));
    let removed = whole
        .lines
        .iter()
        .filter(|line| line.kind == LineKind::Removed);
    assert_eq!(
        removed.map(|line| line.text.trim()).collect::<Vec<_>>(),
        ["\"s3:DeleteBucket\""]
    );
}
