//! Replaces a wildcard by narrower wildcards that name no restricted action.
//!
//! The expansion follows the entry along the known actions that it names, letter by letter from the
//! front or from the back. It makes a pattern as soon as the actions that the entry may still name
//! are disjoint from everything restricted: `s3:*` without `s3:DeleteBucket` becomes `s3:A*`, …,
//! `s3:DeleteBucket?*`, …, and `iam:*` without `iam:*Policy` becomes `iam:*e`, `iam:*s`, …. Every
//! pattern is the entry with some of its wildcards filled in, so it grants nothing new, and it is
//! kept only if it has no action, known or not, in common with a restricted pattern. If a
//! restricted pattern such as `ec2:*Delete*` leaves no room for a `*`, the expansion makes the
//! names themselves.

use std::collections::BTreeMap;

use crate::action::is_wildcard;
use crate::budget::{Budget, steps};
use crate::{ActionPattern, glob};

/// The replacement of an entry.
pub(super) enum Expanded {
    /// Patterns within the entry that name all known actions, and no action to be avoided.
    Into(Vec<ActionPattern>),
    /// They do not fit.
    TooLong,
    /// The budget did not suffice to find them.
    TooHard,
}

/// The room in the document, in characters.
pub(super) struct Room<'r> {
    pub(super) characters: usize,
    /// The size of the pattern; 0 if the document has it already.
    pub(super) needed: &'r dyn Fn(&ActionPattern) -> usize,
}

/// Patterns within `entry` that name all of `known`, and no action that one of `avoid` names.
///
/// `known` are the known actions that `entry` names and that no pattern of `avoid` names. IAM
/// accepts no wildcards in service prefixes except a lone `*`, so the patterns made have none
/// there.
pub(super) fn expand(
    entry: &ActionPattern,
    avoid: &[&ActionPattern],
    known: &[&str],
    room: &Room<'_>,
    budget: &Budget,
) -> Expanded {
    let mut expansion = Expansion {
        avoid,
        made: Vec::new(),
        room,
        left: room.characters,
        is_too_long: false,
        budget,
    };
    // Every pattern with a `*` meets a restricted pattern with a `*` at both ends of its name,
    // because the `*` may stand for the middle of that name. Only names can be made then.
    let leaves_no_room = |other: &&ActionPattern| {
        other.name().first() == Some(&'*') && other.name().last() == Some(&'*')
    };
    if entry.has_literal_prefix() && entry.name().contains(&'*') && avoid.iter().any(leaves_no_room)
    {
        for pattern in known.iter().filter_map(|action| action.parse().ok()) {
            if expansion.is_over() {
                break;
            }
            budget.spend(WORK);
            expansion.make(pattern);
        }
        return expansion.result();
    }
    let mut open = Vec::new();
    for (at, part) in entry.as_str().split(':').enumerate() {
        if at > 0 {
            open.push(':');
        }
        glob::push_normal(&mut open, part, |c| c);
    }
    let known = known
        .iter()
        .map(|action| Known {
            open: action,
            front: None,
            back: None,
        })
        .collect();
    expansion.narrow(
        Shape {
            front: String::new(),
            open,
            back: String::new(),
        },
        known,
        true,
    );
    expansion.result()
}

/// The cost of a shape or a pattern, in steps.
const WORK: u64 = 128;

/// An entry whose wildcards are filled in from both ends.
#[derive(Clone)]
struct Shape {
    front: String,
    /// The part between, with the wildcards that are left.
    open: Vec<char>,
    /// The back, reversed.
    back: String,
}

/// A known action that a shape names.
#[derive(Clone, Copy)]
struct Known<'k> {
    /// The text that the open part of the shape stands for.
    open: &'k str,
    /// The characters before and behind it, as they were filled in last.
    front: Option<char>,
    back: Option<char>,
}

struct Expansion<'a> {
    avoid: &'a [&'a ActionPattern],
    made: Vec<ActionPattern>,
    room: &'a Room<'a>,
    /// The characters that are left of the room.
    left: usize,
    is_too_long: bool,
    budget: &'a Budget,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Front,
    Back,
}

