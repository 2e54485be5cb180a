//! Policy documents of data sources that Terraform reads at the apply, built as far as they are
//! known.

use std::sync::Arc;

use super::merge::{Document, Sid, Statement};
use super::values::{Known, Values};
use crate::partial::{Item, Piece, Shape};
use crate::source::Span;
use crate::tree::{Node, Value, json};

/// How Terraform writes an unknown value.
const UNKNOWN: &str = "(known after apply)";

/// Where the documents come from that a document is merged of.
pub(super) trait Sources {
    /// The document that an unknown entry of this attribute is; `None` if that is not known. It is
    /// the entry with this index among the unknown entries, of which there are `count`.
    fn document(&mut self, attribute: &str, index: usize, count: usize) -> Option<Arc<Document>>;

    /// Whether the unknown resources of the statement with this index are ARNs.
    fn are_arns(&self, statement: usize, count: usize) -> bool;
}

/// Builds the document of a data source. `None` if it is longer than IAM takes.
pub(super) fn document(values: Values<'_>, sources: &mut impl Sources) -> Option<Arc<Document>> {
    let mut merged = Document::new(values.node.span.clone());
    add_texts(&mut merged, values, "source_json", sources)?;
    add_texts(&mut merged, values, "source_policy_documents", sources)?;
    merged.version(match values.get("version") {
        Known::Unset => Some("2012-10-17"),
        version => version.text(),
    });
    match values.get("statement") {
        Known::Unset => {}
        Known::Unknown(span) => merged.add(unknown_statement(span))?,
        Known::Set(list) => match list.entries() {
            None => merged.add(unknown_statement(list.node.span.clone()))?,
            Some(entries) => {
                let count = entries.len();
                for (index, entry) in entries.into_iter().enumerate() {
                    let are_arns = sources.are_arns(index, count);
                    merged.add(statement(&entry, &values.node.span, are_arns))?;
                }
            }
        },
    }
    add_texts(&mut merged, values, "override_json", sources)?;
    add_texts(&mut merged, values, "override_policy_documents", sources)?;
    Some(Arc::new(merged))
}

/// A document that the plan has as an object, as far as it is known.
pub(super) fn object(values: Values<'_>) -> Item {
    let span = &values.node.span;
    let entry = |entry: &Known<'_>| match entry {
        Known::Set(inner) => object(*inner),
        Known::Unknown(span) => item(unknown(), span),
        Known::Unset => item(Shape::Null, span),
    };
    let shape = match &values.node.value {
        Value::List(_) => match values.entries() {
            Some(entries) => Shape::List(entries.iter().map(entry).collect()),
            None => unknown(),
        },
        Value::Object(_) => {
            let members = values.members().into_iter();
            let members = members.map(|(key, value)| (key.to_owned(), entry(&value)));
            Shape::Object(members.collect())
        }
        _ => return converted(values.node, span),
    };
    item(shape, span)
}

/// Merges the documents of an attribute.
fn add_texts(
    merged: &mut Document,
    values: Values<'_>,
    attribute: &str,
    sources: &mut impl Sources,
) -> Option<()> {
    let (entries, span) = match values.get(attribute) {
        Known::Unset => return Some(()),
        Known::Unknown(span) => return merged.add(unknown_statement(span)),
        Known::Set(list) => (list.entries(), list.node.span.clone()),
    };
    let Some(entries) = entries else {
        return merged.add(unknown_statement(span));
    };
    let is_unknown = |entry: &&Known<'_>| matches!(entry, Known::Unknown(_));
    let count = entries.iter().filter(is_unknown).count();
    let mut index = 0;
    for entry in &entries {
        match entry {
            Known::Unset => {}
            Known::Unknown(span) => {
                match sources.document(attribute, index, count) {
                    Some(document) => merged.merge(&document)?,
                    None => merged.add(unknown_statement(span.clone()))?,
                }
                index += 1;
            }
            Known::Set(text) => add_text(merged, text.node)?,
        }
    }
    Some(())
}

