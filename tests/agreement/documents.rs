//! The documents: every link leads to a file or a heading that exists, and readers find the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::tidy::{is_data, texts};
use crate::{path, read};

/// How many lines the README may have.
const README_LINES: usize = 180;

/// A document in Markdown.
#[derive(Default)]
struct Document {
    /// The headings, each with its level.
    headings: Vec<(u8, String)>,
    /// Where its links lead and its pictures are, as it has them.
    links: Vec<String>,
}

impl Document {
    fn parse(text: &str) -> Self {
        let mut document = Self::default();
        let mut heading: Option<(u8, String)> = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    heading = Some((level as u8, String::new()));
                }
                Event::End(TagEnd::Heading(_)) => document.headings.extend(heading.take()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some((_, title)) = &mut heading {
                        title.push_str(&text);
                    }
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document.links.push(dest_url.into_string());
                }
                Event::Html(html) | Event::InlineHtml(html) => {
                    document.links.extend(links_of_html(&html));
                }
                _ => {}
            }
        }
        document
    }

    /// The names that a link can have behind `#`.
    fn anchors(&self) -> BTreeSet<String> {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let mut anchors = BTreeSet::new();
        for (_, title) in &self.headings {
            let slug = slug(title);
            let before = times.entry(slug.clone()).or_default();
            anchors.insert(match before {
                0 => slug,
                _ => format!("{slug}-{before}"),
            });
            *before += 1;
        }
        anchors
    }
}

/// The sources of pictures and the targets of links in a piece of HTML.
fn links_of_html(html: &str) -> impl Iterator<Item = String> {
    ["src=\"", "href=\""].into_iter().flat_map(move |start| {
        let each = html.split(start).skip(1);
        each.filter_map(|it| Some(it.split_once('"')?.0.to_owned()))
    })
}

/// The name that GitHub gives a heading.
fn slug(title: &str) -> String {
    let kept = |it: &char| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_');
    let title = title.to_lowercase();
    title
        .chars()
        .filter(kept)
        .map(|it| if it == ' ' { '-' } else { it })
        .collect()
}

/// Every document of the repository, by its path from the root.
fn documents() -> BTreeMap<String, Document> {
    let all = texts().into_iter();
    let documents = all.filter(|(file, _)| file.ends_with(".md"));
    documents
        .map(|(file, text)| (file, Document::parse(&text)))
        .collect()
}

