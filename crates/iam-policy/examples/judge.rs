//! Judges and remediates documents, one JSON object `{"id", "document"}` a line on standard input.
//!
//! `cargo run -p iam-policy --example judge -- --restricted s3:DeleteBucket,s3:DeleteObject <
//! documents.jsonl`
//!
//! `document` is an object, or a string that holds the text of a document. Each line is answered by
//! one line before the next is read: `{"id", "violating": [indexes], "remediated": document or
//! null, "losses": [...]}`, or `{"id", "error"}` for a document that cannot be read. Statements
//! count from 0. `--quota N` sets the number of characters that the remediated document may have;
//! the default is 6,144.

use std::error::Error;
use std::io::{BufRead, Write};

use iam_policy::{Quota, RestrictedActions, judge};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    document: &'a RawValue,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Output<'a> {
    Judged {
        id: &'a RawValue,
        violating: Vec<usize>,
        remediated: Option<Box<RawValue>>,
        losses: Vec<iam_policy::Loss>,
    },
    Unreadable {
        id: &'a RawValue,
        error: String,
    },
}

fn main() -> Result<(), Box<dyn Error>> {
    let (restricted, quota) = arguments(std::env::args().skip(1))?;
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stdout().lock();
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        if !line.trim().is_empty() {
            let item: Input<'_> = serde_json::from_str(&line)
                .map_err(|error| format!("reading `{}`: {error}", line.trim()))?;
            serde_json::to_writer(&mut output, &answer(&item, &restricted, quota)?)?;
            output.write_all(b"\n")?;
            output.flush()?;
        }
        line.clear();
    }
    Ok(())
}

fn answer<'a>(
    item: &Input<'a>,
    restricted: &RestrictedActions,
    quota: Quota,
) -> Result<Output<'a>, Box<dyn Error>> {
    let id = item.id;
    let text: String = match item.document.get() {
        string if string.starts_with('"') => serde_json::from_str(string)?,
        json => json.to_owned(),
    };
    let judgement = judge(&text, restricted);
    if let Err(error) = judgement.document() {
        return Ok(Output::Unreadable {
            id,
            error: error.to_string(),
        });
    }
    let remediation = judgement.remediate(quota);
    let remediated = if remediation.is_changed() {
        Some(RawValue::from_string(remediation.document().to_owned())?)
    } else {
        None
    };
    Ok(Output::Judged {
        id,
        violating: judgement.statements(),
        remediated,
        losses: remediation.losses().to_vec(),
    })
}

fn arguments(
    mut given: impl Iterator<Item = String>,
) -> Result<(RestrictedActions, Quota), Box<dyn Error>> {
    let mut restricted = None;
    let mut quota = Quota::MANAGED;
    while let Some(name) = given.next() {
        let value = given
            .next()
            .ok_or_else(|| format!("`{name}` needs a value"))?;
        match name.as_str() {
            "--restricted" => restricted = Some(value.parse::<RestrictedActions>()?),
            "--quota" => quota = Quota::characters(value.parse()?),
            _ => {
                return Err(format!(
                    "`{name}` is not a valid option; use `--restricted` or `--quota`"
                )
                .into());
            }
        }
    }
    Ok((
        restricted.ok_or("give the restricted actions by `--restricted LIST`")?,
        quota,
    ))
}
