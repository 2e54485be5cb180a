use super::*;

/// The parts as texts, which must be the same for every size of chunks.
fn parts(text: &str) -> Vec<String> {
    let split = |size: usize| {
        let mut splitter = Splitter::new();
        let mut parts = Vec::new();
        for chunk in text.as_bytes().chunks(size) {
            splitter.feed(chunk, &mut |part| {
                parts.push(match part {
                    Part::Entry(list, entry, line) => {
                        let entry = str::from_utf8(entry).unwrap();
                        format!("{} {line} {entry}", list.name())
                    }
                    Part::End(page) => {
                        format!("end {} {}", page.lists.len(), page.is_truncated)
                    }
                    other => format!("{other:?}"),
                });
            });
        }
        if splitter.has_strays() {
            parts.push("strays".to_owned());
        }
        if !splitter.is_between() {
            parts.push("cut off".to_owned());
        }
        parts
    };
    let whole = split(text.len().max(1));
    for size in 1..8 {
        assert_eq!(split(size), whole, "chunks of {size}");
    }
    whole
}

#[test]
fn entries_are_found_in_every_form() {
    let one = r#"{"a": "}\"{\\", "Policies": [{"d": [1]}]}"#;
    let page = format!(
        "{{\"x\": [{{\"y\": 1}}],\n\"RoleDetailList\": [{one},\n {one}], \"Policies\":[]}}"
    );
    let entries = |line: usize| {
        let first = format!("RoleDetailList {} {one}", line + 1);
        [
            first,
            format!("RoleDetailList {} {one}", line + 2),
            "end 2 false".to_owned(),
        ]
    };
    assert_eq!(parts(&page), entries(1));
    let twice = [entries(1), entries(4)].concat();
    assert_eq!(parts(&format!("{page}\n{page}\n")), twice);
    assert_eq!(parts(&format!("[{page},\n{page}]")), twice);
    assert!(parts("").is_empty());
    assert_eq!(parts("{}"), ["end 0 false"]);
    let escaped = page.replace("RoleDetailList", "R\\u006fleDetailList");
    assert_eq!(parts(&escaped).len(), 3);
}

#[test]
fn a_page_says_whether_more_follow() {
    for (members, is_truncated) in [
        (r#""IsTruncated": true"#, true),
        (r#""IsTruncated": false, "Marker": null"#, false),
        (r#""IsTruncated": "true""#, true),
        (r#""IsTruncated": 1"#, true),
        (
            r#""Marker": "AAA,}\"", "IsTruncated": true, "UserDetailList": []"#,
            true,
        ),
        (r#""NextToken": "AAA""#, true),
        (r#""NextToken": "", "a": {"NextToken": "b"}"#, false),
    ] {
        let parts = parts(&format!("{{{members}}}"));
        let [end] = parts.as_slice() else {
            panic!("{parts:?}")
        };
        assert!(end.ends_with(&is_truncated.to_string()), "{members}: {end}");
    }
}

#[test]
fn what_is_no_page_is_noticed() {
    assert_eq!(parts(r#"{"Policies": {"a": 1}}"#).len(), 2);
    assert_eq!(parts(r#"{"Policies": "a"}"#).len(), 2);
    assert_eq!(parts(r#"{"Policies": null}"#), ["end 0 false"]);
    for list in ["[1]", "[[{}]]", r#"["a"]"#, "[null]"] {
        let parts = parts(&format!("{{\"Policies\": {list}}}"));
        assert!(parts[0].starts_with("NotAList"), "{parts:?}");
    }
    for text in [
        "1",
        "[[{}]]",
        r#"["a"]"#,
        "{} true",
        "name: value",
        r#""{""#,
    ] {
        assert!(parts(text).contains(&"strays".to_owned()), "{text}");
    }
    for text in ["{", "[{}", r#"{"Policies": [{"a": "b"#] {
        assert!(parts(text).contains(&"cut off".to_owned()), "{text}");
    }
}

#[test]
fn an_entry_that_is_too_long_is_left_out() {
    let long = format!("{{\"a\": \"{}\"}}", "x".repeat(MAX_ENTRY));
    let mut splitter = Splitter::new();
    let mut seen = Vec::new();
    for chunk in format!("{{\"Policies\":[{long},{{}}]}}")
        .as_bytes()
        .chunks(100_000)
    {
        splitter.feed(chunk, &mut |part| {
            seen.push(matches!(part, Part::Entry(..)))
        });
    }
    assert_eq!(seen, [false, true, false]);
    assert!(splitter.is_between());
}