/// Says what is wrong with a link of `file`, unless it leads out of the repository.
fn problem(documents: &BTreeMap<String, Document>, file: &str, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (place, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match place {
        "" => file.to_owned(),
        _ => match beside(file, place) {
            Some(target) => target,
            None => return Some(format!("{file}: {link} leads out of the repository")),
        },
    };
    if !path(&target).exists() {
        return Some(format!("{file}: {link} leads to no file"));
    }
    let is_there = anchor.is_empty()
        || documents
            .get(&target)
            .is_some_and(|it| it.anchors().contains(anchor));
    (!is_there).then(|| format!("{file}: {link} leads to no heading"))
}

/// The path from the root of what a file calls `place`.
fn beside(file: &str, place: &str) -> Option<String> {
    let mut at = PathBuf::from(file);
    at.pop();
    for part in Path::new(place).components() {
        match part {
            Component::Normal(name) => at.push(name),
            Component::CurDir => {}
            Component::ParentDir if at.pop() => {}
            _ => return None,
        }
    }
    Some(at.to_str()?.to_owned())
}

#[test]
fn every_link_leads_somewhere() {
    let documents = documents();
    let mut count = 0;
    let mut problems = Vec::new();
    for (file, document) in &documents {
        count += document.links.len();
        let links = document.links.iter();
        problems.extend(links.filter_map(|link| problem(&documents, file, link)));
    }
    assert!(count > 150, "only {count} links are seen");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The places in `docs/` that a text names: a comment, a message, the description of an alarm.
fn named_places(text: &str) -> Vec<&str> {
    let mut places = Vec::new();
    for (at, _) in text.match_indices("docs/") {
        // With more in front of it, it is a part of another path or of a URL.
        let before = text[..at].chars().next_back();
        if before.is_some_and(|it| it.is_alphanumeric() || "/-_.".contains(it)) {
            continue;
        }
        let rest = &text[at..];
        let is_of_path = |it: char| it.is_ascii_alphanumeric() || "/._#-".contains(it);
        let end = rest.find(|it| !is_of_path(it)).unwrap_or(rest.len());
        // A full stop ends the sentence.
        places.push(rest[..end].trim_end_matches('.'));
    }
    places
}

#[test]
fn every_place_that_code_names_exists() {
    let documents = documents();
    let mut count = 0;
    let mut problems = Vec::new();
    for (file, text) in texts() {
        if is_data(&file) || file.ends_with("tests/agreement/documents.rs") {
            continue;
        }
        let places = named_places(&text);
        count += places.len();
        // The README is at the root, as the places are.
        let wrong = places.into_iter();
        let wrong = wrong.filter_map(|place| problem(&documents, "README.md", place));
        problems.extend(wrong.map(|it| format!("{file} names a place. {it}")));
    }
    assert!(count > 40, "only {count} places are seen");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_readme_is_short_and_leads_to_every_document() {
    let readme = read("README.md");
    let lines = readme.lines().count();
    assert!(
        lines <= README_LINES,
        "the README has {lines} lines, {README_LINES} are allowed: give the rest a page in docs/"
    );
    let links = Document::parse(&readme).links;
    let links: BTreeSet<&str> = links.iter().filter_map(|it| it.split('#').next()).collect();
    for file in documents().keys() {
        let is_page = file.starts_with("docs/") || !file.contains('/');
        assert!(
            !is_page || file == "README.md" || links.contains(file.as_str()),
            "the README does not lead to {file}"
        );
    }
}

#[test]
fn every_picture_is_shown() {
    let documents = documents();
    for picture in std::fs::read_dir(path("docs/screenshots")).unwrap() {
        let name = picture.unwrap().file_name().into_string().unwrap();
        let mut links = documents.values().flat_map(|it| &it.links);
        assert!(
            links.any(|link| link.ends_with(&format!("screenshots/{name}"))),
            "no document shows docs/screenshots/{name}"
        );
    }
}

#[test]
fn the_operator_finds_every_section_by_the_contents() {
    let page = read("docs/operations.md");
    let (contents, _) = page.split_once("\n## ").unwrap();
    let listed = Document::parse(contents).links;
    let page = Document::parse(&page);
    let sections = page.headings.iter().filter(|(level, _)| *level >= 2);
    for (_, title) in sections {
        let link = format!("#{}", slug(title));
        assert!(listed.contains(&link), "the contents lack \"{title}\"");
    }
}

/// Shorter ones may stand in several documents.
const SENTENCE: usize = 50;

/// What two documents say is true in one of them only, after a while: the other one links to it.
#[test]
fn no_sentence_stands_in_two_documents() {
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    let mut problems = Vec::new();
    for (file, text) in texts() {
        // The changelog tells of each change at its time. A crate explains itself.
        let is_page = file.starts_with("docs/") || !file.contains('/');
        if !file.ends_with(".md") || !is_page || file == "CHANGELOG.md" {
            continue;
        }
        let mut is_example = false;
        for line in text.lines() {
            if line.trim_start().starts_with("```") {
                is_example = !is_example;
            }
            if is_example {
                continue;
            }
            for sentence in line
                .split(['|'])
                .flat_map(|cell| cell.split_inclusive(". "))
            {
                let sentence = sentence.trim_matches(['-', '*', ' ']);
                if sentence.len() < SENTENCE {
                    continue;
                }
                let there = places.entry(sentence.to_owned());
                let there = there.or_insert_with(|| file.clone());
                if *there != file {
                    problems.push(format!("{there} and {file}: {sentence}"));
                }
            }
        }
    }
    assert!(places.len() > 1000, "only {} sentences", places.len());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn links_and_places_are_recognized() {
    let text = "# A `name`: it's\n\n## A name its\n\n[a](b.md#c) ![d](e.webp)\n\n\
                | f |\n|---|\n| <img src=\"g.webp\"> [h][i] |\n\n```\n[no](no.md)\n```\n\n[i]: #a-name-its-1\n";
    let document = Document::parse(text);
    let anchors = ["a-name-its", "a-name-its-1"].map(str::to_owned);
    assert_eq!(document.anchors(), BTreeSet::from(anchors));
    let links = ["b.md#c", "e.webp", "g.webp", "#a-name-its-1"];
    assert_eq!(document.links, links);
    assert_eq!(slug("Alarms & e-mails (SNS)"), "alarms--e-mails-sns");
    let places = named_places("See docs/a.md#b. (`docs/c/`) https://x/docs/d, ../docs/e");
    assert_eq!(places, ["docs/a.md#b", "docs/c/"]);
    let mut documents = BTreeMap::new();
    documents.insert("README.md".to_owned(), document);
    let is_wrong = |link| problem(&documents, "README.md", link).is_some();
    for link in ["#a-name-its", "https://example.com/none", "docs/"] {
        assert!(!is_wrong(link), "{link}");
    }
    for link in ["#none", "none.md", "../out", "/etc", "Cargo.toml#a"] {
        assert!(is_wrong(link), "{link}");
    }
}
