use proptest::prelude::*;

use super::*;

/// A limit that tests reach.
const LIMIT: usize = 100;

/// The parts as text: cut ones end with `…`, and records begin with `!`.
fn fed(text: &[u8], size: usize, limit: usize) -> (Vec<String>, bool) {
    let mut splitter = Splitter::with_limit(limit);
    let mut parts = Vec::new();
    let mut take = |part: Part<'_>| {
        let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        let part = match part {
            Part::Whole(part, true) => format!("!{}", text(part)),
            Part::Whole(part, false) => text(part),
            Part::Cut(part, _) => format!("{}…", text(part)),
            Part::TooLong(_) => "too long".to_owned(),
        };
        // The keys of wrappers, which are strings among the records.
        if !part.starts_with('"') || part.contains('{') {
            parts.push(part);
        }
    };
    for chunk in text.chunks(size) {
        splitter.feed(chunk, &mut take);
    }
    let is_between = splitter.finish(&mut take);
    (parts, is_between)
}

/// The parts, which must be the same for every size of chunks.
#[track_caller]
fn parts(text: &str) -> Vec<String> {
    let whole = fed(text.as_bytes(), text.len().max(1), MAX_UNIT);
    for size in 1..20 {
        assert_eq!(
            fed(text.as_bytes(), size, MAX_UNIT),
            whole,
            "chunks of {size}"
        );
    }
    whole.0
}

#[test]
fn values_are_found_in_every_wrapper() {
    let one = r#"{"a": "}\"{\\", "b": {"c": [{"d": 1}]}}"#;
    let page = format!(r#"{{"nextToken": "x", "events": [{one}, {one}], "y": []}}"#);
    for text in [
        format!("{{\"Records\": [{one}, {one}]}}"),
        format!("{{\"Events\" : [{one},{one}], \"y\": [1]}}"),
        format!("[{one},{one}]"),
        format!("{one}\n{one}\n"),
        format!("2026-01-01T00:00:00.000Z {one}\n2026-01-01T00:00:01.000Z {one}\n"),
        format!("{{\"Records\": [{one}]}}\n{{\"Records\": [{one}]}}"),
        format!("{{\"Records\": []}}[{one}]{one}"),
        page.clone(),
        format!("[{page}]"),
        format!("{{\"took\": 1, \"hits\": {{\"total\": 2, \"hits\": [{one}, {one}]}}}}"),
        // Objects beside the list, before and after it.
        format!("{{\"x\": {one}, \"Records\": [5], \"y\": [{one}]}}"),
    ] {
        assert_eq!(parts(&text), [one, one], "{text}");
    }
    assert!(parts(r#"{"Records": []}"#).is_empty());
    assert!(parts("").is_empty());
    assert_eq!(parts(r#"{"Record": [{"a": 1}]}"#).len(), 1);
    // Rows stay whole.
    let rows = r#"{"QueryResultRows": [[{"a": 1}, {"b": 2}], [{"a": 3}]]}"#;
    assert_eq!(parts(rows), [r#"[{"a": 1}, {"b": 2}]"#, r#"[{"a": 3}]"#]);
    assert_eq!(parts(r#"["{}", {}, 5]"#), [r#""{}""#, "{}"]);
}

#[test]
fn a_record_is_recognized_by_its_own_members() {
    let record = r#"{"eventName":"a","eventID":"b","eventTime":"c","eventSource":"d"}"#;
    assert_eq!(parts(record), [format!("!{record}")]);
    for part in [
        format!(r#"{{"detail":{record}}}"#),
        format!(r#"{{"message":"{}"}}"#, record.replace('"', "\\\"")),
        record.replace("eventID", "eventId"),
    ] {
        assert_eq!(parts(&part), [part]);
    }
    // A record is no wrapper.
    let record = record.replace('}', r#","events":[{}]}"#);
    assert_eq!(parts(&record), [format!("!{record}")]);
}

#[test]
fn lines_after_a_cut_one_are_found() {
    for cut in [
        r#"{"a": "b"#,
        r#"{"a": "b\"#,
        r#"{"Records": [{"a": {"b": "c"#,
        r#""{"#,
    ] {
        let text = format!("{cut}\n{{\"x\": 1}}\n");
        let found = parts(&text);
        assert_eq!(found.len(), 2, "{text} {found:?}");
        assert!(
            found[0].ends_with('…') && found[1] == "{\"x\": 1}",
            "{found:?}"
        );
    }
    // Between strings, the end is not seen until the end of the text.
    let text = "{\"eventName\": \"a\", \"b\": {\"c\": 1,\n{\"x\": 1}\n{\"x\": 2}\n";
    let (found, is_between) = fed(text.as_bytes(), 5, MAX_UNIT);
    assert!(!is_between);
    assert!(found[0].starts_with("{\"eventName\"") && found[0].ends_with('…'));
    assert_eq!(found[1..], ["{\"x\": 1}", "{\"x\": 2}"]);
}

#[test]
fn what_is_too_long_for_a_record_is_a_wrapper() {
    let one = format!("{{\"a\": \"{}\"}}", "x".repeat(LIMIT / 3));
    let nested = format!("{{\"a\": {{\"b\": [{one}, {one}, {one}, {one}]}}, \"c\": {{}}}}");
    let long = "x".repeat(LIMIT);
    let text = format!("[{{\"a\": \"{{{long}\"}},{{}}]");
    let deep = format!("{}{{\"{long}\":1}}", "{\"a\":".repeat(MAX_OPEN));
    let deep = deep + &"}".repeat(MAX_OPEN);
    for size in 1..deep.len() {
        let fed = |text: &str| fed(text.as_bytes(), size, LIMIT);
        let expected = [&*one, &*one, &*one, &*one, "{}"].map(str::to_owned);
        assert_eq!(fed(&nested), (expected.to_vec(), true));
        assert_eq!(fed(&text).0, ["too long", "{}"]);
        assert_eq!(fed(&deep).0, ["too long"]);
    }
}

#[test]
fn memory_is_bounded_whatever_comes() {
    for text in ["{\"a\":", "[", "{", "\"", "{\"hits\":{", "[[{\"a\":\"b\\"] {
        let mut splitter = Splitter::with_limit(LIMIT);
        for _ in 0..1000 {
            splitter.feed(text.as_bytes(), |_| {});
            assert!(splitter.kept.capacity() <= 4 * LIMIT, "{text}");
            assert!(splitter.open.len() <= 2 * MAX_OPEN, "{text}");
        }
        splitter.finish(|_| {});
    }
}

proptest! {
    #[test]
    fn chunks_never_matter(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "{", "}", "[", "]", "\"", "\\", "\n", ",", ":", " ", "5", "\"a\"", "\"Records\":[",
                "\"hits\":{", "\"eventName\":\"x\"", "\"eventID\"", "{\"a\":1}", "\"xxxxxxxxxxxxxxxxxxxx\"",
            ]),
            0..60,
        ),
        size in 1_usize..30,
        limit in 10_usize..60,
    ) {
        let text = pieces.concat();
        let whole = fed(text.as_bytes(), text.len().max(1), limit);
        prop_assert_eq!(fed(text.as_bytes(), size, limit), whole, "{}", text);
    }
}
