//! The parameters of a template, and the values that somebody gives for the check.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::intrinsics::{Env, known};
use crate::partial::{Item, Piece, Shape};
use crate::tree::{Node, Value};

/// A parameter with the value that the deployment gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    name: String,
    value: String,
}

/// Why a text is not a parameter with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    #[error("it must be a name and a value, such as `Stage=prod`")]
    NoValue,
    #[error("a name has letters and digits only, or is that of a pseudo parameter")]
    Name,
}

impl FromStr for Parameter {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let (name, value) = text.split_once('=').ok_or(ParameterError::NoValue)?;
        let bare = name.strip_prefix("AWS::").unwrap_or(name);
        if bare.is_empty() || !bare.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(ParameterError::Name);
        }
        Ok(Self {
            name: name.to_owned(),
            value: value.to_owned(),
        })
    }
}

/// The values that the deployment gives to parameters and pseudo parameters, as far as they are
/// known. A template without such a parameter ignores the value.
#[derive(Clone, Debug, Default)]
pub struct Parameters(BTreeMap<String, String>);

impl FromIterator<Parameter> for Parameters {
    /// Of several values for one name, the last counts.
    fn from_iter<I: IntoIterator<Item = Parameter>>(parameters: I) -> Self {
        let pairs = parameters.into_iter().map(|it| (it.name, it.value));
        Self(pairs.collect())
    }
}

impl Parameters {
    /// Nothing is known about any parameter.
    pub const fn none() -> &'static Self {
        static NONE: Parameters = Parameters(BTreeMap::new());
        &NONE
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// What a declaration tells about the values of a parameter.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) is_list: bool,
    /// Whether the value is the name of a parameter of Systems Manager, whose value counts.
    is_name: bool,
    /// The allowed values; empty if any value is allowed.
    allowed: Vec<String>,
}

impl Declared {
    pub(super) fn read(declaration: &Node<'_>) -> Self {
        let kind = declaration.get("Type").and_then(Node::text);
        let kind = kind.unwrap_or_default();
        let allowed = declaration.entries_of("AllowedValues").iter().map(scalar);
        Self {
            is_list: kind == "CommaDelimitedList" || kind.starts_with("List<"),
            is_name: kind.starts_with("AWS::SSM::Parameter::"),
            // A value that is no scalar makes the list useless.
            allowed: allowed.collect::<Option<_>>().unwrap_or_default(),
        }
    }

    /// Whether only the values of a list are known, and not their order or number.
    pub(super) fn is_open_list(&self) -> bool {
        self.is_list && !self.is_name
    }

    fn given(&self, text: &str) -> Option<Shape> {
        if self.is_name {
            return None;
        }
        Some(match self.is_list {
            true => list(text.split(',').map(str::trim)),
            false => known(text),
        })
    }
}

/// A scalar as CloudFormation converts it to a text.
pub(super) fn scalar(node: &Node<'_>) -> Option<String> {
    match &node.value {
        Value::Text(text) | Value::Number(text) => Some(text.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn list<'t>(texts: impl IntoIterator<Item = &'t str>) -> Shape {
    let entries = texts.into_iter().map(|text| Item {
        shape: known(text),
        span: 0..0,
    });
    Shape::List(entries.collect())
}

/// The value of a parameter or pseudo parameter of this name; `None` if it is not known.
pub(super) fn value(name: &str, env: Env<'_>) -> Option<Shape> {
    let template = env.scope.template()?;
    if let Some(declared) = template.declared(name) {
        if let Some(given) = template.given(name) {
            return declared.given(given);
        }
        return match declared.allowed.as_slice() {
            _ if declared.is_name => None,
            [] => text_of_any(name, env),
            allowed if declared.is_list => entries_of(name, allowed, env),
            allowed => one_of(name, allowed, env),
        };
    }
    let pseudo = name.strip_prefix("AWS::")?;
    if let Some(given) = template.given(name) {
        return Some(match pseudo {
            "NotificationARNs" => list(given.split(',').map(str::trim)),
            _ => known(given),
        });
    }
    match pseudo {
        "AccountId" | "Partition" | "Region" | "StackId" | "StackName" | "URLSuffix" => {
            let any = || Shape::Text(vec![Piece::Name(format!("${{{name}}}"))]);
            Some(text_of_any(name, env).unwrap_or_else(any))
        }
        _ => None,
    }
}

fn what(name: &str) -> String {
    format!("the parameter `{name}`")
}

fn one_of(name: &str, values: &[String], env: Env<'_>) -> Option<Shape> {
    let at = env.take(&format!("Ref {name}"), values.len(), || what(name))?;
    values.get(at).map(|value| known(value))
}

/// A text of which nothing is known but the texts that the template compares it with, and the keys
/// that it stands for in maps. The last option is any other text.
fn text_of_any(name: &str, env: Env<'_>) -> Option<Shape> {
    let constants = env.scope.template()?.constants(name)?;
    let key = format!("Ref {name}");
    let at = match env.decides {
        true => env.take(&key, constants.len() + 1, || what(name)),
        false => env.taken(&key),
    };
    constants.iter().nth(at?).map(|value| known(value))
}

/// More allowed values than these make too many lists.
const MAX_ALLOWED: usize = 8;

/// A list whose entries are any of the values. What a document grants does not depend on their
/// order, so the choice is among the sets.
fn entries_of(name: &str, values: &[String], env: Env<'_>) -> Option<Shape> {
    if env.is_ordered || values.len() > MAX_ALLOWED {
        return None;
    }
    let sets = (1_usize << values.len()) - 1;
    let set = env.take(&format!("Ref {name}"), sets, || what(name))? + 1;
    let entries = values.iter().enumerate();
    let chosen = entries.filter(|(at, _)| set >> at & 1 == 1);
    Some(list(chosen.map(|(_, value)| value.as_str())))
}

/// The entry at a place in a list whose entries are any of the allowed values.
pub(super) fn entry_of(name: &str, index: usize, env: Env<'_>) -> Option<Shape> {
    let template = env.scope.template()?;
    let declared = template.declared(name).filter(|it| it.is_open_list())?;
    if template.given(name).is_some() {
        return None;
    }
    let key = format!("Ref {name}[{index}]");
    let at = env.take(&key, declared.allowed.len(), || what(name))?;
    declared.allowed.get(at).map(|value| known(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_has_a_name_and_a_value() {
        let parameter = |name: &str, value: &str| Parameter {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        for (text, expected) in [
            ("A=b", Ok(parameter("A", "b"))),
            ("A=", Ok(parameter("A", ""))),
            ("A=b=c,d", Ok(parameter("A", "b=c,d"))),
            ("AWS::Region=x", Ok(parameter("AWS::Region", "x"))),
            ("A", Err(ParameterError::NoValue)),
            ("=b", Err(ParameterError::Name)),
            ("AWS::=b", Err(ParameterError::Name)),
            ("A b=c", Err(ParameterError::Name)),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
    }
}
