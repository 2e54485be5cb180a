//! The lines of a file that a report shows, without what is too wide for a terminal.

use unicode_width::UnicodeWidthChar as _;

use crate::source::{Source, Span};

/// A line that is at most this wide, in columns of a terminal, is shown as it is.
const MAX_WIDTH: usize = 140;

/// The columns of a wider line that are shown before and after a place, and of the place itself.
const AROUND: usize = 30;
const OF_PLACE: usize = 60;

/// What stands for a part that is left out.
const GAP: &str = "...";

/// The lines from the first to the last of some places.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// Lines without a place are empty.
    pub text: String,
    /// Where the places are in this text.
    pub places: Vec<Span>,
    /// The number of its first line, counted from 1.
    pub first_line: usize,
    /// Whether a part of a line is left out, so that columns are not those of the file.
    pub is_cut: bool,
}

/// A part of the file that is in the excerpt.
struct Part {
    source: Span,
    /// Where it begins in the excerpt.
    at: usize,
}

pub(super) fn excerpt(source: &Source, places: &[Span]) -> Excerpt {
    let places: Vec<Span> = places.iter().map(|it| first_lines(source, it)).collect();
    let first = places.iter().map(|it| it.start).min().unwrap_or_default();
    let last = places.iter().map(|it| it.end).max().unwrap_or_default();
    let first_line = source.line(first);
    let (mut text, mut parts, mut is_cut) = (String::new(), Vec::new(), false);
    for number in first_line..=source.line(last) {
        if number > first_line {
            text.push('\n');
        }
        let line = source.line_span(number);
        let shown = shown(source, &line, &places);
        let ends: Vec<usize> = shown.iter().map(|it| it.end).collect();
        let mut before = line.start;
        for (span, end) in shown.into_iter().zip(&ends) {
            if span.start > before {
                text.push_str(GAP);
                is_cut = true;
            }
            parts.push(Part {
                source: span.clone(),
                at: text.len(),
            });
            text.push_str(source.text.get(span).unwrap_or_default());
            before = *end;
        }
        if !ends.is_empty() && before < line.end {
            text.push_str(GAP);
            is_cut = true;
        }
    }
    let moved = |at: usize| {
        let before = parts.partition_point(|part| part.source.start <= at);
        let part = before.checked_sub(1).and_then(|index| parts.get(index));
        part.map_or(0, |part| {
            part.at + at.min(part.source.end) - part.source.start
        })
    };
    Excerpt {
        places: places
            .iter()
            .map(|it| moved(it.start)..moved(it.end))
            .collect(),
        text,
        first_line,
        is_cut,
    }
}

/// A place that is certainly in the file; of a long place, only the first line.
fn first_lines(source: &Source, place: &Span) -> Span {
    let Some(part) = source.text.get(place.clone()) else {
        return 0..0;
    };
    match part.lines().nth(12) {
        None => place.clone(),
        Some(_) => place.start..place.start + part.lines().next().map_or(0, str::len),
    }
}

/// The parts of a line that are shown: nothing without a place, all of a line that fits, and else
/// what is near the places.
fn shown(source: &Source, line: &Span, places: &[Span]) -> Vec<Span> {
    let is_inside = |at: usize| line.start <= at && at <= line.end;
    let ends = places
        .iter()
        .filter(|place| is_inside(place.start) || is_inside(place.end));
    let near = ends.map(|place| {
        let start = place.start.max(line.start);
        let end = place.end.min(line.end);
        let start_shown = start - fitting(source, line.start..start, AROUND, true);
        let of_place = fitting(source, start..end, OF_PLACE, false);
        let rest = start + of_place..line.end;
        start_shown..start + of_place + fitting(source, rest, AROUND, false)
    });
    let mut near: Vec<Span> = near.collect();
    if !near.is_empty() && fitting(source, line.clone(), MAX_WIDTH, false) == line.len() {
        return vec![line.clone()];
    }
    near.sort_by_key(|span| span.start);
    let mut merged: Vec<Span> = Vec::new();
    for span in near {
        match merged.last_mut() {
            Some(last) if span.start <= last.end + GAP.len() => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

/// How many bytes at the start or the end of a part fit into these columns.
fn fitting(source: &Source, part: Span, columns: usize, is_at_end: bool) -> usize {
    let text = source.text.get(part).unwrap_or_default();
    let mut left = columns;
    let fits = |c: char| {
        // Reports show an escape for many characters that have no width of their own.
        left = left.checked_sub(c.width().unwrap_or(1).max(1))?;
        Some(c.len_utf8())
    };
    match is_at_end {
        true => text.chars().rev().map_while(fits).sum(),
        false => text.chars().map_while(fits).sum(),
    }
}

#[cfg(test)]
#[expect(
    clippy::single_range_in_vec_init,
    reason = "the tests are about lists of places"
)]
mod tests {
    use super::*;

    fn of(text: &str, places: &[Span]) -> Excerpt {
        excerpt(&Source::new("x", text), places)
    }

    #[test]
    fn lines_that_fit_are_as_they_are() {
        let text = "one\ntwo three\nfour\r\nfive\n";
        let excerpt = of(text, &[8..13, 14..18]);
        assert_eq!(excerpt.text, "two three\nfour");
        assert_eq!(excerpt.places, [4..9, 10..14]);
        assert_eq!((excerpt.first_line, excerpt.is_cut), (2, false));
        assert_eq!(of("one\ntwo\nthree", &[0..1, 8..9]).text, "one\n\nthree");
        assert_eq!(of("", &[0..0]).text, "");
        assert_eq!(of("one", &[90..91]).places, [0..0]);
    }

    #[test]
    fn of_a_wide_line_what_is_near_the_places_is_shown() {
        for filler in ["-", "\u{1f512}", "\u{4e00}", "\u{301}"] {
            let filler = filler.repeat(5_000);
            let text = format!("{filler}here{filler}{filler}there");
            let place = |word: &str| {
                let at = text.find(word).unwrap();
                at..at + word.len()
            };
            let there = text.len() - 5..text.len();
            let excerpt = of(&text, &[place("here"), there]);
            assert!(excerpt.is_cut);
            let shown: Vec<&str> = excerpt
                .places
                .iter()
                .filter_map(|place| excerpt.text.get(place.clone()))
                .collect();
            assert_eq!(shown, ["here", "there"]);
            assert!(excerpt.text.chars().count() < 110, "{}", excerpt.text);
        }
        let excerpt = of(&"x".repeat(5_000), &[100..4_000]);
        assert_eq!(excerpt.text.len(), AROUND * 2 + OF_PLACE + 2 * GAP.len());
        assert_eq!(excerpt.places, [33..123]);
    }
}
