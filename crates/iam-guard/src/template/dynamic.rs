//! Dynamic references, which CloudFormation resolves after all functions ("Get values stored in
//! other services using dynamic references").

use crate::partial::{Item, Piece, Shape};

const START: &str = "{{resolve:";
const END: &str = "}}";

/// The item with an unknown part in place of each dynamic reference.
pub(super) fn opened(item: Item) -> Item {
    let shape = match item.shape {
        Shape::Text(pieces) => Shape::Text(opened_pieces(pieces)),
        Shape::List(entries) => Shape::List(entries.into_iter().map(opened).collect()),
        Shape::Object(members) => {
            let members = members.into_iter();
            Shape::Object(members.map(|(key, value)| (key, opened(value))).collect())
        }
        shape @ (Shape::Null | Shape::Plain(_) | Shape::Unknown(_)) => shape,
    };
    Item { shape, ..item }
}

fn opened_pieces(pieces: Vec<Piece>) -> Vec<Piece> {
    let has_start = |piece: &Piece| piece.known().is_some_and(|text| text.contains(START));
    // A reference can be in several pieces, and known pieces are next to each other.
    let pieces = joined(pieces);
    if !pieces.iter().any(has_start) {
        return pieces;
    }
    let mut found = Vec::new();
    // The reference that has begun and not ended.
    let mut reference: Option<String> = None;
    for piece in pieces {
        let Piece::Known(text) = piece else {
            match &mut reference {
                Some(reference) => reference.push_str(piece.as_written()),
                None => found.push(piece),
            }
            continue;
        };
        let mut rest = text.as_str();
        loop {
            if let Some(begun) = reference.take() {
                match rest.split_once(END) {
                    Some((inside, after)) => {
                        found.push(Piece::Hole(format!("{begun}{inside}{END}")));
                        rest = after;
                    }
                    None => {
                        reference = Some(format!("{begun}{rest}"));
                        break;
                    }
                }
            }
            match rest.split_once(START) {
                Some((before, after)) => {
                    found.push(Piece::Known(before.to_owned()));
                    reference = Some(START.to_owned());
                    rest = after;
                }
                None => {
                    found.push(Piece::Known(rest.to_owned()));
                    break;
                }
            }
        }
    }
    // A reference without an end is not known either.
    found.extend(reference.map(Piece::Hole));
    found
}

/// The pieces with each run of known ones as one.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Known(before)), Piece::Known(text)) => before.push_str(&text),
            (_, piece) => joined.push(piece),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_reference_is_an_unknown_part() {
        let known = |text: &str| Piece::Known(text.to_owned());
        let hole = |text: &str| Piece::Hole(text.to_owned());
        for (pieces, expected) in [
            (vec![known("s3:Get*")], vec![known("s3:Get*")]),
            (
                vec![known("s3:{{resolve:ssm:/a:1}}Get{{resolve:ssm:/b}}")],
                vec![
                    known("s3:"),
                    hole("{{resolve:ssm:/a:1}}"),
                    known("Get"),
                    hole("{{resolve:ssm:/b}}"),
                    known(""),
                ],
            ),
            (
                vec![
                    known("a{{resol"),
                    known("ve:ssm:"),
                    hole("${X}"),
                    known("}}b"),
                ],
                vec![known("a"), hole("{{resolve:ssm:${X}}}"), known("b")],
            ),
            (
                vec![known("a{{resolve:ssm:b"), hole("${X}")],
                vec![known("a"), hole("{{resolve:ssm:b${X}")],
            ),
        ] {
            assert_eq!(opened_pieces(pieces.clone()), expected, "{pieces:?}");
        }
    }
}
