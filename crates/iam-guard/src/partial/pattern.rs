//! Entries of `Action` and `NotAction` that are partly unknown.

use super::{Item, Piece, Shape};

/// Patterns that together match every action that the entry can match, for all values of its
/// unknown parts.
///
/// A wildcard replaces each unknown part. If no known part has the colon, any unknown part can have
/// it, so there is one pattern for each.
pub(super) fn widest(entry: &Item) -> Vec<String> {
    let pieces = match &entry.shape {
        Shape::Text(pieces) => pieces.as_slice(),
        _ => return vec!["*".to_owned()],
    };
    let has_colon = |piece: &Piece| piece.known().is_some_and(|text| text.contains(':'));
    if pieces.iter().any(has_colon) {
        return vec![joined(pieces, "*")];
    }
    let holes = pieces
        .iter()
        .enumerate()
        .filter(|(_, piece)| piece.known().is_none());
    holes
        .filter_map(|(at, _)| {
            let (before, after) = (pieces.get(..at)?, pieces.get(at + 1..)?);
            Some(format!("{}*:*{}", joined(before, "*"), joined(after, "*")))
        })
        .collect()
}

/// Like [`widest`], for an entry of a `Deny`.
///
/// The engine ignores a `Deny` with a wildcard in its service prefix, unless the pattern is `*`.
/// The upper limit of what such an entry can deny is therefore `*`.
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

/// The text with `filler` in place of each unknown part.
pub(super) fn joined(pieces: &[Piece], filler: &str) -> String {
    let text = pieces.iter().map(|piece| piece.known().unwrap_or(filler));
    text.collect()
}

/// The text as the file has it.
pub(super) fn as_written(pieces: &[Piece]) -> String {
    pieces.iter().map(Piece::as_written).collect()
}
