use std::str::FromStr;

/// The two links of a request for a decision, and what they do when they are opened.
#[derive(Clone, Debug)]
pub struct Links {
    pub allow: String,
    pub deny: String,
    /// Whether the page asks before it decides.
    pub confirmation: LinkConfirmation,
}

/// Whether opening a link asks or decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkConfirmation {
    /// The link opens a page with a button, and the button decides.
    #[default]
    Required,
    /// Opening the link decides at once, as in the published walkthrough.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be `Required` or `None`")]
pub struct LinkConfirmationError;

impl FromStr for LinkConfirmation {
    type Err = LinkConfirmationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Required" => Ok(Self::Required),
            "None" => Ok(Self::None),
            _ => Err(LinkConfirmationError),
        }
    }
}
