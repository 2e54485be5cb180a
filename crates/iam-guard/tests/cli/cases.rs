//! Files as people have them, each with what the command must say about it.

use std::path::Path;

use serde_json::Value;

use crate::support::{Ran, run_args};

/// Why a run is not as a case expects, if it is not.
fn difference(right: &Value, text: &Ran, json: &Ran) -> Option<String> {
    if let Some(any) = right["any"].as_array() {
        let differences: Option<Vec<String>> = any
            .iter()
            .map(|right| difference(right, text, json))
            .collect();
        return differences.map(|them| them.join("; and "));
    }
    let verdicts = || {
        json.lines().into_iter().filter_map(|line| {
            Some((
                line["name"].as_str()?.to_owned(),
                line["verdict"].as_str()?.to_owned(),
            ))
        })
    };
    for (key, expected) in right.as_object()? {
        let holds = match key.as_str() {
            "exit" => expected.as_i64() == Some(text.code.into()),
            "verdict" => verdicts().any(|(_, verdict)| verdict == *expected),
            "names" => expected.as_object()?.iter().all(|(name, expected)| {
                let mut of_name = verdicts().filter(|(it, _)| it == name).peekable();
                of_name.peek().is_some() && of_name.all(|(_, verdict)| verdict == *expected)
            }),
            "stdout" => text.out.contains(expected.as_str()?),
            "not_stdout" => !text.out.contains(expected.as_str()?),
            "stderr" => text.diagnostics.contains(expected.as_str()?),
            "max_stdout" => text.out.len() <= usize::try_from(expected.as_u64()?).ok()?,
            _ => false,
        };
        if !holds {
            return Some(format!("`{key}` is not {expected}"));
        }
    }
    None
}

#[test]
fn every_case_has_its_answer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let cases = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&cases).unwrap();
    assert_eq!(cases.len(), 42);
    let mut wrong = Vec::new();
    for case in &cases {
        let command = case["command"].as_array().unwrap();
        let command: Vec<&str> = command.iter().filter_map(Value::as_str).collect();
        let text = run_args(&folder, &command, b"");
        let json = run_args(
            &folder,
            &[&command[..], &["--format", "json"]].concat(),
            b"",
        );
        if let Some(difference) = difference(&case["right"], &text, &json) {
            let id = &case["id"];
            let Ran {
                code,
                out,
                diagnostics,
            } = text;
            wrong.push(format!("{id}: {difference}\n{code}\n{out}{diagnostics}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
