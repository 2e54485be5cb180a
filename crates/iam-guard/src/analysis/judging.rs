//! Judges the policies in a file.

use std::thread;

use iam_policy::{DocumentError, Finding, Place, RestrictedActions, judge};

use crate::found::{Content, Policy};
use crate::input::{Encoding, Input};
use crate::partial::{Places, judge_one_of, places};
use crate::source::{Source, Span};
use crate::template::{self, Scope};
use crate::tree::{Node, json};
use crate::verdict::{Assessment, LocatedReason, Reason, Verdict};

/// A policy with its verdict.
#[derive(Debug)]
pub struct JudgedPolicy {
    pub name: String,
    /// The place of the policy in the file.
    pub span: Span,
    pub assessment: Assessment,
    /// The document, if the file has it as a string or not at all. Then every finding is at the
    /// place of the policy.
    pub document: Option<Document>,
}

impl JudgedPolicy {
    /// Puts the policy and its reasons at one place, because they are in a text inside of the file.
    pub(super) fn move_to(&mut self, span: &Span) {
        self.span = span.clone();
        self.assessment.span = span.clone();
        for located in &mut self.assessment.reasons {
            located.span = span.clone();
        }
    }
}

#[derive(Debug)]
pub struct Document {
    pub text: String,
    /// The name of the document, if it is not in the file.
    pub what: Option<String>,
}

/// The fewest policies for which another thread is worth its start.
const POLICIES_PER_THREAD: usize = 32;

pub(super) fn judge_all(
    input: &Input,
    policies: Vec<Policy<'_>>,
    root: Option<&Node<'_>>,
    restricted: &RestrictedActions,
) -> Vec<JudgedPolicy> {
    let judge = |policies: Vec<Policy<'_>>| -> Vec<JudgedPolicy> {
        let policies = policies.into_iter();
        policies
            .filter_map(|policy| judge_policy(input, policy, root, restricted))
            .collect()
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(policies.len() / POLICIES_PER_THREAD);
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
            // A panic continues in this thread, as without threads.
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
) -> Option<JudgedPolicy> {
    let Policy {
        name,
        span,
        content,
    } = policy;
    let (assessment, document) = match content {
        Content::File => (judge_file(input, root, &span, restricted), None),
        Content::Unknown(reason) => {
            let reason = Reason::Unknown(reason);
            let assessment = Assessment::because(Verdict::Unknown, reason, span.clone());
            (assessment, None)
        }
        Content::Text { text, what } => {
            let assessment = judge_text(&text, &Places::default(), &span, restricted);
            let text = text.into_owned();
            (assessment, Some(Document { text, what }))
        }
        Content::Partial(documents) => (judge_one_of(&documents, restricted)?, None),
        Content::Template { document, scope } => {
            (template::judge(document, &scope, restricted)?, None)
        }
        Content::Made(document) => (
            template::judge(&document, &Scope::default(), restricted)?,
            None,
        ),
    };
    Some(JudgedPolicy {
        name,
        span,
        assessment,
        document,
    })
}

fn judge_file(
    input: &Input,
    root: Option<&Node<'_>>,
    span: &Span,
    restricted: &RestrictedActions,
) -> Assessment {
    let source = &input.source;
    if matches!(input.encoding, Encoding::Utf16 | Encoding::Unknown) {
        let reason = "the file is not in UTF-8".to_owned();
        let strictest = restricted.strictest();
        let reason = Reason::finding(Finding::Unreadable { reason }, strictest);
        let verdict = Verdict::of(Some(strictest));
        return Assessment::because(verdict, reason, first_line(source, span));
    }
    let places = places_in(root);
    // Without a tree, the file is not JSON; then the finding is about the place of the error.
    let place = match (root, json::parse(&source.text)) {
        (None, Err(error)) => error.span,
        _ => first_line(source, span),
    };
    match input.encoding {
        // IAM refuses a byte order mark, so the engine must see it.
        Encoding::Utf8WithMark => {
            let text = format!("\u{feff}{}", source.text);
            judge_text(&text, &places, &place, restricted)
        }
        _ => judge_text(&source.text, &places, &place, restricted),
    }
}

/// The places in a document without functions of CloudFormation.
fn places_in(root: Option<&Node<'_>>) -> Places {
    let item = root.and_then(template::as_written);
    item.map(|item| places(&item)).unwrap_or_default()
}

/// The part of a place on its first line.
fn first_line(source: &Source, span: &Span) -> Span {
    let text = source.text.get(span.clone()).unwrap_or_default();
    span.start..span.start + text.lines().next().unwrap_or_default().len()
}

fn judge_text(
    text: &str,
    places: &Places,
    span: &Span,
    restricted: &RestrictedActions,
) -> Assessment {
    let judgement = judge(text, restricted);
    if judgement.is_clean() {
        return Assessment::clean(span.clone());
    }
    let statement = match judgement.document() {
        Err(error) => wrong_statement(error).and_then(|index| places.statement(index)),
        Ok(_) => None,
    };
    places.assessment(&judgement, statement.unwrap_or_else(|| span.clone()))
}

/// The index of the statement that cannot be read.
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

/// A document with line breaks, and the places of the reasons in it.
pub fn pretty(document: &Document, reasons: &[LocatedReason]) -> (String, Vec<Span>) {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::pretty(&mut text);
    let mut deserializer = serde_json::Deserializer::from_str(&document.text);
    let is_json = serde_transcode::transcode(&mut deserializer, &mut serializer).is_ok();
    let text = match String::from_utf8(text) {
        Ok(text) if is_json => text,
        _ => document.text.clone(),
    };
    let places = places_in(json::parse(&text).ok().as_ref());
    let start = 0..text.lines().next().unwrap_or_default().len();
    let span = |located: &LocatedReason| match &located.reason {
        Reason::Finding(finding, _) => places.of(finding).unwrap_or_else(|| start.clone()),
        Reason::Unknown(_) => start.clone(),
    };
    let spans = reasons.iter().map(span).collect();
    (text, spans)
}