enum Offer {
    Made,
    /// All of it is restricted.
    Restricted,
    /// Part of it is restricted, or IAM would not accept it. Filling in more at this end may help.
    Mixed(End),
}

impl Expansion<'_> {
    /// Returns true if further work cannot change the result.
    fn is_over(&self) -> bool {
        self.is_too_long || self.budget.is_spent()
    }

    fn result(self) -> Expanded {
        if self.budget.is_spent() {
            Expanded::TooHard
        } else if self.is_too_long {
            Expanded::TooLong
        } else {
            Expanded::Into(self.made)
        }
    }

    fn make(&mut self, pattern: ActionPattern) {
        match self.left.checked_sub((self.room.needed)(&pattern)) {
            Some(left) => self.left = left,
            None => self.is_too_long = true,
        }
        self.made.push(pattern);
    }

    /// Makes patterns for all of `known`, which are the known actions that the shape names; with
    /// `future`, also a pattern that names no action known today.
    fn narrow(&mut self, mut shape: Shape, mut known: Vec<Known<'_>>, future: bool) {
        if self.is_over() || known.is_empty() && !future {
            return;
        }
        self.budget
            .spend(WORK + steps(shape.open.len() + 4 * known.len()));
        shape.close(&mut known);
        let Offer::Mixed(end) = self.offer(&shape) else {
            return;
        };
        let wildcard = match end {
            End::Front => shape.open.first(),
            End::Back => shape.open.last(),
        };
        match wildcard.copied() {
            // A `?` has one character, so following each character that a known action has there
            // misses none of them.
            Some('?') => self.fill(&shape, end, known),
            Some(_) => {
                // A `*` stands for at least one character or for none. A known action that fits the
                // longer shape is followed there only, so that no action is named twice.
                let (longer, without) = shape.split_star(end);
                let globs = longer.globs();
                let (in_longer, others): (Vec<_>, Vec<_>) = known
                    .into_iter()
                    .partition(|known| fits(&globs, known.open, self.budget));
                // The longer shape often is free of restricted actions as a whole. One pattern then
                // replaces all that the characters after it would need.
                let offered = (future || !in_longer.is_empty()).then(|| self.offer(&longer));
                if !matches!(offered, Some(Offer::Made | Offer::Restricted)) {
                    self.fill(&longer, end, in_longer);
                }
                self.narrow(without, others, false);
            }
            None => {}
        }
    }

    /// Follows each character that a known action has in the place of the `?` at this end.
    fn fill(&mut self, shape: &Shape, end: End, known: Vec<Known<'_>>) {
        let mut groups: BTreeMap<char, Vec<Known<'_>>> = BTreeMap::new();
        for known in known {
            if let Some((c, known)) = known.take(end) {
                groups
                    .entry(c.to_ascii_lowercase())
                    .or_default()
                    .push(known);
            }
        }
        for group in groups.into_values() {
            let mut shape = shape.clone();
            let first = group.first();
            match end {
                End::Front => {
                    shape.open.remove(0);
                    shape.front.extend(first.and_then(|known| known.front));
                }
                End::Back => {
                    shape.open.pop();
                    shape.back.extend(first.and_then(|known| known.back));
                }
            }
            self.narrow(shape, group, false);
        }
    }

    /// Makes the pattern if no action of it is restricted.
    fn offer(&mut self, shape: &Shape) -> Offer {
        let Some(pattern) = shape.pattern() else {
            return Offer::Mixed(End::Front);
        };
        if self
            .avoid
            .iter()
            .any(|other| other.covers_plainly(&pattern, self.budget))
        {
            return Offer::Restricted;
        }
        if !shape.front.contains(':') && !pattern.has_literal_prefix() {
            return Offer::Mixed(End::Front);
        }
        let meeting: Vec<&ActionPattern> = self
            .avoid
            .iter()
            .copied()
            .filter(|other| other.intersects_within(&pattern, self.budget))
            .collect();
        if meeting.is_empty() {
            self.make(pattern);
            return Offer::Made;
        }
        // A further character at an end helps only if a restricted pattern has a character, not a
        // `*`, at that place: only then can the shape and the pattern differ there.
        let fixed = |taken: usize, mut name: Box<dyn Iterator<Item = &char> + '_>| {
            name.by_ref().take(taken + 1).filter(|c| **c != '*').count() > taken
        };
        let front = shape
            .front
            .split_once(':')
            .map_or(0, |(_, name)| name.chars().count());
        let back = shape.back.chars().count();
        if meeting
            .iter()
            .any(|other| fixed(front, Box::new(other.name().iter())))
        {
            Offer::Mixed(End::Front)
        } else if meeting
            .iter()
            .any(|other| fixed(back, Box::new(other.name().iter().rev())))
        {
            Offer::Mixed(End::Back)
        } else {
            Offer::Mixed(End::Front)
        }
    }
}

