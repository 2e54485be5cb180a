//! Backtests of folders that have more than logs, or none.

use serde_json::{Value, json};

use crate::backtest::{backtest, log, put};
use crate::support::{Ran, folder, run};

const EMPTY: &str = r#"{"Records":[]}"#;
const DIGEST: &str = r#"{"digestStartTime":"2026-03-02T10:00:00Z","logFiles":[]}"#;

/// Runs the command on a folder with these files.
fn files(files: &[(&str, &str)]) -> (Ran, Value) {
    let (ran, report) = backtest(&folder(files), "");
    (ran, report["files"].clone())
}

#[test]
fn files_without_records_are_counted_beside_logs() {
    let record = log(&[put("a", "02T10", "s3:GetObject")]);
    let (ran, report) = files(&[
        ("logs/a.json", &record),
        ("logs/000000.gz", &record),
        ("logs/firehose-2026-03-02", &record),
        ("logs/b_CloudTrail_us-east-1.json", EMPTY),
        ("logs/c_CloudTrail_us-east-1.json", ""),
        ("logs/c_CloudTrail-Digest_us-east-1.json", DIGEST),
        ("logs/package.json", r#"{"name": "app"}"#),
        ("logs/README", "It's a folder with \"logs"),
        ("logs/notes.txt", &record),
        (".git/index", &record),
    ]);
    assert_eq!((ran.code, ran.diagnostics.as_str()), (0, ""));
    let expected = json!({"logs": 3, "empty": 2, "digests": 1, "passedOver": 2});
    assert_eq!(report, expected);
}

#[test]
fn the_summary_names_files_without_records() {
    let record = log(&[put("a", "02T10", "s3:GetObject")]);
    let mut all = vec![("z.json", record.as_str()), ("digest.json", DIGEST)];
    all.extend(["a.json", "b.json", "c.json"].map(|name| (name, "{}")));
    let passed_over = |all: &[(&str, &str)]| {
        let ran = run(folder(all), "backtest . --restricted s3:DeleteBucket");
        assert_eq!(ran.code, 0, "{}", ran.diagnostics);
        ran.out
    };
    let three = "principals\npassed over: 3 files without CloudTrail records (a.json, b.json, c.json) and 1 digest file\n";
    assert!(passed_over(&all).ends_with(three));
    all.push(("d.json", "[]"));
    let four = "4 files without CloudTrail records (a.json, b.json, c.json, …) and 1 digest file\n";
    assert!(passed_over(&all).ends_with(four));
    assert!(!passed_over(&all[..1]).contains("passed over"));
    let one = "passed over: 1 file without CloudTrail records (a.json)\n";
    assert!(passed_over(&[all[0], all[2]]).ends_with(one));
}

#[test]
fn a_folder_without_a_record_is_no_clean_one() {
    let no_record = "error: .: no CloudTrail record was found in it";
    for (all, rest) in [
        (
            &[("package.json", "{}")][..],
            "; it is most likely the wrong folder\n",
        ),
        (&[], "; it is most likely the wrong folder\n"),
        (
            &[("a.json", EMPTY), ("b.json", DIGEST)],
            ", only empty logs and digest files\n",
        ),
    ] {
        let (ran, _) = files(all);
        assert_eq!(ran.code, 2, "{all:?}");
        assert_eq!(ran.diagnostics, format!("{no_record}{rest}"));
    }
    // A file with the name of a log is more than another file.
    let record = log(&[put("a", "02T10", "s3:GetObject")]);
    let (ran, _) = files(&[("a.json", &record), ("b_CloudTrail_x.json", "{}")]);
    assert_eq!(ran.code, 2);
    ran.has_diagnostic("b_CloudTrail_x.json: no CloudTrail record was found in it\n");
}

#[test]
fn each_path_that_is_named_has_a_record() {
    let record = log(&[put("a", "02T10", "s3:GetObject")]);
    let folder = folder(&[
        ("log.json", &record),
        ("empty.json", EMPTY),
        ("digest.json", DIGEST),
        ("other.json", "{}"),
        ("notes.txt", &record),
        ("folder/other.json", "{}"),
    ]);
    for (paths, errors) in [
        ("log.json empty.json digest.json notes.txt", &[][..]),
        ("log.json other.json", &["other.json"]),
        ("log.json folder", &["folder"]),
        ("empty.json", &["empty.json"]),
        ("digest.json other.json", &["digest.json", "other.json"]),
    ] {
        let ran = run(
            &folder,
            &format!("backtest {paths} --restricted s3:DeleteBucket"),
        );
        assert_eq!(ran.code == 2, !errors.is_empty(), "{paths}");
        assert_eq!(ran.diagnostics.lines().count(), errors.len(), "{paths}");
        for path in errors {
            ran.has_diagnostic(&format!(
                "error: {path}: no CloudTrail record was found in it"
            ));
        }
    }
}
