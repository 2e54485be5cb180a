//! `iam-guard explain`: whether two patterns have an action in common.

use std::io::{self, Write};

use iam_policy::{ActionPattern, catalogue};

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
