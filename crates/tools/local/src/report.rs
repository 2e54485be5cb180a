//! Everything that this crate prints goes through here.
#![expect(clippy::print_stdout, reason = "printing is what this module is for")]

use std::io::Write as _;

/// Says what is being done now.
pub fn step(text: &str) {
    line(&format!("==> {text}"));
}

/// Says something about the current step.
pub fn detail(text: &str) {
    for part in text.lines() {
        line(&format!("    {part}"));
    }
}

/// An empty line.
pub fn gap() {
    line("");
}

/// Prints one line at once, whatever the output is connected to.
pub fn line(text: &str) {
    println!("{text}");
    // A closed output is no reason to stop what was asked for.
    if std::io::stdout().flush().is_err() {}
}
