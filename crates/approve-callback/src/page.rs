//! The pages.

use askama::Template;

use crate::reply::{Form, Reply};
use crate::request::Answer;

/// The style sheet, in the page itself: the content security policy allows exactly this text.
const STYLE: &str = include_str!("../templates/style.css");
/// The hash of [`STYLE`] as the content security policy writes it.
pub(crate) const STYLE_HASH: &str = "sha256-xQRww7/aRMZufNYgBQeAxgaE3vrwWOA/K4f7iwezaWw=";

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    style: &'static str,
    title: &'static str,
    sentence: &'a str,
    form: Option<FormView<'a>>,
}

struct FormView<'a> {
    target: &'a str,
    token: &'a str,
    execution: &'a str,
    reason: &'a str,
    button: &'static str,
}

impl<'a> FormView<'a> {
    fn new(form: &'a Form) -> Self {
        let parameters = &form.parameters;
        Self {
            target: &form.target,
            token: parameters.token.expose(),
            execution: parameters.execution.as_ref().map_or("", |arn| arn.as_str()),
            reason: parameters.reason.as_deref().unwrap_or_default(),
            button: match form.answer {
                Answer::Allow => "Allow: put the original back",
                Answer::Deny => "Deny: keep the permissions out",
            },
        }
    }
}

/// The page of a reply.
pub(crate) fn render(reply: &Reply) -> String {
    let sentence = reply.sentence();
    let form = match reply {
        Reply::Confirm { form, .. } | Reply::NotRecorded { form, .. } => Some(FormView::new(form)),
        _ => None,
    };
    let page = Page {
        style: STYLE,
        title: title(reply),
        sentence: &sentence,
        form,
    };
    page.render().unwrap_or(sentence)
}

fn title(reply: &Reply) -> &'static str {
    match reply {
        Reply::Confirm { form, .. } => match form.answer {
            Answer::Allow => "Allow this policy?",
            Answer::Deny => "Deny this policy?",
        },
        Reply::Decided { .. } => "Decision recorded",
        Reply::Closed | Reply::Over(_) => "Nothing to decide",
        Reply::NotRecorded { .. } => "Decision NOT recorded",
        Reply::BadLink(_) => "This link does not work",
        Reply::Unreadable(_) => "The incident cannot be shown",
        Reply::NotFound => "No such page",
        Reply::MethodNotAllowed => "Not for this method",
    }
}
