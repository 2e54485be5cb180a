//! What a policy document has that can matter: a summary by which the document is judged together
//! with others.

use iam_policy::{ActionPattern, Effect, PolicyDocument, Statement, judge};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::bits::Bits;
use crate::texts::Texts;
use crate::watched::{Actions, Watched, assumes};

/// The statements of a document that grant or deny something that is watched.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) allows: Vec<Part>,
    pub(crate) denies: Vec<Part>,
    /// Why the document may grant anything, although it can be read.
    pub(crate) doubt: Option<String>,
    /// Why the document cannot be read. Then the summary has nothing.
    pub(crate) unreadable: Option<String>,
    /// The restricted patterns that the `Allow` statements meet, before any `Deny`.
    pub(crate) met: Bits,
    /// Those that statements meet which have no condition and are for all resources.
    pub(crate) met_widely: Bits,
    pub(crate) actions: ActionSums,
}

/// The watched actions of a document.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ActionSums {
    pub(crate) allowed: Actions,
    /// Without a condition, and for all resources.
    pub(crate) allowed_widely: Actions,
    pub(crate) denied: Actions,
    /// Without a condition, and for all resources.
    pub(crate) denied_widely: Actions,
}

/// A statement that grants or denies something that is watched.
#[derive(Debug)]
pub(crate) struct Part {
    /// The effect and the actions, as a statement for all resources.
    pub(crate) text: Box<str>,
    /// Whether it has no condition and is for all resources.
    pub(crate) is_wide: bool,
    /// Whether it is about something restricted.
    pub(crate) meets: bool,
    /// The roles for which it is about [`ASSUME_ROLE`](crate::watched::ASSUME_ROLE).
    pub(crate) roles: Option<Resources>,
}

/// The resources of a statement, as far as they can be roles.
#[derive(Debug)]
pub(crate) struct Resources {
    /// Whether it is for all resources but these.
    pub(crate) negated: bool,
    /// One text, because an account can have millions of patterns, and a text each takes more
    /// memory than they.
    patterns: Box<str>,
    pub(crate) is_conditional: bool,
}

/// The members of a statement whose meaning is known.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownMembers {
    #[serde(rename = "Sid")]
    _sid: Option<IgnoredAny>,
    #[serde(rename = "Effect")]
    _effect: IgnoredAny,
    #[serde(rename = "Action", alias = "NotAction")]
    _action: IgnoredAny,
    #[serde(rename = "Resource", alias = "NotResource")]
    _resource: IgnoredAny,
    #[serde(rename = "Condition")]
    _condition: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceMembers<'a> {
    #[serde(borrow)]
    resource: Option<Texts<'a>>,
    #[serde(borrow)]
    not_resource: Option<Texts<'a>>,
}

impl ActionSums {
    pub(crate) fn add(&mut self, other: &ActionSums) {
        self.allowed = self.allowed.or(other.allowed);
        self.allowed_widely = self.allowed_widely.or(other.allowed_widely);
        self.denied = self.denied.or(other.denied);
        self.denied_widely = self.denied_widely.or(other.denied_widely);
    }
}

impl Summary {
    /// The summary of this JSON.
    pub(crate) fn new(json: &str, watched: &Watched) -> Summary {
        match json.parse::<PolicyDocument>() {
            Ok(document) => {
                let mut summary = Summary::default();
                for statement in document.statements() {
                    summary.add(statement, watched);
                }
                summary
            }
            Err(problem) => Summary {
                unreadable: Some(problem.to_string()),
                ..Summary::default()
            },
        }
    }

    fn add(&mut self, statement: &Statement, watched: &Watched) {
        let is_allow = statement.effect() == Effect::Allow;
        let odd = match (is_allow, statement.is_negated()) {
            (true, false) => statement.patterns().iter().find(|it| !is_printable(it)),
            _ => None,
        };
        let met = met(statement, watched, is_allow);
        let actions = actions(statement, watched, is_allow);
        if odd.is_none() && met.is_empty() && actions == Actions::default() {
            return;
        }
        let Some(resources) = Resources::of(statement) else {
            return;
        };
        if let Some(odd) = odd {
            self.doubt.get_or_insert_with(|| {
                let odd = odd.as_str().escape_debug();
                format!("it names the action `{odd}`, whose interpretation by IAM is undocumented")
            });
            self.met = watched.everything();
        }
        let is_plain = !statement.is_conditional() && !statement.is_narrowed();
        let is_about_roles = assumes(actions) && resources.has_roles();
        let (meets, roles) = (!met.is_empty(), is_about_roles.then_some(resources));
        let is_kept = meets || roles.is_some();
        let text = || {
            let element = match statement.is_negated() {
                true => "NotAction",
                false => "Action",
            };
            let effect = if is_allow { "Allow" } else { "Deny" };
            write(effect, element, statement.patterns()).into()
        };
        let sums = &mut self.actions;
        if is_allow {
            let is_wide = is_plain;
            sums.allowed = sums.allowed.or(actions);
            self.met.add(&met);
            if is_wide {
                sums.allowed_widely = sums.allowed_widely.or(actions);
                self.met_widely.add(&met);
            }
            if is_kept {
                self.allows.push(Part {
                    text: text(),
                    is_wide,
                    meets,
                    roles,
                });
            }
        } else {
            // The effect of an unknown key is undocumented, so it may narrow.
            let is_known = serde_json::from_str::<KnownMembers>(statement.as_str()).is_ok();
            let is_wide = is_plain && is_known;
            sums.denied = sums.denied.or(actions);
            if is_wide {
                sums.denied_widely = sums.denied_widely.or(actions);
            }
            if is_kept {
                self.denies.push(Part {
                    text: text(),
                    is_wide,
                    meets,
                    roles,
                });
            }
        }
    }

