//! What the engine says of the policies in a file.

use std::thread;

use iam_policy::{DocumentError, Finding, Place, RestrictedActions, judge};

use crate::found::{Content, Policy};
use crate::input::{Encoding, Input};
use crate::partial::{Places, World, judge_partial, places};
use crate::source::{Source, Span};
use crate::template::{Context, conditions, evaluate};
use crate::tree::{Node, json};
use crate::verdict::{Note, Noted, Opinion, Verdict};

/// A policy with its verdict.
#[derive(Debug)]
pub struct Judged {
    pub name: String,
    /// The place of the policy in the file.
    pub span: Span,
    pub opinion: Opinion,
    /// The document, where the file has it as a string, or not at all; then all places are the place of the policy.
    pub document: Option<Document>,
}

#[derive(Debug)]
pub struct Document {
    pub text: String,
    /// What it is, where it does not stand in the file.
    pub what: Option<String>,
}

/// So many policies are worth a thread.
const WORTH_A_THREAD: usize = 32;

pub(super) fn judge_all(
    input: &Input,
    policies: Vec<Policy<'_>>,
    root: Option<&Node<'_>>,
    restricted: &RestrictedActions,
) -> Vec<Judged> {
    let judge = |policies: Vec<Policy<'_>>| -> Vec<Judged> {
        let policies = policies.into_iter();
        policies
            .filter_map(|policy| judge_policy(input, policy, root, restricted))
            .collect()
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(policies.len() / WORTH_A_THREAD);
    if threads < 2 {
        return judge(policies);
    }
    let share = policies.len().div_ceil(threads);
    let mut policies = policies.into_iter();
    let shares = (0..threads).map(|_| policies.by_ref().take(share).collect());
    let shares: Vec<Vec<Policy<'_>>> = shares.collect();
    thread::scope(|scope| {
        let running = shares.into_iter().map(|share| scope.spawn(|| judge(share)));
        let running: Vec<_> = running.collect();
        let joined = running.into_iter().map(|thread| {
            // A panic goes on where it would have gone without the thread.
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        joined.flatten().collect()
    })
}

fn judge_policy(
    input: &Input,
    policy: Policy<'_>,
    root: Option<&Node<'_>>,
    restricted: &RestrictedActions,
) -> Option<Judged> {
    let Policy {
        name,
        span,
        content,
    } = policy;
    let (opinion, document) = match content {
        Content::File => (judge_file(input, root, &span, restricted), None),
        Content::Unknown(reason) => (Opinion::unknown(reason, span.clone()), None),
        Content::Text(text) => {
            let opinion = judge_text(&text, &Places::default(), &span, restricted);
            let text = text.into_owned();
            (opinion, Some(Document { text, what: None }))
        }
        Content::Elsewhere { text, what } => {
            let opinion = judge_text(&text, &Places::default(), &span, restricted);
            let (text, what) = (text.into_owned(), Some(what));
            (opinion, Some(Document { text, what }))
        }
        Content::Template { document, mappings } => {
            let evaluated = |world: &World| evaluate(document, Context { mappings, world });
            let opinion = judge_partial(&conditions(document), evaluated, restricted)?;
            (opinion, None)
        }
    };
    Some(Judged {
        name,
        span,
        opinion,
        document,
    })
}

fn judge_file(
    input: &Input,
    root: Option<&Node<'_>>,
    span: &Span,
    restricted: &RestrictedActions,
) -> Opinion {
    let source = &input.source;
    if matches!(input.encoding, Encoding::Utf16 | Encoding::Unknown) {
        let reason = "the file is not in UTF-8".to_owned();
        return Opinion {
            verdict: Verdict::Restricted,
            notes: vec![Noted {
                note: Note::Finding(Finding::Unreadable { reason }),
                span: first_line(source, span),
            }],
            span: span.clone(),
        };
    }
    let world = World::new();
    let context = Context {
        mappings: None,
        world: &world,
    };
    let places = root
        .and_then(|root| evaluate(root, context))
        .map(|item| places(&item))
        .unwrap_or_default();
    let place = match (root, json::parse(&source.text)) {
        (None, Err(error)) => error.span,
        _ => first_line(source, span),
    };
    match input.encoding {
        // The engine sees the file as it is.
        Encoding::Utf8WithMark => {
            let text = format!("\u{feff}{}", source.text);
            judge_text(&text, &places, &place, restricted)
        }
        _ => judge_text(&source.text, &places, &place, restricted),
    }
}

/// The part of a place that is on its first line.
fn first_line(source: &Source, span: &Span) -> Span {
    let text = source.text.get(span.clone()).unwrap_or_default();
    span.start..span.start + text.lines().next().unwrap_or_default().len()
}

fn judge_text(text: &str, places: &Places, span: &Span, restricted: &RestrictedActions) -> Opinion {
    let judgement = judge(text, restricted);
    if judgement.is_clean() {
        return Opinion::clean(span.clone());
    }
    let statement = match judgement.document() {
        Err(error) => wrong_statement(error).and_then(|index| places.statement(index)),
        Ok(_) => None,
    };
    Opinion::restricted(
        &judgement,
        places,
        statement.unwrap_or_else(|| span.clone()),
    )
}

/// The statement that cannot be read.
fn wrong_statement(error: &DocumentError) -> Option<usize> {
    let place = match error {
        DocumentError::NotAnObject { place, .. }
        | DocumentError::RepeatedKey { place, .. }
        | DocumentError::Missing { place, .. }
        | DocumentError::Both { place, .. }
        | DocumentError::Value { place, .. }
        | DocumentError::Action { place, .. } => place,
        _ => return None,
    };
    match place {
        Place::Statement(index) => Some(*index),
        _ => None,
    }
}

/// A document as people read it, with the places of what was found in it.
pub fn pretty(document: &Document, notes: &[Noted]) -> (String, Vec<Span>) {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::pretty(&mut text);
    let mut deserializer = serde_json::Deserializer::from_str(&document.text);
    let is_json = serde_transcode::transcode(&mut deserializer, &mut serializer).is_ok();
    let text = match String::from_utf8(text) {
        Ok(text) if is_json => text,
        _ => document.text.clone(),
    };
    let world = World::new();
    let context = Context {
        mappings: None,
        world: &world,
    };
    let root = json::parse(&text).ok();
    let item = root.and_then(|root| evaluate(&root, context));
    let places = item.map(|item| places(&item)).unwrap_or_default();
    let start = 0..text.lines().next().unwrap_or_default().len();
    let spans = notes.iter().map(|noted| match &noted.note {
        Note::Finding(finding) => places.of(finding).unwrap_or_else(|| start.clone()),
        Note::Unknown(_) => start.clone(),
    });
    let spans = spans.collect();
    (text, spans)
}