/// Merges a document that the plan has as a text.
fn add_text(merged: &mut Document, node: &Node<'_>) -> Option<()> {
    let span = &node.span;
    let text = node.text().unwrap_or_default();
    if text.is_empty() {
        return Some(());
    }
    let root = json::parse(text).ok();
    let statements = root.as_ref().and_then(|root| {
        let is_plain = has_only(root, &["Version", "Id", "Statement"]);
        let is_list = root
            .get("Statement")
            .is_none_or(|it| matches!(it.value, Value::List(_)));
        (is_plain && is_list).then(|| root.entries_of("Statement"))
    });
    let Some(statements) = statements else {
        return merged.add(unknown_statement(span.clone()));
    };
    if let Some(version) = root.as_ref().and_then(|root| root.get("Version")) {
        merged.version(version.text());
    }
    for statement in statements {
        merged.add(read_statement(statement, span))?;
    }
    Some(())
}

/// The members that the provider keeps of a statement. It also reads them with other upper and
/// lower case.
const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
];

fn read_statement(node: &Node<'_>, span: &Span) -> Statement {
    let sid = match node.get("Sid").map(|sid| &sid.value) {
        None | Some(Value::Null) => Sid::None,
        Some(Value::Text(sid)) => Sid::known(sid),
        Some(_) => Sid::Unknown,
    };
    if !has_only(node, &ELEMENTS) || sid == Sid::Unknown {
        return unknown_statement(span.clone());
    }
    Statement {
        sid,
        item: converted(node, span),
    }
}

/// Whether a node is an object with members of these names only, each at most once.
fn has_only(node: &Node<'_>, names: &[&str]) -> bool {
    let members = node.members();
    let known = |name: &&str| members.iter().filter(|it| it.key == **name).count();
    matches!(node.value, Value::Object(_))
        && names.iter().all(|name| known(name) <= 1)
        && names.iter().map(known).sum::<usize>() == members.len()
}

fn converted(node: &Node<'_>, span: &Span) -> Item {
    let shape = match &node.value {
        Value::Null => Shape::Null,
        Value::Bool(value) => Shape::Plain(value.to_string()),
        Value::Number(number) => Shape::Plain(number.to_string()),
        Value::Text(text) => known(text),
        Value::List(entries) => Shape::List(entries.iter().map(|it| converted(it, span)).collect()),
        Value::Object(members) => {
            let members = members.iter();
            let member = members.map(|it| (it.key.to_string(), converted(&it.value, span)));
            Shape::Object(member.collect())
        }
    };
    item(shape, span)
}

/// A statement of the data source itself.
fn statement(entry: &Known<'_>, place: &Span, are_arns: bool) -> Statement {
    let values = match entry {
        Known::Set(values) => *values,
        Known::Unknown(span) => return unknown_statement(span.clone()),
        Known::Unset => return unknown_statement(place.clone()),
    };
    let span = &values.node.span;
    let sid = match values.get("sid") {
        Known::Unset => Sid::None,
        Known::Unknown(_) => Sid::Unknown,
        Known::Set(sid) => sid.text().map_or(Sid::Unknown, Sid::known),
    };
    let effect = match values.get("effect") {
        Known::Unset => known("Allow"),
        effect => effect.text().map_or_else(unknown, known),
    };
    let mut members = vec![("Effect".to_owned(), item(effect, span))];
    let actions = one_of(
        values,
        ["actions", "not_actions"],
        ["Action", "NotAction"],
        false,
    );
    // Nothing is certain about a statement that can have either.
    let Ok(actions) = actions else {
        return Statement {
            sid,
            item: item(unknown(), span),
        };
    };
    members.extend(actions);
    let names = ["Resource", "NotResource"];
    let resources = one_of(values, ["resources", "not_resources"], names, are_arns);
    members.extend(match resources {
        Ok(resources) => resources,
        Err(Both) => Some(("Resource".to_owned(), item(unknown(), span))),
    });
    let principals = [
        ("principals", "Principal"),
        ("not_principals", "NotPrincipal"),
    ];
    for (attribute, name) in principals {
        members.extend(principal(values, attribute).map(|it| (name.to_owned(), it)));
    }
    members.extend(condition(values).map(|it| ("Condition".to_owned(), it)));
    Statement {
        sid,
        item: item(Shape::Object(members), span),
    }
}

/// Both of two elements can be in a statement, of which it has only one.
struct Both;

