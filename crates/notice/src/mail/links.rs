//! The links of a request for a decision.

use incident::UnknownValue;
use strum::{EnumString, VariantNames};

/// The two links of a request for a decision, and what they do when they are opened.
#[derive(Clone, Debug)]
pub struct Links {
    pub allow: String,
    pub deny: String,
    /// Whether the page asks before it decides.
    pub confirmation: LinkConfirmation,
}

/// The parameter `LinkConfirmation`: whether a link asks or decides when it is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, VariantNames)]
#[strum(parse_err_ty = UnknownValue, parse_err_fn = UnknownValue::of::<Self>)]
pub enum LinkConfirmation {
    /// The link opens a page with a button, and the button decides.
    #[default]
    Required,
    /// The link decides at once, as in the published walkthrough.
    None,
}
