//! Wildcard patterns without a colon: the two halves of an action pattern.
//!
//! A glob is a slice of lower-case characters in which `*` is any run of characters, also none, and
//! `?` is exactly one. No wildcard matches a colon. A glob is in *normal form*: in every run of
//! wildcards the `?`s come first, followed by at most one `*`, so that two globs written
//! differently (`**`, `*?*`) and meaning the same are equal.

use crate::budget::{Budget, steps};

/// Appends `text` to `glob` in normal form, each character but the wildcards as `fold` makes it.
pub(crate) fn push_normal(glob: &mut Vec<char>, text: &str, fold: impl Fn(char) -> char) {
    let mut star = false;
    for c in text.chars() {
        match c {
            '*' => star = true,
            '?' => glob.push('?'),
            _ => {
                if star {
                    glob.push('*');
                    star = false;
                }
                glob.push(fold(c));
            }
        }
    }
    if star {
        glob.push('*');
    }
}

/// Whether the two characters of two globs, neither of them `*`, can stand for the same character.
fn agree(a: char, b: char) -> bool {
    a == b || a == '?' || b == '?'
}

/// Whether some string matches both globs; `true` if the budget does not suffice to tell.
///
/// Exact, in time of the product of the lengths at worst and linear for ordinary patterns. Once
/// what stands before the first and after the last `*` of either is found to agree, two rests of
/// which one begins and the other ends with `*` always meet, and so do two rests that both contain
/// a `*`; what remains is a text without `*`, on which the leftmost fit of each stretch decides.
pub(crate) fn intersect(mut a: &[char], mut b: &[char], budget: &Budget) -> bool {
    let before = a.len() + b.len();
    let met = loop {
        match (a.split_first(), b.split_first()) {
            (None, _) => break Some(b.iter().all(|&c| c == '*')),
            (_, None) => break Some(a.iter().all(|&c| c == '*')),
            (Some(('*', _)), _) | (_, Some(('*', _))) => break None,
            (Some((x, _)), Some((y, _))) if !agree(*x, *y) => break Some(false),
            (Some((_, rest_a)), Some((_, rest_b))) => (a, b) = (rest_a, rest_b),
        }
    };
    let met = met.or_else(|| {
        loop {
            match (a.split_last(), b.split_last()) {
                (None, _) => break Some(b.iter().all(|&c| c == '*')),
                (_, None) => break Some(a.iter().all(|&c| c == '*')),
                (Some(('*', _)), _) | (_, Some(('*', _))) => break None,
                (Some((x, _)), Some((y, _))) if !agree(*x, *y) => break Some(false),
                (Some((_, rest_a)), Some((_, rest_b))) => (a, b) = (rest_a, rest_b),
            }
        }
    });
    if !budget.spend(CALL + steps((before - a.len() - b.len()) / 2)) {
        return true;
    }
    met.unwrap_or_else(|| match (a.contains(&'*'), b.contains(&'*')) {
        (true, true) => true,
        (true, false) => fit(a, b, budget, agree).unwrap_or(true),
        (false, _) => fit(b, a, budget, agree).unwrap_or(true),
    })
}

/// Whether every string that matches `inner` matches `outer`: a sufficient test, exact for an
/// `inner` without `*`.
///
/// What it misses is inclusion that depends on how long a run is (`*a` within `?*`) or on a union
/// of patterns, and what the budget does not suffice for.
pub(crate) fn covers(outer: &[char], inner: &[char], budget: &Budget) -> bool {
    fit(outer, inner, budget, |o, i| {
        i != '*' && (o == i || o == '?')
    })
    .unwrap_or(false)
}

/// What a comparison costs that ends at once.
pub(crate) const CALL: u64 = 8;

/// Whether `glob` can be laid over `text`, each `*` of the glob taking any stretch of the text and
/// every other character one for which `takes` holds; `None` if the budget does not suffice to
/// tell.
fn fit<T: Copy>(
    mut glob: &[char],
    mut text: &[T],
    budget: &Budget,
    takes: impl Fn(char, T) -> bool,
) -> Option<bool> {
    // Where to go on after the last `*` when what follows does not fit: only the last one ever
    // needs to grow.
    let mut retry: Option<(&[char], &[T])> = None;
    let limit = budget.left();
    let mut taken = CALL;
    let fits = loop {
        taken += 1;
        if taken > limit {
            budget.spend(limit);
            return None;
        }
        match (glob.split_first(), text.split_first()) {
            (None, None) => break true,
            (Some(('*', rest)), _) => {
                retry = Some((rest, text));
                glob = rest;
                continue;
            }
            (Some((&g, glob_rest)), Some((&t, text_rest))) if takes(g, t) => {
                (glob, text) = (glob_rest, text_rest);
                continue;
            }
            _ => {}
        }
        let Some((after_star, from)) = retry else {
            break false;
        };
        let Some((_, shorter)) = from.split_first() else {
            break false;
        };
        retry = Some((after_star, shorter));
        (glob, text) = (after_star, shorter);
    };
    budget.spend(taken);
    Some(fits)
}

/// Whether `glob` matches `text`, of which the letter case does not count; `false` if the budget
/// does not suffice.
pub(crate) fn matches(glob: &[char], text: &str, budget: &Budget) -> bool {
    if text.is_ascii() {
        return fit(glob, text.as_bytes(), budget, |g, t| {
            g == '?' || g == char::from(t.to_ascii_lowercase())
        })
        .unwrap_or(false);
    }
    fit(glob, &text.chars().collect::<Vec<_>>(), budget, |g, t| {
        g == '?' || g == t.to_ascii_lowercase()
    })
    .unwrap_or(false)
}
