//! The tables in `testdata/tables`.

/// The lines of each case: cases are separated by empty lines, and comments begin with `#`.
pub(crate) fn cases(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table
        .split("\n\n")
        .map(|case| case.lines().filter(|line| !line.starts_with('#')).collect())
}
