use std::collections::BTreeMap;

use serde::Serialize;

use crate::page;
use crate::reply::Reply;
use crate::request::{Method, Request};

/// An answer for API Gateway (API Gateway Developer Guide, "Output format of a Lambda function for
/// proxy integration").
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    pub status_code: u16,
    pub headers: BTreeMap<&'static str, String>,
    /// The page or the JSON; empty for a HEAD.
    pub body: String,
    /// Always false: the body is text.
    pub is_base64_encoded: bool,
}

/// The headers of every answer. No cache keeps it, no other site learns its address (which holds
/// the token), and no other page can show it in a frame.
const HEADERS: [(&str, &str); 6] = [
    ("Cache-Control", "no-store"),
    ("Pragma", "no-cache"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("X-Robots-Tag", "noindex, nofollow"),
];

impl Response {
    /// The page or the JSON. The page begins with `remark`.
    pub(crate) fn new(request: &Request, reply: &Reply, remark: Option<&'static str>) -> Self {
        let (kind, body) = if request.wants_json {
            ("application/json", reply.json().to_string())
        } else {
            ("text/html; charset=utf-8", page::render(reply, remark))
        };
        let mut headers: BTreeMap<&'static str, String> = HEADERS
            .into_iter()
            .map(|(name, value)| (name, value.to_owned()))
            .collect();
        headers.insert("Content-Type", kind.to_owned());
        headers.insert("Vary", "Accept".to_owned());
        headers.insert(
            "Content-Security-Policy",
            format!(
                "default-src 'none'; style-src '{}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
                page::STYLE_HASH
            ),
        );
        if matches!(reply, Reply::MethodNotAllowed) {
            headers.insert("Allow", "GET, HEAD, POST".to_owned());
        }
        Self {
            status_code: reply.status(),
            headers,
            body: if request.method == Method::Head {
                String::new()
            } else {
                body
            },
            is_base64_encoded: false,
        }
    }
}
