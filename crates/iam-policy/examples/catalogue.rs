//! Packs a list of actions, one `service:Name` a line, into the form that the crate compiles in.
//!
//! `cargo run -p iam-policy --example catalogue < actions.txt > crates/iam-policy/data/actions.bin`
//!
//! With `--list` it prints the actions compiled in, in the form it reads.
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a tool for developers on ASCII names, whose result is compared with what it read"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;
use std::io::{Read, Write};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    if std::env::args().nth(1).as_deref() == Some("--list") {
        for action in iam_policy::catalogue::named_by(&"*".parse()?) {
            writeln!(out, "{action}")?;
        }
        return Ok(());
    }
    let mut list = String::new();
    std::io::stdin().read_to_string(&mut list)?;
    out.write_all(&pack(&list)?)?;
    Ok(())
}

fn pack(list: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut services: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in list.lines() {
        let (service, name) = line
            .split_once(':')
            .ok_or_else(|| format!("`{line}` has no colon"))?;
        if !line.is_ascii() {
            return Err(format!("`{line}` is not ASCII").into());
        }
        services.entry(service).or_default().insert(name);
    }
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for name in services.values().flatten() {
        for word in words(name) {
            *uses.entry(word).or_default() += 1;
        }
    }
    let mut ranked: Vec<(&str, usize)> = uses.into_iter().collect();
    // The most frequent words get the short numbers; the second key makes the output the same every time.
    ranked.sort_by_key(|&(word, uses)| (std::cmp::Reverse(uses), word));
    let number: HashMap<&str, usize> = ranked
        .iter()
        .enumerate()
        .map(|(n, &(word, _))| (word, n))
        .collect();

    let mut out = Vec::new();
    out.extend(u16::try_from(ranked.len())?.to_le_bytes());
    let mut end = 0;
    for (word, _) in &ranked {
        end += word.len();
        out.extend(u16::try_from(end)?.to_le_bytes());
    }
    for (word, _) in &ranked {
        out.extend(word.bytes());
    }
    for (service, names) in services {
        out.push(u8::try_from(service.len())?);
        out.extend(service.bytes());
        let mut packed = Vec::new();
        let mut before: Vec<usize> = Vec::new();
        for name in names {
            let mut words: Vec<usize> = words(name).map(|word| number[word]).collect();
            let mut shared = before
                .iter()
                .zip(&words)
                .take_while(|(a, b)| a == b)
                .count()
                .min(15);
            // Only what is really kept of the name before may count as shared.
            shared = shared.min(words.len());
            let added = words.len() - shared;
            if added > 15 {
                return Err(format!("`{service}:{name}` has too many words").into());
            }
            packed.push(u8::try_from(shared << 4 | added)?);
            for &number in &words[shared..] {
                match number.checked_sub(192) {
                    None => packed.push(u8::try_from(number)?),
                    Some(rest) => packed
                        .extend([u8::try_from(192 + (rest >> 8))?, u8::try_from(rest & 0xff)?]),
                }
            }
            before.clear();
            before.append(&mut words);
        }
        out.extend(u16::try_from(packed.len())?.to_le_bytes());
        out.extend(packed);
    }
    Ok(out)
}

/// Cuts a name before every capital letter that follows a small one or precedes one: `GetDBCluster` is `Get DB Cluster`.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let bytes = name.as_bytes();
    let cuts: Vec<usize> = (1..bytes.len())
        .filter(|&at| {
            let next_is_small = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            bytes[at].is_ascii_uppercase() && (!bytes[at - 1].is_ascii_uppercase() || next_is_small)
        })
        .collect();
    let starts = std::iter::once(0).chain(cuts.clone());
    starts
        .zip(cuts.into_iter().chain([name.len()]))
        .map(move |(start, end)| &name[start..end])
}
