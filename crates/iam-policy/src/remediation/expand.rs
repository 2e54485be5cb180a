//! A wildcard less the restricted actions, as other wildcards.
//!
//! The entry is followed along the known actions that it names, letter by letter, and becomes a pattern as soon as what
//! may follow is disjoint from everything restricted: `s3:*` less `s3:DeleteBucket` is `s3:A*`, …, `s3:DeleteBucket?*`, ….
//! Every pattern made is the entry with some of its wildcards filled in, so nothing new is granted; and it is kept only
//! if it shares no action, known or not, with a restricted pattern.

use crate::{ActionPattern, glob};

/// Patterns within `entry` that name all of `known`, and no action that one of `avoid` names.
///
/// `known` are the known actions that `entry` names and none of `avoid` does.
/// IAM takes no wildcards in service prefixes but a lone `*`, so the patterns made have none there.
pub(crate) fn expand(
    entry: &ActionPattern,
    avoid: &[&ActionPattern],
    known: &[String],
) -> Vec<ActionPattern> {
    let mut tokens = Vec::new();
    // `*` alone has no colon of its own to be kept.
    let text = if entry.as_str() == "*" {
        "*:*"
    } else {
        entry.as_str()
    };
    for (at, part) in text.split(':').enumerate() {
        if at > 0 {
            tokens.push(':');
        }
        glob::push_normal(&mut tokens, part, |c| c);
    }
    let known = known
        .iter()
        .map(|action| Known { action, taken: 0 })
        .collect();
    let mut expansion = Expansion {
        avoid,
        made: Vec::new(),
    };
    expansion.walk(String::new(), &tokens, known, true);
    expansion.made
}

/// A known action, and how many bytes of it are taken already (known actions are ASCII).
#[derive(Clone, Copy)]
struct Known<'k> {
    action: &'k str,
    taken: usize,
}

struct Expansion<'a> {
    avoid: &'a [&'a ActionPattern],
    made: Vec<ActionPattern>,
}

enum Candidate {
    /// It was added to what is made.
    Made,
    /// All of it is restricted.
    Restricted,
    /// Part of it is, or IAM would not take it.
    Mixed,
}

impl Expansion<'_> {
    /// Covers all of `known`, which are those that `fixed` followed by `rest` names; with `future`, also makes a
    /// pattern that names no known action.
    fn walk(
        &mut self,
        mut fixed: String,
        mut rest: &[char],
        mut known: Vec<Known<'_>>,
        future: bool,
    ) {
        while let Some((&c, after)) = rest.split_first().filter(|(c, _)| !matches!(c, '*' | '?')) {
            fixed.push(c);
            for known in &mut known {
                known.taken += 1;
            }
            rest = after;
        }
        if known.is_empty() && !future {
            return;
        }
        match self.offer(&fixed, rest) {
            Candidate::Made | Candidate::Restricted => return,
            Candidate::Mixed => {}
        }
        match rest.split_first() {
            Some(('?', after)) => self.fill(&fixed, after, known),
            Some((_, after)) => {
                let longer: Vec<char> = ['?', '*']
                    .into_iter()
                    .chain(after.iter().copied())
                    .collect();
                let (in_longer, others): (Vec<_>, Vec<_>) = known.into_iter().partition(|known| known.fits(&longer));
                if !matches!(
                    self.offer_unless_idle(&fixed, &longer, &in_longer, future),
                    Candidate::Made
                ) {
                    self.fill(&fixed, longer.get(1..).unwrap_or_default(), in_longer);
                }
                self.walk(fixed, after, others, false);
            }
            None => {}
        }
    }

    /// Follows each character that a known action has next, in place of a `?` before `rest`.
    fn fill(&mut self, fixed: &str, rest: &[char], mut known: Vec<Known<'_>>) {
        while let Some(next) = known.first().and_then(Known::next) {
            let same =
                |known: &Known<'_>| known.next().is_some_and(|c| c.eq_ignore_ascii_case(&next));
            let (group, others): (Vec<_>, Vec<_>) = known.into_iter().partition(same);
            let group = group
                .into_iter()
                .map(|known| Known {
                    taken: known.taken + 1,
                    ..known
                })
                .collect();
            self.walk(format!("{fixed}{next}"), rest, group, false);
            known = others;
        }
    }

    fn offer_unless_idle(
        &mut self,
        fixed: &str,
        rest: &[char],
        known: &[Known<'_>],
        future: bool,
    ) -> Candidate {
        if known.is_empty() && !future {
            Candidate::Mixed
        } else {
            self.offer(fixed, rest)
        }
    }

    /// Makes the pattern if nothing of it is restricted.
    fn offer(&mut self, fixed: &str, rest: &[char]) -> Candidate {
        let text = fixed
            .chars()
            .chain(rest.iter().copied())
            .collect::<String>();
        let Ok(pattern) = ActionPattern::parse(&text) else {
            return Candidate::Mixed;
        };
        if self
            .avoid
            .iter()
            .any(|other| other.covers_plainly(&pattern))
        {
            return Candidate::Restricted;
        }
        if pattern.has_literal_prefix()
            && !self.avoid.iter().any(|other| other.intersects(&pattern))
        {
            self.made.push(pattern);
            return Candidate::Made;
        }
        Candidate::Mixed
    }
}

impl Known<'_> {
    fn rest(&self) -> &str {
        self.action.get(self.taken..).unwrap_or_default()
    }

    fn next(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Whether what is left of the action fits the glob, which may have the colon in it.
    fn fits(&self, glob: &[char]) -> bool {
        let lower = |part: &[char]| {
            part.iter()
                .map(char::to_ascii_lowercase)
                .collect::<Vec<_>>()
        };
        let text: Vec<char> = self.rest().chars().collect();
        let mut globs = glob.split(|&c| c == ':').map(lower);
        let mut texts = text.split(|&c| c == ':');
        loop {
            match (globs.next(), texts.next()) {
                (None, None) => return true,
                (Some(glob), Some(text)) if glob::matches(&glob, text) => {}
                _ => return false,
            }
        }
    }
}
