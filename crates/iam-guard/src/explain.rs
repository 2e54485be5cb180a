//! `iam-guard explain`: whether two patterns have an action in common.

use std::io::{self, Write};

use iam_policy::{ActionPattern, Finding, RestrictedActions, catalogue, judge};
use serde_json::json;

use crate::settings::key;

/// Explains how two patterns relate.
pub fn explain(one: &ActionPattern, other: &ActionPattern, out: &mut dyn Write) -> io::Result<()> {
    let Some(witness) = one.witness(other) else {
        return match one.intersects(other) {
            true => writeln!(out, "`{one}` and `{other}` meet."),
            false => writeln!(
                out,
                "`{one}` and `{other}` do not meet: no action, known today or not, matches both."
            ),
        };
    };
    writeln!(out, "`{one}` and `{other}` meet: `{witness}` matches both.")?;
    let known = catalogue::named_by(one);
    let known = known.iter().filter(|action| other.matches(action)).count();
    match known {
        0 => writeln!(out, "No action known today matches both; AWS may add one.")?,
        1 => writeln!(out, "It is the only action known today that matches both.")?,
        _ => writeln!(out, "{known} actions known today match both.")?,
    }
    match (one.covers(other), other.covers(one)) {
        (true, true) => writeln!(out, "They match the same actions."),
        (true, false) => writeln!(out, "`{one}` matches everything that `{other}` matches."),
        (false, true) => writeln!(out, "`{other}` matches everything that `{one}` matches."),
        (false, false) => Ok(()),
    }
}

/// Explains which patterns of the lists a pattern meets, and what the guard would do about it.
pub fn by_lists(
    one: &ActionPattern,
    restricted: &RestrictedActions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let statement = json!({"Effect": "Allow", "Action": one, "Resource": "*"});
    let document = json!({"Statement": statement}).to_string();
    let judgement = judge(&document, restricted);
    let Some(response) = judgement.response() else {
        return writeln!(out, "`{one}` meets no pattern of the lists.");
    };
    for finding in judgement.findings(usize::MAX).shown() {
        if let Finding::Ambiguous(ambiguous) = finding {
            writeln!(out, "{ambiguous}.")?;
        }
    }
    let all = restricted.with_responses();
    for (pattern, response) in all.filter(|(pattern, _)| one.intersects(pattern)) {
        let list = key(response);
        write!(out, "`{one}` meets `{pattern}` of the {list} list")?;
        match one.witness(pattern) {
            Some(witness) => writeln!(out, ": `{witness}` matches both.")?,
            None => writeln!(out, ".")?,
        }
    }
    writeln!(out, "The response is `{response}`.")
}
