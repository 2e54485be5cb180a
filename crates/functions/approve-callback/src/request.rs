//! A request of API Gateway. No event is refused: a member that is missing or wrong becomes a page.

use incident::message::{AllowedMinutes, DecisionAction};
use incident::{ExecutionArn, LinkKey, TaskToken};
use notice::text::is_unseen;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::problem::LinkProblem;

/// The parts of a request that the pages need.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The answer that the path names; `None` for any other path.
    pub(crate) answer: Option<Answer>,
    /// The parameters of the query and the body, or why they cannot be used.
    pub(crate) parameters: Result<Parameters, LinkProblem>,
    /// Whether the client prefers JSON to a page.
    pub(crate) wants_json: bool,
    pub(crate) source_ip_address: Option<String>,
    pub(crate) user_agent: Option<String>,
    /// Whether the path ends with a slash, which shifts relative links.
    pub(crate) trailing_slash: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
    Post,
    Other,
}

impl Method {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Other => "other",
        }
    }
}

/// The two answers a link can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Put the original back.
    Allow,
    /// Keep the restricted grants out.
    Deny,
}

impl Answer {
    /// The last part of the path.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

impl From<Answer> for DecisionAction {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Allow => Self::Allow,
            Answer::Deny => Self::Deny,
        }
    }
}

/// The parameters of a link or a form.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
    /// A client that has it can decide.
    pub(crate) token: TaskToken,
    /// The execution to decide. Links name it by its name; a link made by hand has none.
    pub(crate) execution: Option<ExecutionArn>,
    /// The key that an allow can need; a text that cannot be a key counts as none.
    pub(crate) key: Option<LinkKey>,
    /// Why, in the administrator's words.
    pub(crate) reason: Option<String>,
    /// For how many minutes an allow is good; `None` for no end, and for a deny.
    pub(crate) minutes: Option<AllowedMinutes>,
}

/// The longest reason, in characters.
pub(crate) const MAX_REASON: usize = 500;
/// The longest user agent kept, in characters.
const MAX_USER_AGENT: usize = 300;

impl Request {
    /// Reads the event of a proxy integration (API Gateway Developer Guide, "Input format of a
    /// Lambda function for proxy integration"). Each of its members can be missing or `null`. An
    /// event that cannot be read has an unknown path and method, which decide nothing.
    pub(crate) fn read(payload: &RawValue, state_machine_arn: &str) -> Self {
        let event = serde_json::from_str::<Value>(payload.get()).unwrap_or_default();
        let path = text(&event, &["path"])
            .or_else(|| text(&event, &["requestContext", "path"]))
            .or_else(|| text(&event, &["resource"]))
            .unwrap_or_default();
        let method = match text(&event, &["httpMethod"])
            .or_else(|| text(&event, &["requestContext", "httpMethod"]))
        {
            Some("GET") => Method::Get,
            Some("HEAD") => Method::Head,
            Some("POST") => Method::Post,
            _ => Method::Other,
        };
        let answer = match path.trim_end_matches('/').rsplit('/').next() {
            Some("allow") => Some(Answer::Allow),
            Some("deny") => Some(Answer::Deny),
            _ => None,
        };
        Self {
            method,
            answer,
            parameters: parameters(&event, method, answer, state_machine_arn),
            wants_json: header(&event, "accept").is_some_and(prefers_json),
            source_ip_address: text(&event, &["requestContext", "identity", "sourceIp"])
                .and_then(|address| clean(address, 64)),
            user_agent: text(&event, &["requestContext", "identity", "userAgent"])
                .or_else(|| header(&event, "user-agent"))
                .and_then(|agent| clean(agent, MAX_USER_AGENT)),
            trailing_slash: path.ends_with('/'),
        }
    }

    /// The execution that the request names, for the log.
    pub(crate) fn execution(&self) -> Option<&str> {
        let parameters = self.parameters.as_ref().ok()?;
        parameters.execution.as_ref().map(ExecutionArn::as_str)
    }
}

fn text<'a>(event: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter()
        .try_fold(event, |value, key| value.get(key))?
        .as_str()
}

/// A header by its lower-case name; clients spell header names in any case.
fn header<'a>(event: &'a Value, name: &str) -> Option<&'a str> {
    let single = event.get("headers").and_then(Value::as_object);
    let multi = event.get("multiValueHeaders").and_then(Value::as_object);
    let (_, value) = [single, multi]
        .into_iter()
        .flatten()
        .flatten()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    value.as_str().or_else(|| value.get(0)?.as_str())
}

/// Whether a client that sends this `Accept` header prefers JSON to a page.
fn prefers_json(accept: &str) -> bool {
    let quality = |media_type: &str| {
        accept
            .split(',')
            .filter_map(|part| {
                let mut parts = part.split(';').map(str::trim);
                let matches = parts.next()?.eq_ignore_ascii_case(media_type);
                let quality = parts
                    .filter_map(|parameter| parameter.strip_prefix("q="))
                    .find_map(|quality| quality.parse::<f32>().ok())
                    .unwrap_or(1.0);
                matches.then_some(quality)
            })
            .fold(0.0, f32::max)
    };
    quality("application/json") > quality("text/html")
}

