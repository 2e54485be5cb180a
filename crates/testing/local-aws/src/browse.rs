//! Opens and answers a link as a browser does: a GET, and then the form of the page by POST.

use anyhow::{Context as _, Result};
use scraper::{ElementRef, Html, Selector};
use url::Url;

use crate::http::{self, Response};

/// The form of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The URL that the form is sent to.
    pub action: String,
    /// Whether the form is sent by POST.
    pub is_post: bool,
    /// The names and values of the fields, as the page filled them in.
    pub fields: Vec<(String, String)>,
}

/// Opens `url` and sends the form of the page, with its fields as they are.
pub async fn open_and_confirm(url: &str) -> Result<Response> {
    let page = http::get(url).await?;
    let form = form_of(url, &page.body)?
        .filter(|form| form.is_post)
        .with_context(|| {
            format!(
                "the page has no button to decide with (status {}): {}",
                page.status, page.body
            )
        })?;
    http::post_form(&form.action, &form.fields).await
}

/// The same, where opening the link may be all that it takes (`LinkConfirmation` is `None`).
pub async fn open_and_decide(url: &str) -> Result<Response> {
    let page = http::get(url).await?;
    match form_of(url, &page.body)? {
        Some(form) if form.is_post => http::post_form(&form.action, &form.fields).await,
        _ => Ok(page),
    }
}

/// The first form of the page at `url`.
pub fn form_of(url: &str, page: &str) -> Result<Option<Form>> {
    let page = Html::parse_document(page);
    let Some(form) = all(page.root_element(), "form")?.into_iter().next() else {
        return Ok(None);
    };
    let base = Url::parse(url).with_context(|| format!("`{url}` is not a URL"))?;
    let action = match form.attr("action").unwrap_or_default() {
        "" => base.clone(),
        action => base
            .join(action)
            .with_context(|| format!("the action `{action}` of the form is not a URL"))?,
    };
    let mut fields = Vec::new();
    for field in all(form, "input[name], textarea[name], button[name]")? {
        let name = field.attr("name").unwrap_or_default().to_owned();
        let value = match field.attr("value") {
            Some(value) => value.to_owned(),
            None => field.text().collect(),
        };
        fields.push((name, value));
    }
    let is_post = form
        .attr("method")
        .is_some_and(|method| method.eq_ignore_ascii_case("post"));
    Ok(Some(Form {
        action: action.into(),
        is_post,
        fields,
    }))
}

fn all<'a>(element: ElementRef<'a>, selector: &str) -> Result<Vec<ElementRef<'a>>> {
    let selector = Selector::parse(selector)
        .map_err(|error| anyhow::anyhow!("`{selector}` does not select anything: {error}"))?;
    Ok(element.select(&selector).collect())
}

#[cfg(test)]
mod tests {
    use super::{Form, form_of};

    #[test]
    fn a_form_is_sent_as_a_browser_sends_it() -> anyhow::Result<()> {
        let page = r#"<p>Sure?</p><form method="post" action="deny">
            <input type="hidden" name="token" value="a+b/c==&amp;d">
            <textarea name="reason">why &lt;not&gt;</textarea>
            <button>Deny</button></form>"#;
        let form = form_of("http://127.0.0.1:1/Prod/allow?token=x", page)?;
        let expected = Form {
            action: "http://127.0.0.1:1/Prod/deny".to_owned(),
            is_post: true,
            fields: vec![
                ("token".to_owned(), "a+b/c==&d".to_owned()),
                ("reason".to_owned(), "why <not>".to_owned()),
            ],
        };
        assert_eq!(form, Some(expected));
        Ok(())
    }

    #[test]
    fn a_page_without_a_form_has_none_and_a_form_without_an_action_answers_its_page()
    -> anyhow::Result<()> {
        assert_eq!(form_of("http://127.0.0.1:1/a", "<p>too late</p>")?, None);
        let form = form_of("http://127.0.0.1:1/a?b=c", "<form></form>")?;
        let form = form.map(|form| (form.action, form.is_post));
        assert_eq!(form, Some(("http://127.0.0.1:1/a?b=c".to_owned(), false)));
        Ok(())
    }
}
