//! Answers of the query protocol.

use std::fmt::{self, Write as _};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::IamError;

/// The unreserved characters of RFC 3986.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// An element under construction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Xml(String);

impl Xml {
    pub(crate) fn text(mut self, name: &str, text: impl fmt::Display) -> Self {
        let text = text.to_string();
        let escaped = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        self.raw(name, &escaped);
        self
    }

    /// A date: IAM's have whole seconds.
    pub(crate) fn date(self, name: &str, second: i64) -> Self {
        let date = DateTime::from_secs(second);
        match date.fmt(Format::DateTime) {
            Ok(text) => self.text(name, text),
            Err(_) => self,
        }
    }

    /// A document, percent-encoded as all `Get` calls answer.
    pub(crate) fn document(self, name: &str, document: &str) -> Self {
        let encoded = utf8_percent_encode(document, UNRESERVED).to_string();
        self.text(name, encoded)
    }

    pub(crate) fn element(mut self, name: &str, content: Self) -> Self {
        self.raw(name, &content.0);
        self
    }

    fn raw(&mut self, name: &str, content: &str) {
        // Writing to a string cannot fail.
        let written = write!(self.0, "<{name}>{content}</{name}>");
        debug_assert!(written.is_ok());
    }
}

/// The body of an answer.
pub(crate) fn answer(action: &str, result: Xml) -> String {
    let result = Xml::default().element(&format!("{action}Result"), result);
    let metadata = Xml::default().text("RequestId", "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE");
    let content = result.element("ResponseMetadata", metadata);
    Xml::default()
        .element(&format!("{action}Response"), content)
        .0
}

/// The body of an error.
pub(crate) fn error(error: &IamError) -> String {
    let sender = if error.status < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    let inner = Xml::default()
        .text("Type", sender)
        .text("Code", error.code)
        .text("Message", &error.message);
    let content = Xml::default()
        .element("Error", inner)
        .text("RequestId", "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE");
    Xml::default().element("ErrorResponse", content).0
}

/// An answer without the elements of this name, which hold no element of the same name.
pub(crate) fn without(body: &str, name: &str) -> String {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let mut parts = body.split(&start);
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        rest.push_str(part.split_once(&end).map_or("", |(_, after)| after));
    }
    rest
}