/// The one of two elements that a statement has.
fn one_of(
    values: Values<'_>,
    attributes: [&str; 2],
    names: [&str; 2],
    are_arns: bool,
) -> Result<Option<(String, Item)>, Both> {
    let [positive, negative] = attributes.map(|attribute| strings(values, attribute, are_arns));
    let [name, not_name] = names.map(str::to_owned);
    match (positive, negative) {
        (Some(one), Some(other)) if is_unknown(&one) && is_unknown(&other) => Err(Both),
        // IAM refuses a statement with both, so the unknown one is empty.
        (Some(one), Some(other)) if is_unknown(&one) => Ok(Some((not_name, other))),
        (Some(one), _) => Ok(Some((name, one))),
        (None, other) => Ok(other.map(|other| (not_name, other))),
    }
}

fn is_unknown(item: &Item) -> bool {
    matches!(item.shape, Shape::Unknown(_))
}

/// A set of strings. An empty one is left out.
fn strings(values: Values<'_>, attribute: &str, are_arns: bool) -> Option<Item> {
    let set = match values.get(attribute) {
        Known::Unset => return None,
        Known::Unknown(span) => return Some(item(unknown(), &span)),
        Known::Set(set) => set,
    };
    let span = &set.node.span;
    let Some(entries) = set.entries() else {
        return Some(item(unknown(), span));
    };
    let entry = |entry: &Known<'_>| match entry {
        Known::Set(value) => converted(value.node, &value.node.span),
        Known::Unknown(span) if are_arns => {
            let pieces = [
                Piece::Known("arn:".to_owned()),
                Piece::Hole(UNKNOWN.to_owned()),
            ];
            item(Shape::Text(pieces.to_vec()), span)
        }
        Known::Unknown(span) => item(unknown(), span),
        Known::Unset => item(unknown(), span),
    };
    let entries: Vec<Item> = entries.iter().map(entry).collect();
    (!entries.is_empty()).then(|| item(Shape::List(entries), span))
}

/// Principals, which an identity-based policy does not have. Unknown ones are left out.
fn principal(values: Values<'_>, attribute: &str) -> Option<Item> {
    let Known::Set(set) = values.get(attribute) else {
        return None;
    };
    let members = set.entries()?.into_iter().filter_map(|entry| {
        let Known::Set(principal) = entry else {
            return None;
        };
        let kind = principal.get("type").text()?.to_owned();
        Some((kind, strings(principal, "identifiers", false)?))
    });
    let members: Vec<(String, Item)> = members.collect();
    (!members.is_empty()).then(|| item(Shape::Object(members), &set.node.span))
}

fn condition(values: Values<'_>) -> Option<Item> {
    let set = match values.get("condition") {
        Known::Unset => return None,
        Known::Unknown(span) => return Some(item(unknown(), &span)),
        Known::Set(set) => set,
    };
    let span = &set.node.span;
    let Some(entries) = set.entries() else {
        return Some(item(unknown(), span));
    };
    let mut tests: Vec<(String, Item)> = Vec::new();
    for entry in entries {
        let (test, variable, values) = match &entry {
            Known::Set(it) => (
                it.get("test"),
                it.get("variable"),
                strings(*it, "values", false),
            ),
            _ => return Some(item(unknown(), span)),
        };
        let (Some(test), Some(variable)) = (test.text(), variable.text()) else {
            return Some(item(unknown(), span));
        };
        let values = values.unwrap_or_else(|| item(Shape::List(Vec::new()), span));
        let member = (variable.to_owned(), values);
        let existing = tests.iter_mut().find(|(own, _)| own == test);
        match existing.map(|(_, it)| &mut it.shape) {
            Some(Shape::Object(members)) => members.push(member),
            _ => tests.push((test.to_owned(), item(Shape::Object(vec![member]), span))),
        }
    }
    (!tests.is_empty()).then(|| item(Shape::Object(tests), span))
}

fn unknown_statement(span: Span) -> Statement {
    Statement {
        sid: Sid::Unknown,
        item: Item {
            shape: unknown(),
            span,
        },
    }
}

fn known(text: &str) -> Shape {
    Shape::Text(vec![Piece::Known(text.to_owned())])
}

fn unknown() -> Shape {
    Shape::Unknown(format!("`{UNKNOWN}`"))
}

fn item(shape: Shape, span: &Span) -> Item {
    Item {
        shape,
        span: span.clone(),
    }
}
