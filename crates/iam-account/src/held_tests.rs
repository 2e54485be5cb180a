use super::*;

const LIST: &str = "s3:DeleteBucket,iam:*,kms:Schedule*";

fn summary(statements: &[&str], watched: &Watched) -> Summary {
    Summary::new(&document(statements), watched)
}

fn allow(rest: &str) -> String {
    format!(r#"{{"Effect":"Allow",{rest}}}"#)
}

fn deny(rest: &str) -> String {
    format!(r#"{{"Effect":"Deny",{rest}}}"#)
}

/// What is held, and what of it surely, by the first letters of the patterns.
fn held(allows: &[&str], denies: &[&str], boundary: Option<&[&str]>) -> (String, String) {
    let watched = Watched::new(LIST.parse().unwrap());
    let own = |it: &[&str], write: fn(&str) -> String| -> Vec<String> {
        it.iter().map(|it| write(it)).collect()
    };
    let texts = |it: &[String]| -> Summary {
        summary(&it.iter().map(String::as_str).collect::<Vec<_>>(), &watched)
    };
    let denying = texts(&own(denies, deny));
    let boundary = boundary.map(|it| texts(&own(it, allow)));
    let boundary = boundary.as_ref().map_or(Boundary::None, Boundary::Known);
    let limits = Limits::new(&[&denying], boundary);
    let held = limits.held(&texts(&own(allows, allow)), &watched);
    let letters = |bits: &Bits| -> String {
        let patterns = watched.patterns(bits);
        patterns
            .iter()
            .filter_map(|it| it.as_str().chars().next())
            .collect()
    };
    (letters(&held.any), letters(&held.sure))
}

#[track_caller]
fn check(allows: &[&str], denies: &[&str], boundary: Option<&[&str]>, any: &str, sure: &str) {
    let (is_any, is_sure) = held(allows, denies, boundary);
    assert_eq!((is_any.as_str(), is_sure.as_str()), (any, sure));
}

const ALL: &str = r#""Action":"*","Resource":"*""#;

#[test]
fn a_narrow_grant_is_not_sure() {
    check(&[ALL], &[], None, "sik", "sik");
    check(
        &[r#""Action":"iam:Get*","Resource":"arn:aws:iam::*:role/a""#],
        &[],
        None,
        "i",
        "",
    );
    check(
        &[
            r#""Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}"#,
            r#""Action":"iam:*","NotResource":"arn:aws:iam::*:role/a""#,
            r#""Action":"kms:*","Resource":"*""#,
            r#""Action":"*","Resource":[]"#,
        ],
        &[],
        None,
        "sik",
        "k",
    );
    check(
        &[r#""NotAction":["iam:*","kms:*"],"Resource":"*""#],
        &[],
        None,
        "s",
        "s",
    );
}

#[test]
fn a_deny_takes_grants_off_or_makes_them_unsure() {
    check(
        &[ALL],
        &[r#""Action":["s3:*","kms:*"],"Resource":"*""#],
        None,
        "i",
        "i",
    );
    check(
        &[ALL],
        &[r#""NotAction":"kms:*","Resource":"*""#],
        None,
        "k",
        "k",
    );
    check(
        &[ALL],
        &[r#""Action":"s3:*","Resource":"arn:aws:s3:::a""#],
        None,
        "sik",
        "ik",
    );
    check(
        &[ALL],
        &[r#""Action":"iam:Get*","Resource":"*""#],
        None,
        "sik",
        "sik",
    );
    let unless =
        r#""Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#;
    check(&[ALL], &[unless], None, "sik", "");
    // What these mean is not documented.
    check(
        &[ALL],
        &[r#""Action":"s3:*","Resource":"*","Other":1"#],
        None,
        "sik",
        "ik",
    );
    check(
        &[ALL],
        &[r#""Action":"*3:*","Resource":"*""#],
        None,
        "sik",
        "sik",
    );
}

#[test]
fn a_boundary_leaves_what_it_allows() {
    let only = |it: &'static str| -> [&str; 1] { [it] };
    let s3 = only(r#""Action":"s3:*","Resource":"*""#);
    check(&[ALL], &[], Some(&s3), "s", "s");
    check(
        &[r#""Action":"iam:*","Resource":"*""#],
        &[],
        Some(&s3),
        "",
        "",
    );
    check(
        &[ALL],
        &[],
        Some(&only(r#""Action":"ec2:*","Resource":"*""#)),
        "",
        "",
    );
    check(
        &[ALL],
        &[],
        Some(&only(r#""NotAction":"iam:*","Resource":"*""#)),
        "sk",
        "sk",
    );
    check(
        &[ALL],
        &[],
        Some(&only(r#""Action":"s3:*","Resource":"arn:aws:s3:::a""#)),
        "s",
        "",
    );
    // Exact where the grant and the boundary meet only outside of what is restricted.
    check(
        &[r#""Action":"iam:Get*","Resource":"*""#],
        &[],
        Some(&only(r#""Action":"iam:List*","Resource":"*""#)),
        "",
        "",
    );
    let two = [
        r#""NotAction":["iam:*","s3:*"],"Resource":"*""#,
        r#""Action":"iam:Get*","Resource":"*""#,
    ];
    check(&[ALL], &[], Some(&two), "ik", "ik");
    check(
        &[ALL],
        &[r#""Action":"iam:*","Resource":"*""#],
        Some(&two),
        "k",
        "k",
    );
    check(
        &[ALL],
        &[],
        Some(&only(r#""Action":"i*:Get*","Resource":"*""#)),
        "sik",
        "",
    );
}

#[test]
fn an_unknown_boundary_makes_grants_unsure() {
    let watched = Watched::new(LIST.parse().unwrap());
    let limits = Limits::new(&[], Boundary::Missing);
    let all = summary(&[&allow(ALL)], &watched);
    let held = limits.held(&all, &watched);
    assert_eq!(
        (held.any, held.sure),
        (watched.everything(), Bits::default())
    );
}

#[test]
fn what_is_not_documented_may_grant_anything() {
    let watched = Watched::new(LIST.parse().unwrap());
    let odd = document(&[&allow(r#""Action":"s3:\u00e9*","Resource":"*""#)]);
    let summary = Summary::new(&odd, &watched);
    assert!(summary.doubt.is_some());
    let denying = Summary::new(&document(&[&deny(ALL)]), &watched);
    let held = Limits::new(&[&denying], Boundary::None).held(&summary, &watched);
    assert_eq!(
        (held.any, held.sure),
        (watched.everything(), Bits::default())
    );
}

#[test]
fn what_cannot_be_read_says_why() {
    let watched = Watched::new(LIST.parse().unwrap());
    for text in [
        "{",
        "{}",
        r#"{"Statement":[{"Effect":"Allow","Action":"*"}]}"#,
    ] {
        let summary = Summary::new(text, &watched);
        assert!(summary.unreadable.is_some(), "{text}");
    }
}