impl Shape {
    /// Moves the characters at both ends of the open part, up to the first and from the last
    /// wildcard, to the parts that are filled in.
    fn close(&mut self, known: &mut [Known<'_>]) {
        let front = self
            .open
            .iter()
            .position(|&c| is_wildcard(c))
            .unwrap_or(self.open.len());
        self.front.extend(self.open.drain(..front));
        let back = self
            .open
            .iter()
            .rev()
            .position(|&c| is_wildcard(c))
            .unwrap_or_default();
        self.back
            .extend(self.open.drain(self.open.len() - back..).rev());
        for known in known {
            // Known actions are ASCII, so bytes are characters.
            let end = known.open.len().saturating_sub(back);
            known.open = known.open.get(front..end).unwrap_or_default();
        }
    }

    /// The shape with `?` next to the `*` at this end, and the shape without that `*`.
    fn split_star(&self, end: End) -> (Shape, Shape) {
        let (mut longer, mut without) = (self.clone(), self.clone());
        match end {
            End::Front => {
                longer.open.insert(0, '?');
                without.open.remove(0);
            }
            End::Back => {
                longer.open.push('?');
                without.open.pop();
            }
        }
        (longer, without)
    }

    fn pattern(&self) -> Option<ActionPattern> {
        let text: String = self
            .front
            .chars()
            .chain(self.open.iter().copied())
            .chain(self.back.chars().rev())
            .collect();
        let (prefix, name) = text.split_once(':')?;
        let mut normal = Vec::with_capacity(text.len());
        glob::push_normal(&mut normal, prefix, |c| c);
        normal.push(':');
        glob::push_normal(&mut normal, name, |c| c);
        normal.into_iter().collect::<String>().parse().ok()
    }

    /// The open part in lower case, split at the colon if it has one.
    fn globs(&self) -> Vec<Vec<char>> {
        self.open
            .split(|&c| c == ':')
            .map(|glob| glob.iter().map(char::to_ascii_lowercase).collect())
            .collect()
    }
}

/// Returns true if the open part of a shape can stand for this part of an action.
fn fits(globs: &[Vec<char>], text: &str, budget: &Budget) -> bool {
    let mut texts = text.split(':');
    let fit = globs.iter().all(|glob| {
        let text = texts.next();
        text.is_some_and(|text| glob::matches(glob, text, budget))
    });
    fit && texts.next().is_none()
}

impl<'k> Known<'k> {
    /// The next character at this end, and the rest.
    fn take(self, end: End) -> Option<(char, Known<'k>)> {
        let mut rest = self.open.chars();
        let c = match end {
            End::Front => rest.next()?,
            End::Back => rest.next_back()?,
        };
        let taken = match end {
            End::Front => Known {
                open: rest.as_str(),
                front: Some(c),
                ..self
            },
            End::Back => Known {
                open: rest.as_str(),
                back: Some(c),
                ..self
            },
        };
        Some((c, taken))
    }
}
