//! What is left of a record that breaks off or is not JSON.

use incident::WatchedCall;

use super::change::RecordKind;

/// The members by which a record is recognized.
const MEMBERS: [&str; 5] = [
    "\"eventName\"",
    "\"eventID\"",
    "\"eventSource\"",
    "\"eventVersion\"",
    "\"userIdentity\"",
];

/// Reads what is left of a record, or of many records unless `is_record`; `None` if it is none.
pub(super) fn read(text: &[u8], is_record: bool) -> Option<RecordKind> {
    // Strings in strings have their quotation marks escaped.
    let text: Vec<u8> = text.iter().copied().filter(|it| *it != b'\\').collect();
    let text = String::from_utf8_lossy(&text);
    if !MEMBERS.iter().any(|member| text.contains(member)) {
        return None;
    }
    let shown = if is_record { 1 } else { usize::MAX };
    let mut sources = values(&text, "\"eventSource\"").take(shown).flatten();
    let mut calls = values(&text, "\"eventName\"").take(shown).peekable();
    let is_iam = |source: &str| source == "iam.amazonaws.com";
    if is_record && sources.next().is_some_and(|source| !is_iam(source)) {
        return Some(RecordKind::Other);
    }
    let unreadable = |call| Some(RecordKind::Unreadable(call, None));
    if calls.peek().is_none() {
        return unreadable(None);
    }
    let mut watched = None;
    for name in calls {
        // The name itself is cut.
        let Some(name) = name else {
            return unreadable(None);
        };
        watched = match WatchedCall::from_event_name(name) {
            Some(call) if WatchedCall::DOCUMENT_WRITES.contains(&call) => {
                return unreadable(Some(call));
            }
            call => watched.or(call),
        };
    }
    match watched {
        Some(call) => unreadable(Some(call)),
        None => Some(RecordKind::Other),
    }
}

/// The strings that follow a key; `None` for one that is cut or no string.
fn values<'t>(text: &'t str, key: &'static str) -> impl Iterator<Item = Option<&'t str>> {
    text.split(key).skip(1).map(|rest| {
        let rest = rest.trim_start().strip_prefix(':')?.trim_start();
        Some(rest.strip_prefix('"')?.split_once('"')?.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of the call, or what else the text is.
    fn reading(text: &str, is_record: bool) -> &'static str {
        match read(text.as_bytes(), is_record) {
            None => "no record",
            Some(RecordKind::Other) => "other",
            Some(RecordKind::Unreadable(Some(call), None)) => call.as_str(),
            Some(RecordKind::Unreadable(None, None)) => "any call",
            Some(kind) => panic!("{kind:?}"),
        }
    }

    #[test]
    fn a_cut_record_is_judged_by_its_call() {
        const IAM: &str = r#"{"eventVersion": "1.11", "eventSource": "iam.amazonaws.com""#;
        for (rest, expected) in [
            ("", "any call"),
            (r#", "eventName": "PutRole"#, "any call"),
            (r#", "eventName" : "PutRolePolicy", "req"#, "PutRolePolicy"),
            (r#", "eventName":"CreateAccessKey","req"#, "CreateAccessKey"),
            (r#", "eventName":"GetRole","req"#, "other"),
            (r#", "eventName":5,"req"#, "any call"),
        ] {
            for is_record in [true, false] {
                let text = format!("{IAM}{rest}");
                assert_eq!(reading(&text, is_record), expected, "{text}");
                let wrapped = text.replace('"', "\\\"");
                assert_eq!(reading(&wrapped, is_record), expected, "{text}");
            }
        }
        assert_eq!(reading(r#"{"a": "iam.amazonaws.com"#, true), "no record");
        let many = format!(
            r#"{{"eventSource":"s3.amazonaws.com","eventName":"GetObject"}},{IAM},"eventName":"PutUserPolicy""#
        );
        assert_eq!(reading(&many, true), "other");
        assert_eq!(reading(&many, false), "PutUserPolicy");
    }
}
