//! Entries of `Action` and `NotAction` of which a part is not known.

use super::{Item, Piece, Shape};

/// Patterns that together name everything that the entry can name, whatever its unknown parts are.
///
/// A wildcard stands for what is not known. Where no known part has the colon, it can be in any unknown one.
pub(super) fn widest(entry: &Item) -> Vec<String> {
    let pieces = match &entry.shape {
        Shape::Text(pieces) => pieces.as_slice(),
        _ => return vec!["*".to_owned()],
    };
    let known = |piece: &Piece| matches!(piece, Piece::Known(text) if text.contains(':'));
    if pieces.iter().any(known) {
        return vec![joined(pieces, "*")];
    }
    let holes = pieces
        .iter()
        .enumerate()
        .filter(|(_, piece)| matches!(piece, Piece::Hole(_)));
    holes
        .filter_map(|(at, _)| {
            let (before, after) = (pieces.get(..at)?, pieces.get(at + 1..)?);
            Some(format!("{}*:*{}", joined(before, "*"), joined(after, "*")))
        })
        .collect()
}

/// Patterns that together name everything that the entry can name, and that a `Deny` certainly takes away.
///
/// A `Deny` with a wildcard in its service prefix takes nothing away for certain, unless it is `*`.
pub(super) fn widest_denied(entry: &Item) -> Vec<String> {
    let certain = |pattern: &String| {
        let prefix = pattern.split_once(':').map_or("*", |(prefix, _)| prefix);
        !prefix.contains(['*', '?'])
    };
    match widest(entry) {
        patterns if patterns.iter().all(certain) => patterns,
        _ => vec!["*".to_owned()],
    }
}

/// The text with `filler` for what is not known.
pub(super) fn joined(pieces: &[Piece], filler: &str) -> String {
    let text = pieces.iter().map(|piece| match piece {
        Piece::Known(text) => text.as_str(),
        Piece::Hole(_) => filler,
    });
    text.collect()
}

/// The text as the file has it.
pub(super) fn as_written(pieces: &[Piece]) -> String {
    let text = pieces.iter().map(|piece| match piece {
        Piece::Known(text) | Piece::Hole(text) => text.as_str(),
    });
    text.collect()
}