/// One line of text without invisible characters; `None` if it is empty.
fn clean(text: &str, max: usize) -> Option<String> {
    let text: String = text
        .chars()
        .map(|c| if is_unseen(c) { ' ' } else { c })
        .take(max)
        .collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// All values of each parameter, from the query and the body.
#[derive(Default)]
struct Fields {
    token: Vec<String>,
    execution: Vec<String>,
    key: Vec<String>,
    reason: Vec<String>,
    minutes: Vec<String>,
}

impl Fields {
    fn take(&mut self, name: &str, value: &str) {
        let field = match name {
            "token" => &mut self.token,
            "execution" => &mut self.execution,
            "key" => &mut self.key,
            "reason" => &mut self.reason,
            "minutes" => &mut self.minutes,
            _ => return,
        };
        field.push(value.to_owned());
    }
}

fn parameters(
    event: &Value,
    method: Method,
    answer: Option<Answer>,
    state_machine_arn: &str,
) -> Result<Parameters, LinkProblem> {
    let mut fields = Fields::default();
    query(event, &mut fields);
    // Only a form has a reason, and only the body of a POST has a meaning.
    fields.reason.clear();
    if method == Method::Post {
        body(event, &mut fields)?;
    }
    // Only a form has a time, and only an allow can end. In the address of a form it counts too,
    // because an allow that ends unexpectedly does less harm than one that does not.
    if method != Method::Post || answer != Some(Answer::Allow) {
        fields.minutes.clear();
    }
    let token = once(&fields.token, |text| {
        TaskToken::parse(text).map_err(LinkProblem::from)
    })?
    .ok_or(LinkProblem::TokenMissing)?;
    let execution = once(&fields.execution, |text| {
        // An administrator who pastes a token by hand copies the ARN from the console.
        let read = match text.contains(':') {
            true => ExecutionArn::parse(text),
            false => ExecutionArn::of(state_machine_arn, text),
        };
        read.map_err(|_| LinkProblem::ExecutionDamaged)
    })?;
    let key = once(&fields.key, |text| Ok(LinkKey::parse(text).ok()))?.flatten();
    let reason = once(&fields.reason, reason)?.flatten();
    let minutes = once(&fields.minutes, minutes)?;
    Ok(Parameters {
        token,
        execution,
        key,
        reason,
        minutes,
    })
}

/// A parameter that can be repeated, but with one value only: no rule says which of two values
/// counts.
fn once<T: PartialEq>(
    values: &[String],
    read: impl Fn(&str) -> Result<T, LinkProblem>,
) -> Result<Option<T>, LinkProblem> {
    let mut values = values.iter().filter(|value| !value.is_empty());
    let Some(first) = values.next() else {
        return Ok(None);
    };
    let first = read(first)?;
    for other in values {
        if read(other)? != first {
            return Err(LinkProblem::Repeated);
        }
    }
    Ok(Some(first))
}

/// The values of the query arrive decoded once. Only the multi-value map has all values of a
/// repeated name.
fn query(event: &Value, fields: &mut Fields) {
    let map = |name: &str| event.get(name).and_then(Value::as_object);
    for (name, value) in map("queryStringParameters").into_iter().flatten() {
        if let Some(value) = value.as_str() {
            fields.take(name, value);
        }
    }
    for (name, values) in map("multiValueQueryStringParameters").into_iter().flatten() {
        for value in values.as_array().into_iter().flatten() {
            if let Some(value) = value.as_str() {
                fields.take(name, value);
            }
        }
    }
}

fn body(event: &Value, fields: &mut Fields) -> Result<(), LinkProblem> {
    let Some(body) = text(event, &["body"]) else {
        return Ok(());
    };
    let decoded;
    let body = if event.get("isBase64Encoded") == Some(&Value::Bool(true)) {
        decoded = aws_smithy_types::base64::decode(body).map_err(|_| LinkProblem::Unreadable)?;
        decoded.as_slice()
    } else {
        body.as_bytes()
    };
    let is_json = header(event, "content-type")
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if is_json {
        let body: Value = serde_json::from_slice(body).map_err(|_| LinkProblem::Unreadable)?;
        for (name, value) in body.as_object().into_iter().flatten() {
            match value {
                Value::String(value) => fields.take(name, value),
                Value::Null => {}
                // A client may send a number, and `minutes` refuses everything else.
                value if name == "minutes" => fields.take(name, &value.to_string()),
                _ => return Err(LinkProblem::Unreadable),
            }
        }
    } else {
        for (name, value) in form_urlencoded::parse(body) {
            fields.take(&name, &value);
        }
    }
    Ok(())
}

/// A reason without invisible characters, but with its line ends; `None` if it is empty.
fn reason(text: &str) -> Result<Option<String>, LinkProblem> {
    let text: String = text
        .replace("\r\n", "\n")
        .chars()
        .map(|c| if is_unseen(c) && c != '\n' { ' ' } else { c })
        .collect();
    let text = text.trim();
    if text.chars().count() > MAX_REASON {
        return Err(LinkProblem::ReasonTooLong);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// How long an allow is good.
fn minutes(text: &str) -> Result<AllowedMinutes, LinkProblem> {
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse::<u32>().ok().filter(|_| is_number);
    let minutes = number.and_then(|number| AllowedMinutes::try_from(number).ok());
    minutes.ok_or(LinkProblem::TimeUnusable)
}
