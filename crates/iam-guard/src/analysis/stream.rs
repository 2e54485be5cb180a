//! Files with several JSON values, one after the other, and files with other lines around them.

use serde::de::IgnoredAny;

use crate::source::Span;

/// The places of the values of a text that has nothing but JSON values, as `terragrunt run-all show
/// -json` prints them. `None` for any other text.
pub(super) fn values(text: &str) -> Option<Vec<Span>> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut values = Vec::new();
    let mut start = 0;
    while let Some(value) = stream.next() {
        value.ok()?;
        values.push(trimmed(text, start..stream.byte_offset()));
        start = stream.byte_offset();
    }
    Some(values)
}

/// The JSON values of a text with lines of the wrapper script of `hashicorp/setup-terraform`:
/// each value is on a line of its own. `None` if there is another line.
pub(super) fn wrapped(text: &str) -> Option<Vec<Span>> {
    let mut values = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let span = trimmed(text, start..start + line.len());
        start += line.len();
        let line = text.get(span.clone()).unwrap_or_default();
        let is_of_wrapper =
            line.is_empty() || line.starts_with("[command]") || line.starts_with("::");
        if !is_of_wrapper {
            serde_json::from_str::<IgnoredAny>(line).ok()?;
            values.push(span);
        }
    }
    Some(values).filter(|values| !values.is_empty())
}

fn trimmed(text: &str, span: Span) -> Span {
    let part = text.get(span.clone()).unwrap_or_default();
    let start = span.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_of_values_are_streams() {
        let parts = |text: &'static str, spans: Option<Vec<Span>>| -> Option<Vec<&str>> {
            Some(
                spans?
                    .into_iter()
                    .filter_map(|span| text.get(span))
                    .collect(),
            )
        };
        let text = " {\"a\": 1}\n{}\n\n[2]\n";
        assert_eq!(
            parts(text, values(text)),
            Some(vec!["{\"a\": 1}", "{}", "[2]"])
        );
        assert_eq!(values("{} x"), None);
        let text = "[command]/bin/terraform show\n{\"a\": 1}\n::debug::exited\n";
        assert_eq!(parts(text, wrapped(text)), Some(vec!["{\"a\": 1}"]));
        assert_eq!(wrapped("[command]x\nerror\n{}\n"), None);
        assert_eq!(wrapped("\n"), None);
    }
}
