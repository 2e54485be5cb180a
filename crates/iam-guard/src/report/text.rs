//! The report for people.

use std::io::{self, Write};

use annotate_snippets::renderer::{DEFAULT_TERM_WIDTH, DecorStyle};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use iam_policy::{Finding, Response, RestrictedActions};

use super::excerpt::excerpt;
use crate::analysis::{Analysis, JudgedPolicy, Kind, pretty};
use crate::counts::Counts;
use crate::printable::printable;
use crate::source::{Source, Span};
use crate::verdict::{LocatedReason, Reason, Verdict};

/// The most reasons that are shown for one policy.
const MAX_REASONS: usize = 20;

#[derive(Debug)]
pub(super) struct Text {
    renderer: Renderer,
    /// The list of each response that has one, the strictest first.
    lists: Vec<(Response, String)>,
}

impl Text {
    pub(super) fn new(restricted: &RestrictedActions) -> Self {
        Self {
            renderer: Renderer::styled()
                .decor_style(DecorStyle::Ascii)
                .term_width(DEFAULT_TERM_WIDTH),
            lists: lists(restricted),
        }
    }

    pub(super) fn file(
        &self,
        source: &Source,
        analysis: &Analysis,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for judged in &analysis.judged {
            if judged.assessment.verdict != Verdict::Clean {
                self.policy(source, judged, out)?;
            }
        }
        for not_judged in &analysis.not_judged {
            let (name, reason) = (printable(&not_judged.name), printable(&not_judged.reason));
            let title = format!("`{name}` is not judged: {reason}");
            let group = Level::NOTE.primary_title(title);
            self.render(&[group.element(origin(source, &not_judged.span))], out)?;
        }
        Ok(())
    }

    fn policy(
        &self,
        source: &Source,
        judged: &JudgedPolicy,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let assessment = &judged.assessment;
        let level = match assessment.verdict {
            Verdict::Reported | Verdict::Unknown => Level::WARNING,
            Verdict::Clean | Verdict::Restricted => Level::ERROR,
        };
        let title = level.primary_title(title(judged));
        let mut group = title.elements(None::<Origin<'_>>);
        let document;
        let (shown, spans) = match &judged.document {
            None => {
                let spans = assessment.reasons.iter().map(|it| it.span.clone());
                (source, spans.collect())
            }
            Some(of) => {
                let (text, spans) = pretty(of, &assessment.reasons);
                document = Source::new("document", text);
                group = group.element(origin(source, &judged.span));
                (&document, spans)
            }
        };
        let spans: Vec<Span> = spans.into_iter().take(MAX_REASONS).collect();
        let excerpt = excerpt(shown, &spans);
        let mut path = Some(shown.name.as_str());
        if excerpt.is_cut {
            // The snippet would give the column in what is left of the line.
            let first = spans.first().cloned().unwrap_or_default();
            group = group.element(origin(shown, &first));
            path = None;
        }
        let mut snippet = Snippet::source(&excerpt.text)
            .line_start(excerpt.first_line)
            .path(path);
        for (located, place) in assessment.reasons.iter().zip(&excerpt.places) {
            let label = label(&located.reason);
            snippet = snippet.annotation(AnnotationKind::Primary.span(place.clone()).label(label));
        }
        group = group.element(snippet);
        if let Some(what) = judged.document.as_ref().and_then(|it| it.what.as_ref()) {
            group = group.element(Level::NOTE.message(format!("the document is that of {what}")));
        }
        let more = assessment.reasons.len().saturating_sub(MAX_REASONS);
        if more > 0 {
            group = group.element(Level::NOTE.message(format!("there are {more} more reasons")));
        }
        self.render(&[group], out)
    }

    fn render(&self, groups: &[Group<'_>], out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}\n", self.renderer.render(groups))
    }

    pub(super) fn end(&self, counts: &Counts, out: &mut dyn Write) -> io::Result<()> {
        let policies = counts.policies();
        let plural = if policies == 1 { "policy" } else { "policies" };
        write!(
            out,
            "{policies} {plural}: {} restricted, ",
            counts.restricted
        )?;
        if self.lists.iter().any(|(response, _)| !response.removes()) {
            write!(out, "{} reported, ", counts.reported)?;
        }
        write!(out, "{} not known, {} clean", counts.unknown, counts.clean)?;
        if counts.not_judged > 0 {
            write!(out, "; {} not judged", counts.not_judged)?;
        }
        for (response, list) in &self.lists {
            let title = match response {
                Response::Contain => "Restricted",
                Response::Ask => "Ask",
                _ => "Report",
            };
            write!(out, ". {title}: {}", short(list))?;
        }
        writeln!(out)?;
        // One file that was judged needs no list.
        let is_obvious = counts.files.values().sum::<usize>() + counts.problems < 2;
        if is_obvious && !counts.files.contains_key(&Kind::Other) {
            return Ok(());
        }
        let mut kinds: Vec<String> = counts
            .files
            .iter()
            .map(|(kind, count)| kind.counted(*count))
            .collect();
        if counts.problems > 0 {
            let files = if counts.problems == 1 {
                "file"
            } else {
                "files"
            };
            kinds.push(format!("{} {files} that cannot be read", counts.problems));
        }
        writeln!(out, "Files: {}", kinds.join(", "))
    }
}

fn origin<'s>(source: &'s Source, span: &Span) -> Origin<'s> {
    Origin::path(source.name.as_str())
        .line(source.line(span.start))
        .char_column(source.column(span.start))
}

fn title(judged: &JudgedPolicy) -> String {
    let name = printable(&judged.name);
    let reasons = judged.assessment.reasons.as_slice();
    if let [located] = reasons
        && matches!(
            located.reason,
            Reason::Finding(Finding::Unreadable { .. }, _)
        )
    {
        return format!("`{name}` cannot be read as a policy document");
    }
    match judged.assessment.verdict {
        Verdict::Unknown => format!("`{name}` may grant restricted actions"),
        Verdict::Reported => {
            let is_known = |it: &LocatedReason| matches!(it.reason, Reason::Finding(..));
            let is_certain = reasons.is_empty() || reasons.iter().any(is_known);
            let grants = if is_certain { "grants" } else { "may grant" };
            format!("`{name}` {grants} actions that are only reported")
        }
        Verdict::Clean | Verdict::Restricted => format!("`{name}` grants restricted actions"),
    }
}

/// The patterns of each response that has some.
fn lists(restricted: &RestrictedActions) -> Vec<(Response, String)> {
    let of = |response| {
        let patterns = restricted.with_responses();
        let patterns = patterns.filter(|(_, its)| *its == response);
        let patterns: Vec<String> = patterns.map(|(it, _)| it.to_string()).collect();
        (response, patterns.join(","))
    };
    let lists = Response::STRICTEST_FIRST.into_iter().map(of);
    lists.filter(|(_, list)| !list.is_empty()).collect()
}

/// The list, shortened to fit a line.
fn short(list: &str) -> String {
    const SHOWN: usize = 100;
    match list.char_indices().nth(SHOWN) {
        None => list.to_owned(),
        Some((at, _)) => {
            let shown = list.get(..at).unwrap_or_default();
            let (shown, _) = shown.rsplit_once(',').unwrap_or((shown, ""));
            let more = list.matches(',').count() - shown.matches(',').count();
            format!("{shown} and {more} more")
        }
    }
}

/// A reason without the name of its statement, because it is shown at the statement.
fn label(reason: &Reason) -> String {
    let message = reason.message();
    match message.split_once(": ") {
        Some((place, rest)) if place.starts_with("statement ") => rest.to_owned(),
        _ => message,
    }
}