    /// Whether the document denies something that is restricted.
    pub(crate) fn denies(&self) -> bool {
        self.denies.iter().any(|deny| deny.meets)
    }

    /// Whether the document says who may assume which roles.
    pub(crate) fn is_about_roles(&self) -> bool {
        self.allows.iter().any(|it| it.roles.is_some())
            || self.denies.iter().any(|it| it.roles.is_some())
    }
}

/// The statement of this text.
pub(crate) fn statement(text: &str) -> Option<Statement> {
    let document = format!(r#"{{"Statement":{text}}}"#);
    let document: PolicyDocument = document.parse().ok()?;
    document.statements().first().cloned()
}

/// The restricted patterns that a statement may grant or deny an action of.
fn met(statement: &Statement, watched: &Watched, is_allow: bool) -> Bits {
    match (statement.is_negated(), is_allow) {
        (false, _) => watched.meeting(statement.patterns()),
        (true, true) => {
            let alone = write("Allow", "NotAction", statement.patterns());
            let judgement = judge(&document(&[alone.as_str()]), watched.restricted());
            watched.numbers(&judgement.restricted_patterns())
        }
        (true, false) => watched.everything(),
    }
}

/// The watched actions that a statement may grant, or those that it certainly denies where it
/// applies.
fn actions(statement: &Statement, watched: &Watched, is_allow: bool) -> Actions {
    let patterns = statement.patterns().iter();
    match (is_allow, statement.is_negated()) {
        (true, false) => watched.actions(patterns),
        (true, true) => {
            Actions::ALL.without(watched.actions(patterns.filter(|it| is_printable(it))))
        }
        (false, false) => watched.actions(patterns.filter(|it| is_certain(it))),
        (false, true) if statement.patterns().iter().all(is_certain) => {
            Actions::ALL.without(watched.actions(patterns))
        }
        // It may spare more than it says.
        (false, true) => Actions::default(),
    }
}

fn is_printable(pattern: &ActionPattern) -> bool {
    pattern.as_str().bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns true if IAM certainly reads the pattern as the engine does: a wildcard in the prefix of
/// a service has no documented meaning, except in the pattern of all actions.
pub(crate) fn is_certain(pattern: &ActionPattern) -> bool {
    let prefix = pattern.as_str().split(':').next().unwrap_or_default();
    is_printable(pattern) && (pattern.is_everything() || !prefix.contains(['*', '?']))
}

impl Resources {
    /// The resources of the statement; `None` if it is for none.
    fn of(statement: &Statement) -> Option<Resources> {
        let is_conditional = statement.is_conditional();
        let all = |is_conditional| Resources {
            negated: false,
            patterns: "*".into(),
            is_conditional,
        };
        if !statement.is_narrowed() {
            return Some(all(is_conditional));
        }
        let (negated, texts) = match serde_json::from_str(statement.as_str()) {
            Ok(ResourceMembers {
                resource: Some(resource),
                ..
            }) => (false, resource),
            Ok(ResourceMembers {
                not_resource: Some(spared),
                ..
            }) => (true, spared),
            // The document was read before, so this does not happen. If it did, the statement would
            // be for some resources, whichever they are.
            Ok(_) | Err(_) => return Some(all(true)),
        };
        if !negated && texts.iter().next().is_none() {
            return None;
        }
        let roles: Vec<&str> = texts.iter().filter(|it| can_be_role(it)).collect();
        Some(Resources {
            negated,
            patterns: roles.join(SEPARATOR).into(),
            is_conditional,
        })
    }

    fn has_roles(&self) -> bool {
        self.negated || !self.patterns.is_empty()
    }

    pub(crate) fn patterns(&self) -> impl Iterator<Item = &str> {
        let patterns = self.patterns.split(SEPARATOR);
        patterns.filter(|it| !it.is_empty())
    }
}

/// Between patterns. No ARN has this character.
const SEPARATOR: &str = "\0";

/// Whether the pattern can match the ARN of a role.
fn can_be_role(pattern: &str) -> bool {
    let known = pattern.split(['*', '?', '$']).next().unwrap_or_default();
    let mut parts = known.split(':').skip(2);
    let is_other_service = match (parts.next(), parts.next()) {
        (Some(service), Some(_)) => service != "iam",
        _ => false,
    };
    !is_other_service && !pattern.contains(SEPARATOR)
}

/// A statement without a condition, for all resources.
pub(crate) fn write<'p>(
    effect: &str,
    element: &str,
    patterns: impl IntoIterator<Item = &'p ActionPattern>,
) -> String {
    let patterns: Vec<&str> = patterns.into_iter().map(ActionPattern::as_str).collect();
    let patterns = serde_json::Value::from(patterns);
    format!(r#"{{"Effect":"{effect}","{element}":{patterns},"Resource":"*"}}"#)
}

/// A document of these statements.
pub(crate) fn document(statements: &[&str]) -> String {
    format!(r#"{{"Statement":[{}]}}"#, statements.join(","))
}
