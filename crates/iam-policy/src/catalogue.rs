//! The actions that are known today.
//!
//! They provide the examples in findings, the warnings about typing errors, and the names that the
//! expansion of wildcards needs. No verdict depends on them.

use std::sync::LazyLock;

use crate::action::is_wildcard;
use crate::budget::Budget;
use crate::{ActionPattern, glob};

/// Each service prefix, with a colon, on a line of its own, followed by the names of its actions,
/// one a line. Prefixes and names are sorted, and all of them are ASCII.
static ACTIONS: &str = include_str!("../data/actions.txt");

/// The prefix of each service, and the lines with its names.
///
/// A lookup skips most services. The first lookup therefore finds where each service begins, and
/// the names stay unread until a pattern asks for their service.
static SERVICES: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    // Only prefixes have a colon: what lies between two colons is the names of one service and, on
    // the last line, the prefix of the next service.
    let mut parts = ACTIONS.split(':');
    let mut prefix = parts.next().unwrap_or_default();
    let mut services = Vec::with_capacity(512);
    for part in parts {
        let (names, next) = part.rsplit_once('\n').unwrap_or((part, ""));
        services.push((prefix, names.trim_start()));
        prefix = next;
    }
    services
});

/// What it costs to look at a service, to look at a name, and to keep an action, in steps.
const SERVICE: u64 = 4;
const NAME: u64 = 16;
const FOUND: u64 = 64;

/// The known actions that the pattern names, as AWS spells them, in alphabetical order.
///
/// ```
/// use iam_policy::{ActionPattern, catalogue};
///
/// let pattern: ActionPattern = "s3:deletebucket*".parse()?;
/// assert!(catalogue::named_by(&pattern).contains(&"s3:DeleteBucketPolicy".to_owned()));
/// # Ok::<(), iam_policy::ActionPatternError>(())
/// ```
#[must_use]
pub fn named_by(pattern: &ActionPattern) -> Vec<String> {
    named_within(pattern, &Budget::unlimited()).unwrap_or_default()
}

/// [`named_by`]; `None` if the budget does not suffice.
pub(crate) fn named_within(pattern: &ActionPattern, budget: &Budget) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for (prefix, names) in SERVICES.iter() {
        if !budget.spend(SERVICE) {
            return None;
        }
        if !is_named(pattern.prefix(), prefix, budget) {
            continue;
        }
        for name in names.lines() {
            if !budget.spend(NAME) {
                return None;
            }
            if is_named(pattern.name(), name, budget) {
                budget.spend(FOUND);
                found.push(format!("{prefix}:{name}"));
            }
        }
    }
    (!budget.is_spent()).then_some(found)
}

/// Returns true if the pattern names a known action.
///
/// The search ends at the first such action, so a long list is checked without a walk through the
/// whole catalogue.
#[must_use]
pub fn names_any(pattern: &ActionPattern) -> bool {
    let budget = Budget::unlimited();
    let mut services = SERVICES.iter();
    services.any(|(prefix, names)| {
        is_named(pattern.prefix(), prefix, &budget)
            && names
                .lines()
                .any(|name| is_named(pattern.name(), name, &budget))
    })
}

/// The prefixes of the known services, in alphabetical order.
pub(crate) fn prefixes() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|(prefix, _)| *prefix)
}

/// Returns true if a glob names a prefix or a name of the catalogue.
fn is_named(glob: &[char], text: &str, budget: &Budget) -> bool {
    if glob.iter().any(|&c| is_wildcard(c)) {
        return glob::matches(glob, text, budget);
    }
    // A function looks up its restricted list before its first event, and most entries have no
    // wildcards. Comparing the bytes makes that lookup fast.
    let mut pairs = glob.iter().zip(text.bytes());
    glob.len() == text.len() && pairs.all(|(c, b)| *c == char::from(b.to_ascii_lowercase()))
}
