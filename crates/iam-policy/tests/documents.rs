//! Reading and writing documents: the grammar, the errors, and texts of all kinds.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "what goes wrong in a helper fails the test that called it"
)]

mod tables;

use std::str::FromStr;

use iam_policy::{
    DocumentError, Finding, GRANTS_NOTHING, PolicyDocument, Quota, RestrictedActions,
    decode_document, judge, quota_size, remediate,
};
use proptest::prelude::*;
use tables::cases;

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
    for text in include_str!("../testdata/tables/accepted.txt").lines() {
        accepts(text);
    }
    accepts(
        " \t\r\n{ \"Statement\" : [ { \"Effect\":\"Allow\" , \"Action\":\"a.b-c:\" , \"Resource\":\" \\\" \" } ] } \n",
    );
}

#[test]
fn what_iam_refuses() {
    for case in cases(include_str!("../testdata/tables/refused.txt")) {
        refuses(case[0], case[1]);
    }
    refuses(
        "",
        "the document is not JSON (EOF while parsing a value at line 1 column 0); a policy is one JSON object",
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
    let is_equivalent = |pair: &[&str]| {
        let [one, other] = [0, 1].map(|at| PolicyDocument::from_str(pair[at]).unwrap());
        one.is_equivalent(&other)
    };
    for pair in cases(include_str!("../testdata/tables/equivalent.txt")) {
        assert!(is_equivalent(&pair), "{pair:?}");
    }
    for pair in cases(include_str!("../testdata/tables/different.txt")) {
        assert!(!is_equivalent(&pair), "{pair:?}");
    }
}

/// Texts that are nearly documents: pieces of documents in any order, and documents with one
/// stretch replaced.
fn nearly_documents() -> impl Strategy<Value = String> {
    let pieces = concat!(
        r#"{ } [ ] , : " \ "Statement": "Effect":"Allow" "Action": "s3:*" "Resource":"*" null -1e9 %7B % "#,
        r#"é \u00 "\ud800" "Condition":{} "Version":"2012-10-17" true é*?"#,
    );
    let spaces = [" ", "\n", "\u{1}"];
    let pieces: Vec<&str> = pieces.split(' ').chain(spaces).collect();
    let pieces = prop::sample::select(pieces);
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
