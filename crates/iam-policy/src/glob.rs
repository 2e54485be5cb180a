//! Wildcard patterns without a colon: the two halves of an action pattern.
//!
//! A glob is a slice of lower-case characters in which `*` matches any run of characters, including
//! an empty one, and `?` matches exactly one. No wildcard matches a colon. A glob is in *normal
//! form*: in every run of wildcards, the `?`s come first, followed by at most one `*`, so that
//! equivalent globs (`**?`, `?*`) are equal.

use crate::budget::{Budget, steps};

/// Appends `text` to `glob` in normal form; `fold` maps each character that is not a wildcard.
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

/// Returns true if two characters of globs, neither of them `*`, can stand for the same character.
fn agree(a: char, b: char) -> bool {
    a == b || a == '?' || b == '?'
}

/// Returns true if some string matches both globs, or if the budget does not suffice to find out.
///
/// Exact. The time is the product of the lengths at worst, and linear for ordinary patterns. First,
/// the characters before the first `*` and after the last `*` of either glob must agree. Of the
/// rests, two that both contain a `*` always meet, and so do one that begins and one that ends with
/// `*`. In the remaining case, one rest has no `*`, and the leftmost fit of each stretch of the
/// other decides.
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

/// Returns true if every string that matches `inner` matches `outer`: a sufficient test, exact for
/// an `inner` without `*`.
///
/// The test misses inclusion that depends on the length of a run (`*a` within `?*`) or on a union
/// of patterns. It returns false if the budget does not suffice.
pub(crate) fn covers(outer: &[char], inner: &[char], budget: &Budget) -> bool {
    fit(outer, inner, budget, |o, i| {
        i != '*' && (o == i || o == '?')
    })
    .unwrap_or(false)
}

/// The cost, in steps, of a comparison that ends at once.
pub(crate) const CALL: u64 = 8;

/// Returns true if `glob` can be laid over `text` so that each `*` takes any stretch of the text,
/// and every other character takes one for which `takes` is true; `None` if the budget does not
/// suffice.
fn fit<T: Copy>(
    mut glob: &[char],
    mut text: &[T],
    budget: &Budget,
    takes: impl Fn(char, T) -> bool,
) -> Option<bool> {
    // The place to resume after the last `*` if the characters behind it do not fit. Only the last
    // `*` ever needs to grow: whatever an earlier one could take as well, the last one can take.
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

/// Returns true if `glob` matches `text`, ignoring case; false if the budget does not suffice.
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
