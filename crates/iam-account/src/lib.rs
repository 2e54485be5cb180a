#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod account;
mod arn;
mod bits;
mod builder;
mod condition;
mod document;
mod doors;
mod entry;
mod gap;
mod held;
mod held_by;
mod holdings;
mod judging;
mod lacking;
mod members;
mod pages;
mod permits;
mod principal;
mod reach;
mod reaching;
mod texts;
mod trust;
mod watched;

pub use account::Account;
pub use builder::AccountBuilder;
pub use entry::{
    Attachment, Boundary, DocumentText, Entry, GroupEntry, InlinePolicy, List, PolicyEntry,
    PolicyVersion, RoleEntry, Text, UserEntry,
};
pub use gap::Gap;
pub use held_by::HeldBy;
pub use holdings::{Becoming, Holdings, Through};
pub use principal::{Kind, PolicyRef, Principal, Verdict};
