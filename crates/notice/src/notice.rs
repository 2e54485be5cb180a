//! What there is to tell about an incident at one moment, for every channel.

use incident::ExecutionArn;
use strum::IntoStaticStr;

use crate::{Console, Facts};

/// One thing to tell: the facts, and the text of a channel with room for it.
///
/// It has no token, no key and no link that decides. Those are in [`crate::mail::Links`], which
/// only an e-mail takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub(crate) kind: Kind,
    pub(crate) title: String,
    pub(crate) headline: String,
    pub(crate) execution: ExecutionArn,
    pub(crate) facts: Facts,
    pub(crate) advice: Vec<String>,
    pub(crate) text: Vec<Block>,
}

/// What a notice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "camelCase")]
pub enum Kind {
    /// It asks for a decision.
    Request,
    /// It says what was decided, before that is carried out.
    Decision,
    /// It says what was decided, and how the incident ended.
    Outcome,
    /// It reports a change that needs no decision.
    Report,
    /// It says that the guard failed.
    Failure,
}

/// A part of the text. Text from outside can be everywhere but in [`Block::Console`] and in the
/// indented lines of [`Block::Commands`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// A paragraph of one or more lines.
    Paragraph(String),
    /// A further line of the paragraph before.
    Line(String),
    /// A paragraph in which indented lines are our own commands, for the reader to copy.
    Commands(String),
    /// A heading, and a link to a console.
    Console { heading: &'static str, url: String },
    /// A heading, a numbered list, and how many more entries there are.
    List {
        heading: &'static str,
        entries: Vec<String>,
        more: usize,
    },
    /// Where the links of a request stand: what each answer does.
    Ways { allow: String, deny: String },
}

impl Notice {
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// A few words that begin with what a filter looks for, such as `Decide:`.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// One or two sentences that are enough on the lock screen of a phone.
    #[must_use]
    pub fn headline(&self) -> &str {
        &self.headline
    }

    #[must_use]
    pub fn execution(&self) -> &ExecutionArn {
        &self.execution
    }

    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What the reader can do, and what follows from it, without the commands.
    #[must_use]
    pub fn advice(&self) -> &[String] {
        &self.advice
    }

    /// The link to the execution in the console of Step Functions.
    #[must_use]
    pub fn console_link(&self) -> String {
        Console::of_partition(self.execution.partition()).execution(&self.execution)
    }
}
