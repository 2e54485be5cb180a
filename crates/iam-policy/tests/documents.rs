//! Reading and writing documents: the grammar, the errors, and texts of all kinds.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "what goes wrong in a helper fails the test that called it"
)]

use std::str::FromStr;

use iam_policy::{
    DocumentError, Finding, GRANTS_NOTHING, PolicyDocument, Quota, RestrictedActions,
    decode_document, judge, quota_size, remediate,
};
use proptest::prelude::*;

fn statement(inner: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{{inner}}}]}}"#)
}

/// All findings, however many.
fn findings(text: &str, restricted: &RestrictedActions) -> Vec<Finding> {
    judge(text, restricted).findings(usize::MAX).into_shown()
}

#[track_caller]
fn accepts(text: &str) {
    let document = PolicyDocument::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let written = document.to_json();
    assert_eq!(
        PolicyDocument::from_str(&written).unwrap().to_json(),
        written
    );
    assert_eq!(document.size(), quota_size(text), "{text}");
    assert!(document.is_equivalent(&PolicyDocument::from_str(&written).unwrap()));
}

#[track_caller]
fn refuses(text: &str, message: &str) {
    let error = PolicyDocument::from_str(text).expect_err(text).to_string();
    assert_eq!(error, message, "{text}");
    assert!(!error.contains('\n'), "{error}");
    let restricted = RestrictedActions::from_str("s3:*").unwrap();
    assert_eq!(
        findings(text, &restricted),
        vec![Finding::Unreadable {
            reason: error.clone()
        }]
    );
    let remediation = remediate(text, &restricted, Quota::MANAGED);
    assert_eq!(remediation.document(), GRANTS_NOTHING);
    assert_eq!(
        remediation.edits()[0].to_string(),
        format!(
            "the document was replaced by one that grants nothing, because it cannot be read: {error}"
        ),
    );
}

#[test]
fn what_iam_accepts() {
    accepts(&statement(
        r#""Effect":"Allow","Action":"s3:Get*","Resource":"*""#,
    ));
    accepts(&statement(
        r#""Effect":"Allow","NotAction":[],"NotResource":["a","b"],"Condition":{}"#,
    ));
    accepts(
        r#"{"Statement":{"Effect":"Deny","Action":["*"],"Resource":[]},"Id":{"a":[1,2.50,null]}}"#,
    );
    accepts(
        r#"{"Version":"2008-10-17","Id":"x","Statement":[{"Effect":"Allow","Action":"*:*","Resource":"*"}]}"#,
    );
    accepts(
        " \t\r\n{ \"Statement\" : [ { \"Effect\":\"Allow\" , \"Action\":\"a.b-c:\" , \"Resource\":\" \\\" \" } ] } \n",
    );
    accepts(&statement(
        r#""Effect":"Allow","Action":"s3:[x]{y}|é","Resource":"*","Sid":"","Unknown":[{"a":{}}]"#,
    ));
}

