//! References to parameters, loops and resources.

use super::intrinsics::{Env, evaluate, known};
use super::parameters;
use super::texts;
use crate::partial::{Item, Piece, Shape};
use crate::tree::Node;

/// The value of `Ref`.
pub(super) fn reference(argument: &Node<'_>, env: Env<'_>) -> Option<Shape> {
    named(&name(argument, env)?, env)
}

/// The value of `Fn::GetAtt`.
pub(super) fn attribute(argument: &Node<'_>, env: Env<'_>) -> Option<Shape> {
    let (logical, attribute) = logical_and_attribute(argument, env)?;
    attribute_of(&logical, &attribute, env)
}

/// The logical id and the attribute of `Fn::GetAtt`.
pub(super) fn logical_and_attribute(argument: &Node<'_>, env: Env<'_>) -> Option<(String, String)> {
    match argument.entries() {
        [] => {
            let whole = name(argument, env)?;
            let (logical, attribute) = whole.split_once('.')?;
            Some((logical.to_owned(), attribute.to_owned()))
        }
        [logical, attribute] => Some((name(logical, env)?, name(attribute, env)?)),
        _ => None,
    }
}

/// A name, in which a loop replaces its variable.
pub(super) fn name(argument: &Node<'_>, env: Env<'_>) -> Option<String> {
    match argument.text() {
        Some(text) => {
            let pieces = texts::literal(text, env);
            pieces.iter().map(Piece::known).collect()
        }
        None => evaluate(argument, env).and_then(|it| Item::known_text(&it)),
    }
}

/// The value of a loop, a parameter or a resource with this name.
pub(super) fn named(name: &str, env: Env<'_>) -> Option<Shape> {
    let variable = env.scope.loops().iter().rfind(|it| it.is_named(name));
    if let Some(variable) = variable {
        return variable.value(env).map(|value| known(&value));
    }
    if let Some(value) = parameters::value(name, env) {
        return Some(value);
    }
    let template = env.scope.template()?;
    if template.declared(name).is_some() {
        return None;
    }
    let kind = template.kind(logical(name))?;
    is_plain(kind).then(|| name_of(name))
}

/// The value of an attribute of a resource.
pub(super) fn attribute_of(logical: &str, attribute: &str, env: Env<'_>) -> Option<Shape> {
    let kind = env.scope.template()?.kind(logical)?;
    let is_name = ["Arn", "ARN", "Id", "Name", "Url", "URL"]
        .iter()
        .any(|end| attribute.ends_with(end));
    (is_plain(kind) && is_name && !attribute.contains("Outputs"))
        .then(|| name_of(&format!("{logical}.{attribute}")))
}

/// SAM's resources have parts of their own, such as `Function.Alias`.
fn logical(name: &str) -> &str {
    name.split_once('.').map_or(name, |(logical, _)| logical)
}

fn name_of(written: &str) -> Shape {
    Shape::Text(vec![Piece::Name(format!("${{{written}}}"))])
}

/// Whether the names and ARNs of this type are made by AWS, or must be names. Others return what a
/// function, another template or a parameter says.
fn is_plain(kind: &str) -> bool {
    let other = ["AWS::CloudFormation::", "AWS::SSM::", "AWS::AppConfig::"];
    kind.starts_with("AWS::")
        && !kind.ends_with("::MODULE")
        && kind != "AWS::Serverless::Application"
        && !other.iter().any(|prefix| kind.starts_with(prefix))
}
