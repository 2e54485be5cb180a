//! Known actions with names similar to an unknown one.

use strsim::osa_distance;

use crate::action::is_wildcard;
use crate::{ActionPattern, catalogue};

/// How many names are suggested at most.
const SUGGESTED: usize = 3;

/// Known actions that the writer of `pattern` may have meant, the nearest first.
///
/// A pattern with wildcards is compared up to its first wildcard. If the service is known, only its
/// actions are candidates; otherwise the actions of all services with similar prefixes are.
pub(crate) fn nearest(pattern: &ActionPattern) -> Vec<String> {
    let text: String = pattern.prefix().iter().collect();
    let all: Vec<&str> = catalogue::prefixes().collect();
    let services: Vec<(usize, &str)> = if all.contains(&text.as_str()) {
        vec![(0, text.as_str())]
    } else {
        all.into_iter()
            .map(|service| (osa_distance(&text, service), service))
            .filter(|(far, _)| *far <= 2)
            .collect()
    };
    let name: String = pattern
        .name()
        .iter()
        .take_while(|c| !is_wildcard(**c))
        .collect();
    let is_whole = name.chars().count() == pattern.name().len();
    // Allows one slip in four characters, and one in the shortest names.
    let allowed = name.chars().count() / 4 + 1;
    let mut found: Vec<(usize, String)> = Vec::new();
    for (service_far, service) in services {
        let Ok(whole) = format!("{service}:*").parse() else {
            continue;
        };
        for action in catalogue::named_by(&whole) {
            let known = action
                .split_once(':')
                .map(|(_, name)| name.to_ascii_lowercase())
                .unwrap_or_default();
            let compared: String = if is_whole {
                known
            } else {
                known.chars().take(name.chars().count()).collect()
            };
            let far = osa_distance(&name, &compared);
            if far <= allowed {
                found.push((far + service_far, action));
            }
        }
    }
    found.sort();
    // Names that are clearly farther off than the nearest only distract.
    let farthest = found.first().map_or(0, |(far, _)| far + 1);
    found.retain(|(far, _)| *far <= farthest);
    found
        .into_iter()
        .map(|(_, action)| action)
        .take(SUGGESTED)
        .collect()
}
