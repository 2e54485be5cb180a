//! What the tests of the command share.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The result of a run of the command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) diagnostics: String,
}

impl Ran {
    /// The lines of `--format json`.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let lines = self.out.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Asserts that the diagnostics contain a text.
    #[track_caller]
    pub(crate) fn has_diagnostic(&self, text: &str) {
        assert!(self.diagnostics.contains(text), "{}", self.diagnostics);
    }

    /// Asserts name and verdict of each line.
    #[track_caller]
    pub(crate) fn has_verdicts(&self, expected: &[(&str, &str)]) {
        let lines = self.lines();
        let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
        let pair = |line: &Value| (text(line, "name"), text(line, "verdict"));
        let verdicts: Vec<(String, String)> = lines.iter().map(pair).collect();
        let verdicts: Vec<(&str, &str)> = verdicts.iter().map(|(a, b)| (&**a, &**b)).collect();
        assert_eq!(verdicts, expected, "{}", self.diagnostics);
    }
}

/// A folder for the files of a test.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// Runs the command with arguments that spaces separate, and with this standard input.
pub(crate) fn run_with(folder: impl AsRef<Path>, arguments: &str, input: &[u8]) -> Ran {
    run_args(folder, &arguments.split(' ').collect::<Vec<_>>(), input)
}

/// Runs the command with any arguments.
pub(crate) fn run_args(folder: impl AsRef<Path>, arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_iam-guard"))
        .args(arguments)
        .current_dir(folder.as_ref())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        diagnostics: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the command with arguments that spaces separate.
pub(crate) fn run(folder: impl AsRef<Path>, arguments: &str) -> Ran {
    run_with(folder, arguments, b"")
}

/// Checks a file with this name by the default list of the template.
pub(crate) fn check(name: &str, text: &str) -> Ran {
    let folder = folder(&[(name, text)]);
    let list = "s3:DeleteBucket,s3:DeleteObject";
    run(
        &folder,
        &format!("check {name} --restricted {list} --format json"),
    )
}

/// A document with one `Allow` statement.
pub(crate) fn allow(action: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": [action], "Resource": "*"}],
    })
    .to_string()
}
