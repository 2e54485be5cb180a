//! What is looked for in every document: the restricted patterns, and the actions of the known
//! paths of escalation.

use iam_policy::{ActionPattern, EscalationPath, ReadyMadeList, RestrictedActions};

use crate::bits::Bits;

/// The action that assumes a role.
pub(crate) const ASSUME_ROLE: &str = "sts:AssumeRole";

/// A set of the actions that paths of escalation need, and of [`ASSUME_ROLE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Actions(u128);

impl Actions {
    pub(crate) const ALL: Actions = Actions(u128::MAX);

    pub(crate) fn or(self, other: Actions) -> Actions {
        Actions(self.0 | other.0)
    }

    pub(crate) fn and(self, other: Actions) -> Actions {
        Actions(self.0 & other.0)
    }

    pub(crate) fn without(self, other: Actions) -> Actions {
        Actions(self.0 & !other.0)
    }

    fn has_all(self, other: Actions) -> bool {
        other.0 & !self.0 == 0
    }
}

/// A path of escalation that needs a restricted action.
#[derive(Debug)]
struct Path {
    id: String,
    required: Actions,
}

#[derive(Debug)]
pub(crate) struct Watched {
    restricted: RestrictedActions,
    /// The restricted patterns by their first letters.
    letters: Letters,
    /// The actions of [`Actions`], by their numbers.
    actions: Vec<String>,
    /// The actions by their first letters.
    action_letters: Letters,
    paths: Vec<Path>,
}

/// Patterns or actions, by their numbers, that can have an action in common with a pattern that
/// begins with a letter.
///
/// Most patterns begin with another letter, and comparing one letter is much cheaper.
#[derive(Debug)]
struct Letters {
    by_letter: Vec<Vec<usize>>,
    all: Vec<usize>,
}

impl Letters {
    fn new<'t>(texts: impl Iterator<Item = &'t str> + Clone) -> Letters {
        let numbers = |letter: u8| {
            let texts = texts.clone().enumerate();
            let meeting = texts
                .filter(|(_, text)| matches!(first(text), Some(it) if it == letter || is_open(it)));
            meeting.map(|(number, _)| number).collect()
        };
        Letters {
            by_letter: (0..=u8::MAX).map(numbers).collect(),
            all: texts
                .clone()
                .enumerate()
                .map(|(number, _)| number)
                .collect(),
        }
    }

    fn of(&self, pattern: &ActionPattern) -> &[usize] {
        match first(pattern.as_str()) {
            Some(letter) if !is_open(letter) => self
                .by_letter
                .get(usize::from(letter))
                .map_or(&[], Vec::as_slice),
            _ => &self.all,
        }
    }
}

/// The first letter in lower case.
fn first(text: &str) -> Option<u8> {
    text.bytes().next().map(|byte| byte.to_ascii_lowercase())
}

fn is_open(letter: u8) -> bool {
    matches!(letter, b'*' | b'?')
}

impl Watched {
    pub(crate) fn new(restricted: RestrictedActions) -> Watched {
        let mut actions = vec![ASSUME_ROLE.to_owned()];
        let mut number = |action: String| {
            let known = actions.iter().position(|known| *known == action);
            let at = known.unwrap_or_else(|| {
                actions.push(action);
                actions.len() - 1
            });
            // The catalogue has fewer actions; a test counts them.
            Actions(
                1_u128
                    .checked_shl(at.try_into().unwrap_or(128))
                    .unwrap_or(0),
            )
        };
        let mut paths = Vec::new();
        for path in EscalationPath::all() {
            let is_restricted = |action: &String| {
                let mut patterns = restricted.patterns().iter();
                patterns.any(|pattern| pattern.matches(action))
            };
            if path.required.iter().any(is_restricted) {
                let required = path.required.into_iter().map(&mut number);
                paths.push(Path {
                    id: path.id,
                    required: required.fold(Actions::default(), Actions::or),
                });
            }
        }
        Watched {
            letters: Letters::new(restricted.patterns().iter().map(ActionPattern::as_str)),
            restricted,
            action_letters: Letters::new(actions.iter().map(String::as_str)),
            actions,
            paths,
        }
    }

    pub(crate) fn restricted(&self) -> &RestrictedActions {
        &self.restricted
    }

    /// The restricted patterns with these numbers.
    pub(crate) fn patterns(&self, numbers: &Bits) -> Vec<&ActionPattern> {
        let patterns = self.restricted.patterns();
        let named = numbers.iter().filter_map(|number| patterns.get(number));
        named.collect()
    }

    /// All restricted patterns.
    pub(crate) fn everything(&self) -> Bits {
        Bits::below(self.restricted.patterns().len())
    }