#[test]
fn what_iam_refuses() {
    let allow = |rest: &str| statement(&format!(r#""Effect":"Allow",{rest}"#));
    refuses("[]", "the document must be an object, but is an array");
    refuses(r#""{}""#, "the document must be an object, but is a string");
    refuses("7", "the document must be an object, but is a number");
    refuses("true", "the document must be an object, but is a boolean");
    refuses("null", "the document must be an object, but is null");
    refuses("{}", "the document has no `Statement`");
    refuses(
        "",
        "the document is not JSON (EOF while parsing a value at line 1 column 0); a policy is one JSON object",
    );
    refuses(
        "hello",
        "the document is not JSON (expected value at line 1 column 1); a policy is one JSON object",
    );
    refuses(
        r#"{"Statement":[]}"#,
        "the document: `Statement` must be an object or an array of objects, but is an empty array",
    );
    refuses(
        r#"{"Statement":"Allow"}"#,
        "the document: `Statement` must be an object or an array of objects, but is a string",
    );
    refuses(r#"{"Statement":[{},7]}"#, "statement 1 has no `Effect`");
    refuses(
        r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},7]}"#,
        "statement 2 must be an object, but is a number",
    );
    refuses(
        r#"{"Version":"2012-10-18","Statement":[]}"#,
        "the document: `Version` must be `\"2012-10-17\"` or `\"2008-10-17\"`, but is `\"2012-10-18\"`",
    );
    refuses(
        r#"{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}"#,
        "the document has the key `Version` twice; each key may stand once in an object",
    );
    refuses(
        &allow(r#""Action":"*","Resource":"*","Condition":{"Bool":{"a":"b","\u0061":"c"}}"#),
        "statement 1 has the key `a` twice; each key may stand once in an object",
    );
    refuses(
        &allow(r#""Action":"*""#),
        "statement 1 has no `Resource` or `NotResource`",
    );
    refuses(
        &allow(r#""Action":"*","Resource":"*","NotResource":"*""#),
        "statement 1 has both `Resource` and `NotResource`; it must have exactly one of them",
    );
    refuses(
        &statement(r#""Effect":"ALLOW","Action":"*","Resource":"*""#),
        "statement 1: `Effect` must be `\"Allow\"` or `\"Deny\"`, in this letter case, but is `\"ALLOW\"`",
    );
    refuses(
        &allow(r#""Action":{"a":1},"Resource":"*""#),
        "statement 1: `Action` must be a string or an array of strings, but is an object",
    );
    refuses(
        &allow(r#""Action":"*","Resource":[["*"]]"#),
        "statement 1: `Resource` must be a string or an array of strings, but is an array with another kind of entry",
    );
    refuses(
        &allow(r#""Sid":7,"Action":"*","Resource":"*""#),
        "statement 1: `Sid` must be a string, but is a number",
    );
    refuses(
        &allow(r#""Action":"*","Resource":"*","Condition":[]"#),
        "statement 1: `Condition` must be an object, but is an array",
    );
    refuses(
        &allow(r#""Action":":Get","Resource":"*""#),
        "statement 1: `Action`: `:Get` is not a valid action: it has no service prefix before the colon; write one, as in `s3:GetObject`",
    );
    refuses(
        &allow(r#""NotAction":["s3 :Get"],"Resource":"*""#),
        "statement 1: `NotAction`: `s3 :Get` is not a valid action: ` ` cannot be in a service prefix; use letters, digits, `-`, `.` and the wildcards `*` and `?`",
    );
}

#[test]
fn deep_nesting_is_an_error() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}{{}}{}", open.repeat(20_000), close.repeat(20_000));
        let texts = [
            deep.clone(),
            format!(r#"{{"Id":{deep}}}"#),
            statement(&format!(r#""Effect":"Allow","Condition":{deep}"#)),
        ];
        for text in texts {
            let error = PolicyDocument::from_str(&text).unwrap_err();
            assert!(
                matches!(
                    error,
                    DocumentError::NotJson(_) | DocumentError::NotAnObject { .. }
                ),
                "{error}"
            );
        }
    }
}

#[test]
fn padded_documents() {
    let text = statement(r#""Effect":"Allow","Action":"s3:DeleteBucket","Resource":"*""#);
    let padded = text.replace(',', &format!(",{}", " ".repeat(42_000)));
    assert!(padded.len() > 120_000);
    let document = PolicyDocument::from_str(&padded).unwrap();
    assert_eq!(document.to_json(), text);
    assert_eq!(document.size(), text.len());
    let many: Vec<String> = (0..10_000).map(|n| format!(r#""k{n}":{n}"#)).collect();
    assert!(
        PolicyDocument::from_str(&statement(&format!(
            r#""Effect":"Allow","Action":"*","Resource":"*",{}"#,
            many.join(",")
        )))
        .is_ok()
    );
}

#[test]
fn percent_encoding() {
    let text =
        statement(r#""Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::a+b/%20é""#);
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for encoded in [
        encoded.clone(),
        encoded.to_lowercase(),
        format!(" \n{encoded}"),
    ] {
        assert_eq!(
            PolicyDocument::from_str(&encoded).unwrap().to_json(),
            text,
            "{encoded}"
        );
        assert_eq!(quota_size(&encoded), text.chars().count());
    }
    assert_eq!(decode_document(&text), text);
    // A text that is not UTF-8 is not a document either.
    assert_eq!(decode_document("%7B%FF"), "%7B%FF");
}

#[test]
fn serde_reads_objects_and_texts() {
    let text = statement(r#""Effect":"Allow","Action":"s3:Get\u002a","Resource":[ "*" ]"#);
    let compact = text.replace("[ \"*\" ]", "[\"*\"]");
    for json in [
        text.clone(),
        serde_json::to_string(&text).unwrap(),
        serde_json::to_string(&text.replace('{', "%7B")).unwrap(),
    ] {
        let document: PolicyDocument = serde_json::from_str(&json).unwrap();
        assert_eq!(document.to_string(), compact, "{json}");
        assert_eq!(serde_json::to_string(&document).unwrap(), compact);
    }
    for (json, message) in [
        ("[]", "the document must be an object, but is an array"),
        (r#""{}""#, "the document has no `Statement`"),
    ] {
        let error = serde_json::from_str::<PolicyDocument>(json).unwrap_err();
        assert_eq!(error.to_string(), message, "{json}");
    }
}

#[test]
fn size_counts_characters_outside_white_space() {
    for (text, size) in [
        ("", 0),
        ("{ }\n", 2),
        (r#"{"a b" : "c\" d"}"#, 15),
        ("\"é ", 3),
        ("{\u{a0}}", 3),
        (r#""\\" "x""#, 7),
    ] {
        assert_eq!(quota_size(text), size, "{text:?}");
    }
}

#[test]
fn what_is_not_changed_stays_byte_for_byte() {
    let text = concat!(
        r#"{"Id":"\u0041\/","Version":"2012-10-17","Statement":[{"Sid":"\u00e9","Action":["s3:Get\u002a","s3:DeleteBucket"],"#,
        r#""Effect":"Allow","Unknown":[1.50,1e3],"Resource":"arn:aws:s3:::\u0061","#,
        r#""Condition":{"NumericLessThan":{"s3:max-keys":100000000000000000000}}}]}"#,
    );
    assert_eq!(PolicyDocument::from_str(text).unwrap().to_json(), text);
    let restricted = RestrictedActions::from_str("s3:DeleteBucket").unwrap();
    let remediation = remediate(text, &restricted, Quota::MANAGED);
    assert_eq!(
        remediation.document(),
        text.replace(r#","s3:DeleteBucket""#, "")
    );
}

#[test]
fn equivalence() {
    let parse = |text: &str| PolicyDocument::from_str(text).unwrap();
    let base = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"a"}}"#;
    let two = |first: &str, second: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{first}","Resource":"*"}},{{"Effect":"Allow","Action":"{second}","Resource":"*"}}]}}"#
        )
    };
    let with = |condition: &str| {
        statement(&format!(
            r#""Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}"#
        ))
    };
    let same = [
        (
            base.to_owned(),
            statement(r#""Resource":["a","a"],"Action":["S3:get**","s3:GET*"],"Effect":"Allow""#),
        ),
        (two("a:b", "c:d"), two("c:d", "a:b")),
        (
            with("{}"),
            statement(r#""Effect":"Allow","Action":"*","Resource":"*""#),
        ),
        (
            with(r#"{"Bool":{"a":true,"b":[1]}}"#),
            with(r#"{"Bool":{"b":"1","a":["true"]}}"#),
        ),
        (
            base.replace("2012", "2008"),
            base.replace(r#""Version":"2012-10-17","#, ""),
        ),
        (
            with(r#"{"StringEquals":{"a":"caf\u00e9\/"}}"#),
            with(r#"{"StringEquals":{"\u0061":"café/"}}"#),
        ),
        (
            with(r#"{"NumericEquals":{"a":9007199254740993}}"#),
            with(r#"{"NumericEquals":{"a":"9007199254740993"}}"#),
        ),
    ];
    for (one, other) in &same {
        assert!(parse(one).is_equivalent(&parse(other)), "{one} and {other}");
    }
    let different = [
        (base.to_owned(), base.replace("2012", "2008")),
        (base.to_owned(), base.replace("Allow", "Deny")),
        (base.to_owned(), base.replace("Action", "NotAction")),
        (base.to_owned(), base.replace(r#""a""#, r#""A""#)),
        (base.to_owned(), base.replace("s3:Get*", "s3:Get?")),
        (
            base.to_owned(),
            base.replace(r#"{"Version""#, r#"{"Id":"x","Version""#),
        ),
        (
            base.to_owned(),
            base.replace(r#""Effect""#, r#""Sid":"x","Effect""#),
        ),
        (two("a:b", "c:d"), two("a:b", "a:b")),
        (with(r#"{"Bool":{"a":"b"}}"#), with(r#"{"Bool":{"A":"b"}}"#)),
        (with(r#"{"Bool":{"a":"b"}}"#), with("{}")),
        (with(r#"{"Bool":{}}"#), with("{}")),
        (
            with(r#"{"Bool":{"a":null}}"#),
            with(r#"{"Bool":{"a":"null"}}"#),
        ),
        (with(r#"{"Bool":7}"#), with(r#"{"Bool":8}"#)),
        // A float cannot hold these numbers and would take both for the same.
        (
            with(r#"{"NumericEquals":{"a":9007199254740993}}"#),
            with(r#"{"NumericEquals":{"a":9007199254740992}}"#),
        ),
        (
            with(r#"{"NumericEquals":{"a":[0.1]}}"#),
            with(r#"{"NumericEquals":{"a":[0.1000000000000000055511151231257827]}}"#),
        ),
        (
            statement(
                r#""Effect":"Allow","Action":"*","Resource":"*","Note":[18446744073709551617]"#,
            ),
            statement(
                r#""Effect":"Allow","Action":"*","Resource":"*","Note":[18446744073709551616]"#,
            ),
        ),
    ];
    for (one, other) in &different {
        assert!(
            !parse(one).is_equivalent(&parse(other)),
            "{one} and {other}"
        );
    }
}

/// Texts that are nearly documents: pieces of documents in any order, and documents with one
/// stretch replaced.
fn nearly_documents() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\"Statement\":",
        "\"Effect\":\"Allow\"",
        "\"Action\":",
        "\"s3:*\"",
        "\"Resource\":\"*\"",
        "null",
        "-1e9",
        "%7B",
        "%",
        "\u{e9}",
        " ",
        "\n",
        "\\u00",
        "\"\\ud800\"",
        "\"Condition\":{}",
        "\"Version\":\"2012-10-17\"",
        "true",
        "\u{1}",
        "é*?",
    ]);
    let whole = statement(
        r#""Sid":"A","Effect":"Allow","Action":["s3:*","*"],"Resource":"*","Condition":{"B":{"c":[1]}}"#,
    );
    prop_oneof![
        proptest::collection::vec(pieces.clone(), 0..24).prop_map(|pieces| pieces.concat()),
        (
            0..whole.len(),
            0..12_usize,
            proptest::collection::vec(pieces, 0..3)
        )
            .prop_map(move |(at, cut, pieces)| {
                let end = (at + cut).min(whole.len());
                format!("{}{}{}", &whole[..at], pieces.concat(), &whole[end..])
            }),
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_read_or_refused(text in nearly_documents()) {
        let restricted = RestrictedActions::from_str("s3:DeleteBucket,iam:*").unwrap();
        let findings = findings(&text, &restricted);
        let remediation = remediate(&text, &restricted, Quota::MANAGED);
        prop_assert!(judge(remediation.document(), &restricted).is_clean());
        prop_assert!(PolicyDocument::from_str(remediation.document()).is_ok());
        match PolicyDocument::from_str(&text) {
            Err(error) => {
                prop_assert!(!error.to_string().contains('\n'), "{error}");
                prop_assert_eq!(findings.len(), 1);
                prop_assert_eq!(remediation.document(), GRANTS_NOTHING);
            }
            Ok(document) => {
                let written = document.to_json();
                prop_assert_eq!(quota_size(&text), quota_size(&written));
                prop_assert_eq!(PolicyDocument::from_str(&written).unwrap().to_json(), written);
            }
        }
    }
}
