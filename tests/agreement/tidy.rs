//! The tree is tidy: versions in one place, short files, wrapped comments, no paths of a machine.

use std::fs;
use std::path::Path;

use wildmatch::WildMatch;

use crate::{path, read};

/// How many lines a source file may have.
const MOST_LINES: usize = 450;

/// Longer files, with the reason.
const LONG: [(&str, &str); 2] = [
    ("template.yaml", "CloudFormation takes one template"),
    (
        "statemachine/policy_approval.asl.json",
        "Step Functions takes one definition",
    ),
];

/// The longest line of a comment, unless it is a URL, a row of a table or an example.
const COMMENT_COLUMNS: usize = 100;

/// Folders whose files are data: recorded, or written by a program.
const DATA: [&str; 3] = ["testdata", "requirements", "data"];

/// Every text file below the root that `.gitignore` does not name, by its path from there.
pub(crate) fn texts() -> Vec<(String, String)> {
    let ignored = read(".gitignore");
    let ignored: Vec<WildMatch> = ignored.lines().map(WildMatch::new).collect();
    let mut texts = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(path(&folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let is_folder = path(&folder).join(&name).is_dir();
            let slash = if is_folder { "/" } else { "" };
            let relative = format!("{folder}{name}{slash}");
            // A line of `.gitignore` with a slash at its start counts from the root.
            let spellings = [format!("/{relative}"), format!("{name}{slash}")];
            let is_ignored = |text: &String| ignored.iter().any(|it| it.matches(text));
            if name == ".git" || spellings.iter().any(is_ignored) {
                continue;
            }
            if is_folder {
                folders.push(relative);
            } else if let Ok(text) = fs::read_to_string(path(&relative)) {
                texts.push((relative, text));
            }
        }
    }
    assert!(texts.len() > 200, "only {} files are seen", texts.len());
    texts.sort();
    texts
}

pub(crate) fn is_data(file: &str) -> bool {
    file.ends_with(".lock") || file.split('/').any(|part| DATA.contains(&part))
}

/// An update of a version changes one line. A member may add features that only it needs.
#[test]
fn versions_of_external_crates_stand_in_the_workspace_table_only() {
    let root = read("Cargo.toml");
    let (_, table) = root.split_once("[workspace.dependencies]\n").unwrap();
    let mut unused: Vec<&str> = table
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .filter(|name| !name.starts_with('#'))
        .collect();
    let mut members = 0;
    for (file, text) in texts() {
        if !file.ends_with("/Cargo.toml") {
            continue;
        }
        members += 1;
        let mut section = "";
        for line in text.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let names_a_crate = section.ends_with("dependencies]") && line.contains('=');
            if !names_a_crate || line.starts_with('#') {
                assert!(!section.contains("dependencies."), "{file}: {section}");
                continue;
            }
            assert!(
                line.contains("workspace = true") || line.contains("{ path = "),
                "{file} has a version of its own: {line}"
            );
            let name = line.split(['.', ' ']).next();
            unused.retain(|entry| Some(*entry) != name);
        }
    }
    assert!(members >= 10, "only {members} members are seen");
    assert!(unused.is_empty(), "no member uses {unused:?}");
}

#[test]
fn a_source_file_is_short() {
    for (file, text) in texts() {
        let lines = text.lines().count();
        if let Some((_, reason)) = LONG.iter().find(|(long, _)| *long == file) {
            assert!(
                lines > MOST_LINES,
                "{file} has {lines} lines only: \"{reason}\" is no longer a reason"
            );
        } else if !is_data(&file) && Path::new(&file).extension().is_none_or(|it| it != "md") {
            assert!(
                lines <= MOST_LINES,
                "{file} has {lines} lines, {MOST_LINES} are allowed: split it by subject"
            );
        }
    }
    for (file, _) in LONG {
        assert!(
            path(file).exists(),
            "{file} is on the list and does not exist"
        );
    }
}

/// A folder of this name is ignored by many tools, since cargo builds into one.
#[test]
fn no_folder_is_called_target() {
    for (file, _) in texts() {
        let mut folders = file.split('/').rev().skip(1);
        assert!(folders.all(|folder| folder != "target"), "{file}");
    }
}

#[test]
fn comments_are_wrapped() {
    for (file, text) in texts() {
        if !file.ends_with(".rs") {
            continue;
        }
        let mut is_example = false;
        for (line, number) in text.lines().zip(1..) {
            let line_text = line.trim_start();
            if line_text.starts_with("//") && line_text.contains("```") {
                is_example = !is_example;
            }
            let is_free = is_example || line.contains("://") || line.contains("! | ");
            assert!(
                !line_text.starts_with("//") || is_free || line.chars().count() <= COMMENT_COLUMNS,
                "{file}:{number} is a comment of more than {COMMENT_COLUMNS} columns"
            );
        }
    }
}

#[test]
fn no_file_names_a_folder_of_a_machine() {
    let checkout = fs::canonicalize(path("")).unwrap();
    let mut folders = ["home", "root", "Users"]
        .map(|folder| format!("/{folder}/"))
        .to_vec();
    folders.push(checkout.into_os_string().into_string().unwrap());
    for (file, text) in texts() {
        for (line, number) in text.lines().zip(1..) {
            for folder in &folders {
                // With more text in front of it, such as a URL, it is another path.
                let mut found = line.match_indices(folder.as_str());
                let is_named = found.any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    before.is_none_or(|it| !it.is_alphanumeric() && !"}).-_".contains(it))
                });
                assert!(!is_named, "{file}:{number} names {folder}: {line}");
            }
        }
    }
}

#[test]
fn lines_end_as_they_should() {
    for (file, text) in texts() {
        if is_data(&file) || file.ends_with(".json") {
            continue;
        }
        assert!(!text.contains('\r'), "{file} has a carriage return");
        assert!(
            text.is_empty() || text.ends_with('\n') && !text.ends_with("\n\n"),
            "{file} does not end with one line break"
        );
        for (line, number) in text.lines().zip(1..) {
            assert!(
                line == line.trim_end(),
                "{file}:{number} ends with white space"
            );
        }
    }
}

/// `make` can run every check of the workflow on any machine.
#[test]
fn continuous_integration_runs_targets_of_make() {
    let makefile = read("Makefile");
    let workflow = read(".github/workflows/ci.yml");
    let mut runs: Vec<&str> = workflow
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("run: "))
        .collect();
    let script = read(".ci/run");
    runs.extend(script.lines().filter_map(|line| line.strip_prefix("exec ")));
    assert!(runs.len() >= 3, "{runs:?}");
    for run in runs {
        let target = run
            .strip_prefix("make ")
            .and_then(|it| it.split(' ').next());
        let target = target.unwrap_or_else(|| panic!("`{run}` is not make"));
        assert!(
            makefile.contains(&format!("\n{target}: ")),
            "make has no target `{target}`"
        );
    }
}
