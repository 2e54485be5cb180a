//! `docs/architecture.md` draws the dependencies between the crates as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::tidy::texts;
use crate::{path, read};

/// The crates of the workspace, each with the others that its own code needs.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    // Without `--no-deps`, cargo would look for every external crate of every platform. The members
    // and what they declare are in the answer in either case.
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(path(""))
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let name = |it: &Value| it["name"].as_str().unwrap().to_owned();
    let members: BTreeSet<String> = packages.iter().map(name).collect();
    let of = |package: &Value| {
        // The kind of a normal dependency is null; the others are `dev` and `build`.
        let all = package["dependencies"].as_array().unwrap().iter();
        let normal = all.filter(|dependency| dependency["kind"].is_null());
        normal.map(name).filter(|it| members.contains(it)).collect()
    };
    packages.iter().map(|it| (name(it), of(it))).collect()
}

/// The lines of the drawing: a crate, and the crates behind its arrow.
fn drawing() -> Vec<(String, BTreeSet<String>)> {
    let page = read("docs/architecture.md");
    let (_, block) = page.split_once("\n```dependencies\n").unwrap();
    let (block, _) = block.split_once("\n```\n").unwrap();
    let lines = block.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| match line.split_once(" -> ") {
            Some((name, others)) => (
                name.to_owned(),
                others.split(", ").map(str::to_owned).collect(),
            ),
            None => (line.to_owned(), BTreeSet::new()),
        })
        .collect()
}

#[test]
fn the_drawing_shows_each_dependency_and_no_other() {
    let drawing = drawing();
    let drawn: BTreeMap<_, _> = drawing.iter().cloned().collect();
    assert_eq!(drawn.len(), drawing.len(), "a crate is drawn twice");
    assert_eq!(drawn, dependencies(), "left: drawn; right: cargo metadata");
}

#[test]
fn every_dependency_points_down() {
    let mut below = BTreeSet::new();
    for (name, others) in drawing().into_iter().rev() {
        let up: Vec<_> = others.difference(&below).collect();
        assert!(up.is_empty(), "{name} depends on {up:?}, drawn above it");
        below.insert(name);
    }
}

/// The chat is the youngest channel, so its files are those that a further one takes.
#[test]
fn a_channel_takes_five_files_of_rust() {
    let is_product = |file: &str| {
        file.starts_with("crates/")
            && file.contains("/src/")
            && file.ends_with(".rs")
            && !file.starts_with("crates/testing/")
            && !file.ends_with("_tests.rs")
    };
    let words = ["ChatMessage", "chat_topic_arn", "chat_failed", "mod chat;"];
    let files: Vec<String> = texts()
        .into_iter()
        .filter(|(file, _)| is_product(file))
        .filter(|(file, text)| {
            file.contains("/chat/") || words.iter().any(|word| text.contains(word))
        })
        .map(|(file, _)| file)
        .collect();
    assert!((3..=5).contains(&files.len()), "{files:?}");
}
