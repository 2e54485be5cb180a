//! JSON, strictly as RFC 8259 has it.

use jsonc_parser::ast;
use jsonc_parser::common::Range;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{Member, Node, TreeError, Value};
use crate::source::Span;

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads a text.
///
/// # Errors
///
/// If the text is not JSON, or nested deeper than the parser reads.
pub fn parse(text: &str) -> Result<Node<'_>, TreeError> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT);
    let parsed = parsed.map_err(|error| TreeError {
        message: error.kind().to_string(),
        span: span(error.range()),
    })?;
    parsed.value.map(node).ok_or_else(|| TreeError {
        message: "there is no value".to_owned(),
        span: 0..text.len(),
    })
}

fn span(range: Range) -> Span {
    range.start..range.end
}

fn node(value: ast::Value<'_>) -> Node<'_> {
    use jsonc_parser::common::Ranged as _;
    let span = span(value.range());
    let value = match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(boolean) => Value::Bool(boolean.value),
        ast::Value::NumberLit(number) => Value::Number(number.value.into()),
        ast::Value::StringLit(text) => Value::Text(text.value),
        ast::Value::Array(array) => Value::List(array.elements.into_iter().map(node).collect()),
        ast::Value::Object(object) => {
            Value::Object(object.properties.into_iter().map(member).collect())
        }
    };
    Node { value, span }
}

fn member(property: ast::ObjectProp<'_>) -> Member<'_> {
    use jsonc_parser::common::Ranged as _;
    let key_span = span(property.name.range());
    let key = match property.name {
        ast::ObjectPropName::String(text) => text.value,
        ast::ObjectPropName::Word(word) => word.value.into(),
    };
    Member {
        key,
        key_span,
        value: node(property.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_places() {
        let text = "{\"a\": [1, \"x\\u0041\"],\n \"b\": null}";
        let tree = parse(text).unwrap();
        let list = tree.get("a").unwrap();
        assert_eq!(text.get(list.span.clone()), Some("[1, \"x\\u0041\"]"));
        assert_eq!(list.entries()[1].text(), Some("xA"));
        let key = tree.members()[1].key_span.clone();
        assert_eq!(text.get(key), Some("\"b\""));
        assert!(tree.get("b").unwrap().is_null());
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        let deep = "[".repeat(100_000);
        for text in [
            "", " ", "{", "{a: 1}", "[1,]", "// x\n1", "'x'", "[1 2]", "1 2", &deep,
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.span.end <= text.len(), "{error:?}");
        }
        assert_eq!(parse("{\"a\": nul}").unwrap_err().span.start, 6);
    }
}
