//! The actions that are known today.
//!
//! They serve examples in findings, warnings and the expansion of wildcards.  No verdict depends on them.
//! The list is compiled in as it lies in `data/actions.bin`, is never unpacked as a whole, and costs nothing to load:
//!
//! | part | layout (numbers are little-endian) |
//! |---|---|
//! | words | number of words (u16), end of each word in the text (u16 each), text |
//! | services | for each: length of its prefix (u8), prefix, length of its names in bytes (u16), names |
//! | names | for each: how many words it shares with the name before (high half) and adds (low half of one byte), the added words |
//! | added word | its number, below 192 in one byte, else 192 more in two bytes, the high one first |

use std::ops::ControlFlow;

use crate::action::is_wildcard;
use crate::budget::Budget;
use crate::{ActionPattern, glob};

static DATA: &[u8] = include_bytes!("../data/actions.bin");

/// From this number on a word takes two bytes.
const TWO_BYTES: usize = 192;

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
    for service in services() {
        if !budget.spend(SERVICE) {
            return None;
        }
        if !is_named(pattern.prefix(), service.prefix, budget) {
            continue;
        }
        let all = service.names(|name| {
            if !budget.spend(NAME) {
                return ControlFlow::Break(());
            }
            if is_named(pattern.name(), name, budget) {
                budget.spend(FOUND);
                found.push(format!("{}:{}", text(service.prefix), text(name)));
            }
            ControlFlow::Continue(())
        });
        if all.is_break() || budget.is_spent() {
            return None;
        }
    }
    Some(found)
}

/// What it costs to look at a service, to unpack a name, and to keep an action, in steps.
const SERVICE: u64 = 4;
const NAME: u64 = 16;
const FOUND: u64 = 64;

/// Whether the pattern names a known action.
///
/// This looks no further than the first one, so a long list is checked without a walk through the catalogue.
#[must_use]
pub fn names_any(pattern: &ActionPattern) -> bool {
    let budget = Budget::unlimited();
    services().any(|service| {
        is_named(pattern.prefix(), service.prefix, &budget)
            && service
                .names(|name| match is_named(pattern.name(), name, &budget) {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                })
                .is_break()
    })
}

/// Whether a glob names a prefix or a name; the catalogue is ASCII.
///
/// The restricted list, which a cold function looks up before its first event, is mostly without wildcards, and compared as it lies.
fn is_named(glob: &[char], bytes: &[u8], budget: &Budget) -> bool {
    if glob.iter().any(|&c| is_wildcard(c)) {
        return glob::matches(glob, text(bytes), budget);
    }
    let pairs = || glob.iter().zip(bytes);
    glob.len() == bytes.len() && pairs().all(|(c, b)| *c == char::from(b.to_ascii_lowercase()))
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// The prefixes of the known services, in alphabetical order.
pub(crate) fn prefixes() -> impl Iterator<Item = &'static str> {
    services().map(|service| text(service.prefix))
}

struct Service {
    prefix: &'static [u8],
    names: &'static [u8],
}

impl Service {
    /// Calls `use_name` with each name until it breaks.
    fn names(&self, mut use_name: impl FnMut(&[u8]) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut input = self.names;
        let mut name = Vec::new();
        let mut ends: Vec<usize> = Vec::new();
        while let Some((&counts, rest)) = input.split_first() {
            input = rest;
            ends.truncate(usize::from(counts >> 4));
            name.truncate(ends.last().copied().unwrap_or_default());
            for _ in 0..counts & 0xf {
                let Some(number) = take_word_number(&mut input) else {
                    return ControlFlow::Continue(());
                };
                name.extend_from_slice(word(number));
                ends.push(name.len());
            }
            use_name(&name)?;
        }
        ControlFlow::Continue(())
    }
}

fn services() -> impl Iterator<Item = Service> {
    let mut input = words_end()
        .and_then(|end| DATA.get(end..))
        .unwrap_or_default();
    std::iter::from_fn(move || {
        let (&length, rest) = input.split_first()?;
        let (prefix, rest) = rest.split_at_checked(length.into())?;
        let (length, rest) = rest.split_at_checked(2)?;
        let (names, rest) = rest.split_at_checked(u16_at(length, 0)?)?;
        input = rest;
        Some(Service { prefix, names })
    })
}

fn take_word_number(input: &mut &[u8]) -> Option<usize> {
    let (&first, rest) = input.split_first()?;
    let first = usize::from(first);
    if first < TWO_BYTES {
        *input = rest;
        return Some(first);
    }
    let (&second, rest) = rest.split_first()?;
    *input = rest;
    Some(TWO_BYTES + ((first - TWO_BYTES) << 8) + usize::from(second))
}

fn word(number: usize) -> &'static [u8] {
    let read = || {
        let text = DATA.get(2 + 2 * u16_at(DATA, 0)?..)?;
        let start = if number == 0 {
            0
        } else {
            u16_at(DATA, 2 * number)?
        };
        text.get(start..u16_at(DATA, 2 + 2 * number)?)
    };
    read().unwrap_or_default()
}

fn words_end() -> Option<usize> {
    let count = u16_at(DATA, 0)?;
    Some(2 + 2 * count + u16_at(DATA, 2 * count)?)
}

fn u16_at(data: &[u8], at: usize) -> Option<usize> {
    match data.get(at..at + 2)? {
        &[low, high] => Some(usize::from(u16::from_le_bytes([low, high]))),
        _ => None,
    }
}
