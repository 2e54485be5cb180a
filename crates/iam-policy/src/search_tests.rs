//! Compares the automaton with a slow, obvious matcher that tries every short action.

use std::str::FromStr;

use proptest::prelude::*;

use super::*;

/// The obvious matcher: it goes from character to character and tries every continuation.
fn names(pattern: &[char], action: &[char]) -> bool {
    match (pattern.split_first(), action.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), next) => {
            names(rest, action)
                || next.is_some_and(|(c, behind)| *c != ':' && names(pattern, behind))
        }
        (Some(('?', rest)), Some((c, behind))) => *c != ':' && names(rest, behind),
        (Some((own, rest)), Some((c, behind))) => own == c && names(rest, behind),
        _ => false,
    }
}

fn pattern_names(pattern: &ActionPattern, action: &str) -> bool {
    let text = if pattern.as_str() == "*" {
        "*:*"
    } else {
        pattern.as_str()
    };
    names(
        &text.to_lowercase().chars().collect::<Vec<_>>(),
        &action.chars().collect::<Vec<_>>(),
    )
}

fn has(language: &Language<'_>, action: &str) -> bool {
    language
        .all_of
        .iter()
        .all(|pattern| pattern_names(pattern, action))
        && language
            .one_of
            .iter()
            .all(|group| group.iter().any(|pattern| pattern_names(pattern, action)))
        && !language
            .none_of
            .iter()
            .any(|pattern| pattern_names(pattern, action))
}

/// Every action whose prefix is `s`, `t`, `z` or empty and whose name has at most six of `a`, `b`
/// and a letter that no pattern has.
fn short_actions() -> Vec<String> {
    let mut names = vec![String::new()];
    let mut at = 0;
    while let Some(name) = names.get(at).filter(|name| name.len() < 6).cloned() {
        names.extend(['a', 'b', 'z'].map(|c| format!("{name}{c}")));
        at += 1;
    }
    names
        .iter()
        .flat_map(|name| ["s", "t", "z", ""].map(|prefix| format!("{prefix}:{name}")))
        .collect()
}

prop_compose! {
    fn pattern()(text in prop_oneof![
        8 => "[sS]:[abAB?*]{0,5}",
        1 => "t:[ab?*]{0,4}",
        1 => "[?*]:[ab?*]{0,4}",
        1 => "\\*",
    ]) -> ActionPattern {
        ActionPattern::from_str(&text).unwrap()
    }
}

fn patterns(
    size: impl Into<proptest::collection::SizeRange>,
) -> impl Strategy<Value = Vec<ActionPattern>> {
    proptest::collection::vec(pattern(), size)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn finds_the_shortest_action_or_none(
        all_of in patterns(1..3),
        one_of in proptest::collection::vec(patterns(1..3), 0..3),
        none_of in patterns(0..5),
    ) {
        let language = Language {
            all_of: all_of.iter().collect(),
            one_of: one_of.iter().map(|group| group.iter().collect()).collect(),
            none_of: none_of.iter().collect(),
        };
        let shortest = short_actions().into_iter().filter(|action| has(&language, action)).min_by_key(String::len);
        match search(&language, &Budget::new(SEARCH)) {
            Emptiness::Inhabited(found) => {
                prop_assert!(has(&language, &found), "{found} is not in the language");
                if let Some(shortest) = shortest {
                    prop_assert_eq!(found.len(), shortest.len(), "{} is shorter than {}", shortest, found);
                } else {
                    prop_assert!(found.len() > 7, "{found} was missed by the reference");
                }
            }
            Emptiness::Empty => prop_assert_eq!(shortest, None),
            Emptiness::Undecided => prop_assert!(false, "out of budget"),
        }
    }

    #[test]
    fn intersection_is_exact(one in pattern(), other in pattern()) {
        let language = Language { all_of: vec![&one, &other], ..Language::default() };
        let met = search(&language, &Budget::new(SEARCH)) != Emptiness::Empty;
        prop_assert_eq!(one.intersects(&other), met);
    }

    #[test]
    fn plain_covering_is_covering(outer in pattern(), inner in pattern()) {
        let beyond = Language { all_of: vec![&inner], none_of: vec![&outer], ..Language::default() };
        let covered = search(&beyond, &Budget::new(SEARCH)) == Emptiness::Empty;
        prop_assert!(covered || !outer.covers_plainly(&inner, &Budget::unlimited()));
        prop_assert_eq!(outer.covers(&inner), covered);
    }

    #[test]
    fn matching_is_naming(pattern in pattern(), at in 0..4_372_usize) {
        let action = &short_actions()[at];
        prop_assert_eq!(pattern.matches(action), pattern_names(&pattern, action));
        prop_assert_eq!(pattern.matches(&action.to_uppercase()), pattern_names(&pattern, action));
    }
}

#[test]
fn hard_questions_end_unanswered() {
    // Asks whether a word has two characters at one of many distances: there are as many sets of
    // positions as words.
    let texts: Vec<String> = (0..24)
        .map(|n| format!("s:*a{}b*", "?".repeat(n)))
        .collect();
    let none_of: Vec<ActionPattern> = texts
        .iter()
        .map(|text| ActionPattern::from_str(text).unwrap())
        .collect();
    let long = ActionPattern::from_str(&format!("s:*a*{}*b", "?".repeat(60))).unwrap();
    let language = Language {
        all_of: vec![&long],
        none_of: none_of.iter().collect(),
        ..Language::default()
    };
    assert_eq!(
        search(&language, &Budget::new(20_000)),
        Emptiness::Undecided
    );
    assert_eq!(search(&language, &Budget::new(10)), Emptiness::Undecided);
}

#[test]
fn many_words_of_bits() {
    // Patterns that together need several machine words, so that positions cross from one into the
    // next.
    let name = "abcdefghij".repeat(20);
    let grant = ActionPattern::from_str(&format!("s:{name}*x*{name}")).unwrap();
    let denied = ActionPattern::from_str(&format!("s:{name}??*{name}")).unwrap();
    let language = Language {
        all_of: vec![&grant],
        none_of: vec![&denied],
        ..Language::default()
    };
    let answer = search_within(&language, &Budget::new(100 * SEARCH));
    assert_eq!(answer, Emptiness::Inhabited(format!("s:{name}x{name}")));
}
