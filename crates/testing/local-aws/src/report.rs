//! Everything that this crate prints goes through here.
#![expect(clippy::print_stdout, reason = "printing is what this module is for")]

use std::io::Write as _;

/// Prints what the program does now.
pub fn step(text: &str) {
    line(&format!("==> {text}"));
}

/// Prints something about the current step.
pub fn detail(text: &str) {
    for part in text.lines() {
        line(&format!("    {part}"));
    }
}

pub fn gap() {
    line("");
}

/// Prints one line immediately, no matter what the output is connected to.
pub fn line(text: &str) {
    println!("{text}");
    // If the output is closed, the work goes on.
    if std::io::stdout().flush().is_err() {}
}

/// Prints a question; the answer comes on the same line.
pub fn ask(text: &str) {
    print!("{text}");
    // If the output is closed, the question stays unanswered.
    if std::io::stdout().flush().is_err() {}
}
