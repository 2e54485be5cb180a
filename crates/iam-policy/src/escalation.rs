//! Known paths of privilege escalation.

use serde::Deserialize;

const CATALOGUE: &str = include_str!("../data/escalation-paths.json");

/// A path of privilege escalation of pathfinding.cloud: actions that together lead from fewer
/// permissions to more.
///
/// ```
/// use iam_policy::EscalationPath;
///
/// let paths = EscalationPath::all();
/// let path = paths.iter().find(|path| path.id == "lambda-001").ok_or("no such path")?;
/// assert_eq!(path.required, ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EscalationPath {
    /// Its identifier, such as `lambda-001`.
    pub id: String,
    /// The actions that it needs, all of them.
    pub required: Vec<String>,
}

impl EscalationPath {
    /// All paths that this crate knows, in the order of the catalogue.
    #[must_use]
    pub fn all() -> Vec<EscalationPath> {
        #[derive(Default, Deserialize)]
        struct Catalogue {
            paths: Vec<EscalationPath>,
        }
        // A test reads the catalogue, which is a part of the crate.
        let read: Result<Catalogue, _> = serde_json::from_str(CATALOGUE);
        read.unwrap_or_default().paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_can_be_read() {
        let paths = EscalationPath::all();
        assert_eq!(paths.len(), 65);
        assert!(paths.iter().all(|path| !path.required.is_empty()));
    }
}