    /// The numbers of these restricted patterns, which are in the order of the list.
    pub(crate) fn numbers(&self, patterns: &[&ActionPattern]) -> Bits {
        let mut patterns = patterns.iter().peekable();
        let mut numbers = Bits::default();
        for (number, pattern) in self.restricted.patterns().iter().enumerate() {
            if patterns.next_if(|next| **next == pattern).is_some() {
                numbers.insert(number);
            }
        }
        numbers
    }

    /// The numbers of the restricted patterns that have an action in common with one of these.
    pub(crate) fn meeting(&self, patterns: &[ActionPattern]) -> Bits {
        let mut meeting = Bits::default();
        for pattern in patterns {
            for number in self.letters.of(pattern) {
                let restricted = self.restricted.patterns().get(*number);
                if restricted.is_some_and(|it| pattern.intersects(it)) {
                    meeting.insert(*number);
                }
            }
        }
        meeting
    }

    /// The actions that these patterns name.
    pub(crate) fn actions<'p>(&self, patterns: impl Iterator<Item = &'p ActionPattern>) -> Actions {
        let mut named = Actions::default();
        for pattern in patterns {
            if pattern.is_everything() {
                return Actions::ALL;
            }
            // Most patterns have an action's beginning or none, and comparing that is much cheaper.
            let lead = pattern.as_str().split(['*', '?']).next();
            let lead = lead.unwrap_or_default();
            for number in self.action_letters.of(pattern) {
                let matches = |action: &String| {
                    let begins = action.get(..lead.len());
                    begins.is_some_and(|it| it.eq_ignore_ascii_case(lead))
                        && pattern.matches(action)
                };
                if self.actions.get(*number).is_some_and(matches) {
                    named = named.or(Actions(1 << number));
                }
            }
        }
        named
    }

    /// The paths of which all actions are granted.
    pub(crate) fn paths(&self, granted: Actions) -> impl Iterator<Item = &str> {
        let paths = self.paths.iter();
        let open = paths.filter(move |path| granted.has_all(path.required));
        open.map(|path| path.id.as_str())
    }

    /// The ready-made lists that are restricted as a whole, each with its patterns.
    pub(crate) fn lists(&self) -> Vec<(ReadyMadeList, Bits)> {
        let number_of = |action: &str| {
            let mut patterns = self.restricted.patterns().iter();
            patterns.position(|pattern| pattern.matches(action))
        };
        let whole = ReadyMadeList::ALL.into_iter().filter_map(|list| {
            let numbers: Option<Bits> = list
                .entries()
                .map(|entry| number_of(entry.action))
                .collect();
            numbers.map(|numbers| (list, numbers))
        });
        whole.collect()
    }
}

/// Whether the actions include [`ASSUME_ROLE`].
pub(crate) fn assumes(actions: Actions) -> bool {
    actions.has_all(Actions(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(list: &str) -> Watched {
        Watched::new(list.parse().unwrap())
    }

    fn actions(watched: &Watched, patterns: &[&str]) -> Actions {
        let patterns: Vec<ActionPattern> = patterns.iter().map(|it| it.parse().unwrap()).collect();
        watched.actions(patterns.iter())
    }

    #[test]
    fn all_actions_of_the_catalogue_have_a_number() {
        assert!(watched("*").actions.len() < 128);
        assert_eq!(watched("*").paths.len(), 65);
    }

    #[test]
    fn a_path_is_open_if_all_its_actions_are_granted() {
        let watched = watched("iam:PassRole,lambda:UpdateFunctionCode");
        let open = |patterns: &[&str]| -> Vec<String> {
            let granted = actions(&watched, patterns);
            watched.paths(granted).map(str::to_owned).collect()
        };
        assert!(open(&["iam:PassRole"]).is_empty());
        assert_eq!(open(&["lambda:UpdateFunction*"]), ["lambda-003"]);
        assert_eq!(
            open(&["IAM:passrole", "lambda:CreateFunction", "?ambda:invoke*"]),
            ["lambda-001"]
        );
        // Nothing of it is restricted.
        assert!(open(&["ssm:StartSession", "iam:CreateAccessKey"]).is_empty());
    }

    #[test]
    fn a_list_counts_if_all_of_it_is_restricted() {
        let names = |list: &str| -> Vec<&str> {
            let lists = watched(list).lists();
            lists.into_iter().map(|(list, _)| list.name()).collect()
        };
        assert_eq!(
            names("@data-destruction,iam:PassRole"),
            ["data-destruction"]
        );
        assert_eq!(names("iam:*"), ["iam-administration"]);
        assert!(names("iam:PassRole").is_empty());
    }
}
