//! Many known actions as few patterns of `?`, for when a list of names does not fit into the quota.
//!
//! Where a restricted pattern such as `ec2:*Delete*` leaves no room for a `*`, names of one length can still share a
//! pattern: `?` everywhere but at the few letters that keep every restricted pattern out.

use crate::{ActionPattern, glob};

/// Patterns within `entry` that name all of `known`, and no action that one of `avoid` names; fewer than `known` where
/// that can be.
///
/// `known` are known actions that `entry` names and none of `avoid` does.
pub(crate) fn pack(
    entry: &ActionPattern,
    avoid: &[&ActionPattern],
    known: &[&str],
) -> Vec<ActionPattern> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for action in known {
        let Some((prefix, name)) = action.split_once(':') else {
            continue;
        };
        let name = Name {
            lower: name.chars().map(|c| c.to_ascii_lowercase()).collect(),
            spelled: name,
        };
        let Some(skeleton) = skeleton(entry.name(), &name.lower) else {
            continue;
        };
        match groups
            .iter_mut()
            .find(|group| group.prefix == prefix && group.skeleton == skeleton)
        {
            Some(group) => group.names.push(name),
            None => groups.push(Group {
                prefix,
                skeleton,
                names: vec![name],
            }),
        }
    }
    let mut patterns = Vec::new();
    for mut group in groups {
        while !group.names.is_empty() {
            let Some(pattern) = group.widest(avoid) else {
                break;
            };
            let before = group.names.len();
            group
                .names
                .retain(|name| !glob::matches(pattern.name(), &name.lower));
            if group.names.len() == before {
                break;
            }
            patterns.push(pattern);
        }
    }
    patterns
}

/// Names of one service and one length that fill an entry in the same way.
struct Group<'k> {
    prefix: &'k str,
    /// The characters that the entry itself fixes, `?` everywhere else.
    skeleton: Vec<char>,
    names: Vec<Name<'k>>,
}

struct Name<'k> {
    lower: Vec<char>,
    spelled: &'k str,
}

impl Group<'_> {
    /// A pattern that nothing restricted meets and that names many of the names.
    ///
    /// Starts from the skeleton and, as long as a restricted pattern can be laid over it, fixes the one character that
    /// keeps this way of laying it out and costs the fewest names.
    fn widest(&self, avoid: &[&ActionPattern]) -> Option<ActionPattern> {
        let mut pattern = self.skeleton.clone();
        let mut named: Vec<&Name<'_>> = self.names.iter().collect();
        let prefix: Vec<char> = self
            .prefix
            .chars()
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let avoid: Vec<&ActionPattern> = avoid
            .iter()
            .copied()
            .filter(|other| glob::matches(other.prefix(), &prefix))
            .collect();
        while let Some(laid) = avoid
            .iter()
            .find_map(|other| glob::lay(other.name(), &pattern))
        {
            let (at, c) = pattern
                .iter()
                .zip(&laid)
                .enumerate()
                .filter(|(_, (own, over))| **own == '?' && !matches!(over, '*' | '?'))
                .flat_map(|(at, (_, over))| {
                    named
                        .iter()
                        .filter_map(move |name| Some((at, *name.lower.get(at)?, *over)))
                })
                .filter(|(_, c, over)| c != over)
                .map(|(at, c, _)| (at, c))
                .max_by_key(|&(at, c)| {
                    named
                        .iter()
                        .filter(|name| name.lower.get(at) == Some(&c))
                        .count()
                })?;
            *pattern.get_mut(at)? = c;
            named.retain(|name| name.lower.get(at) == Some(&c));
        }
        let spelled = named.first()?.spelled.chars();
        let name: String = pattern
            .iter()
            .zip(spelled)
            .map(|(&own, c)| if own == '?' { '?' } else { c })
            .collect();
        ActionPattern::parse(&format!("{}:{name}", self.prefix)).ok()
    }
}

/// The name with `?` for every character that the glob leaves open.
fn skeleton(entry: &[char], name: &[char]) -> Option<Vec<char>> {
    let laid = glob::lay(entry, name)?;
    Some(
        laid.into_iter()
            .map(|over| if over == '*' { '?' } else { over })
            .collect(),
    )
}
