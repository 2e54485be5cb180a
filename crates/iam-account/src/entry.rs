//! The entries of the answer of `GetAccountAuthorizationDetails`.
//!
//! Serde reads an entry from the JSON of the CLI and of the SDKs. Members that decide nothing, such
//! as tags and dates, are skipped.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use iam_policy::decode_document;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{arn, members};

/// One of the four lists of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum List {
    /// `UserDetailList`
    #[serde(rename = "UserDetailList")]
    Users,
    /// `GroupDetailList`
    #[serde(rename = "GroupDetailList")]
    Groups,
    /// `RoleDetailList`
    #[serde(rename = "RoleDetailList")]
    Roles,
    /// `Policies`
    #[serde(rename = "Policies")]
    Policies,
}

impl List {
    /// All lists.
    pub const ALL: [List; 4] = [List::Users, List::Groups, List::Roles, List::Policies];

    /// The name of its member.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            List::Users => "UserDetailList",
            List::Groups => "GroupDetailList",
            List::Roles => "RoleDetailList",
            List::Policies => "Policies",
        }
    }

    /// The list with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<List> {
        List::ALL.into_iter().find(|list| list.name() == name)
    }
}

/// An entry of one of the lists.
#[derive(Clone, Debug)]
pub enum Entry<'a> {
    /// A user.
    User(UserEntry<'a>),
    /// A group.
    Group(GroupEntry<'a>),
    /// A role.
    Role(RoleEntry<'a>),
    /// A managed policy.
    Policy(PolicyEntry<'a>),
}

impl<'a> Entry<'a> {
    /// Reads an entry of this list from its JSON.
    ///
    /// # Errors
    ///
    /// Fails if the text is not JSON, or not such an entry, if its ARN names no account, or if it
    /// has a member that no entry has in place of a list.
    pub fn read(list: List, json: &'a [u8]) -> Result<Entry<'a>, serde_json::Error> {
        let entry = match list {
            List::Users => Entry::User(serde_json::from_slice(json)?),
            List::Groups => Entry::Group(serde_json::from_slice(json)?),
            List::Roles => Entry::Role(serde_json::from_slice(json)?),
            List::Policies => Entry::Policy(serde_json::from_slice(json)?),
        };
        // What has the same ARN is taken for the same, so one without an account would hide others.
        if arn::account(entry.arn()).is_empty() {
            let problem = format!(
                "`{}` is not an ARN with an account",
                entry.arn().escape_debug()
            );
            return Err(de::Error::custom(problem));
        }
        match members::misnamed(&entry, json) {
            Some(problem) => Err(de::Error::custom(problem)),
            None => Ok(entry),
        }
    }

    /// The ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        match self {
            Entry::User(user) => &user.arn.0,
            Entry::Group(group) => &group.arn.0,
            Entry::Role(role) => &role.arn.0,
            Entry::Policy(policy) => &policy.arn.0,
        }
    }
}

/// An entry of `UserDetailList`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserEntry<'a> {
    /// The name.
    #[serde(borrow)]
    pub user_name: Text<'a>,
    /// The ARN.
    #[serde(borrow)]
    pub arn: Text<'a>,
    /// The inline policies.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub user_policy_list: Vec<InlinePolicy<'a>>,
    /// The names of the groups that the user is in.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub group_list: Vec<Text<'a>>,
    /// The managed policies.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub attached_managed_policies: Vec<Attachment<'a>>,
    /// The permissions boundary.
    #[serde(borrow)]
    pub permissions_boundary: Option<Boundary<'a>>,
}

/// An entry of `GroupDetailList`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GroupEntry<'a> {
    /// The name.
    #[serde(borrow)]
    pub group_name: Text<'a>,
    /// The ARN.
    #[serde(borrow)]
    pub arn: Text<'a>,
    /// The inline policies.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub group_policy_list: Vec<InlinePolicy<'a>>,
    /// The managed policies.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub attached_managed_policies: Vec<Attachment<'a>>,
}

/// An entry of `RoleDetailList`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoleEntry<'a> {
    /// The name.
    #[serde(borrow)]
    pub role_name: Text<'a>,
    /// The ARN.
    #[serde(borrow)]
    pub arn: Text<'a>,
    /// The trust policy.
    #[serde(borrow)]
    pub assume_role_policy_document: Option<DocumentText<'a>>,
    /// The inline policies.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub role_policy_list: Vec<InlinePolicy<'a>>,
    /// The managed policies.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub attached_managed_policies: Vec<Attachment<'a>>,
    /// The permissions boundary.
    #[serde(borrow)]
    pub permissions_boundary: Option<Boundary<'a>>,
}

/// An entry of `Policies`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyEntry<'a> {
    /// The ARN.
    #[serde(borrow)]
    pub arn: Text<'a>,
    /// The identifier of the default version.
    #[serde(borrow)]
    pub default_version_id: Option<Text<'a>>,
    /// To how many users, groups and roles the policy is attached.
    pub attachment_count: Option<u64>,
    /// The versions.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub policy_version_list: Vec<PolicyVersion<'a>>,
}

/// A version of a managed policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyVersion<'a> {
    /// The identifier, such as `v1`.
    #[serde(borrow)]
    pub version_id: Option<Text<'a>>,
    /// Whether it is in force.
    #[serde(default)]
    pub is_default_version: Option<bool>,
    /// The document.
    #[serde(borrow)]
    pub document: Option<DocumentText<'a>>,
}

/// An inline policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InlinePolicy<'a> {
    /// The name.
    #[serde(borrow)]
    pub policy_name: Text<'a>,
    /// The document.
    #[serde(borrow)]
    pub policy_document: DocumentText<'a>,
}

/// The attachment of a managed policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attachment<'a> {
    /// The ARN of the policy.
    #[serde(borrow)]
    pub policy_arn: Text<'a>,
}

/// A permissions boundary.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Boundary<'a> {
    /// The ARN of the policy.
    #[serde(borrow)]
    pub permissions_boundary_arn: Text<'a>,
}

/// A text, borrowed from the JSON where it has no escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

/// The text of a policy document: JSON, or percent-encoded JSON as the API returns it.
///
/// Serde reads it from an object, as the CLI prints it, or from a string with the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentText<'a>(pub Cow<'a, str>);

impl DocumentText<'_> {
    /// The JSON.
    pub(crate) fn json(&self) -> Cow<'_, str> {
        decode_document(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for DocumentText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        if raw.starts_with('"') {
            let Text(text) = serde_json::from_str(raw).map_err(de::Error::custom)?;
            return Ok(DocumentText(text));
        }
        Ok(DocumentText(Cow::Borrowed(raw)))
    }
}

/// A list that can be null, or the only element of it, as converters from XML write it.
fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct ListVisitor<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(list))
        }

        fn visit_map<A: MapAccess<'de>>(self, one: A) -> Result<Self::Value, A::Error> {
            Ok(vec![T::deserialize(MapAccessDeserializer::new(one))?])
        }
    }

    deserializer.deserialize_any(ListVisitor(PhantomData))
}
