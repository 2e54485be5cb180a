//! Members of entries that are written in another way than AWS does.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::entry::{Entry, Text};

/// The members that decide nothing, as AWS documents them for all entries.
const OTHERS: [&str; 10] = [
    "Path",
    "UserId",
    "GroupId",
    "RoleId",
    "CreateDate",
    "Tags",
    "InstanceProfileList",
    "RoleLastUsed",
    "PermissionsBoundary",
    "AssumeRolePolicyDocument",
];

/// The keys of an object.
#[derive(Debug)]
struct Keys<'a>(BTreeSet<std::borrow::Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Keys<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeysVisitor;

        impl<'de> Visitor<'de> for KeysVisitor {
            type Value = Keys<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut keys = BTreeSet::new();
                while let Some((Text(key), IgnoredAny)) = map.next_entry()? {
                    keys.insert(key);
                }
                Ok(Keys(keys))
            }
        }

        deserializer.deserialize_map(KeysVisitor)
    }
}

/// Why an entry with an empty list may have more than that: the list is missing, and there is a
/// member that no entry has, so somebody may have changed its name.
///
/// AWS leaves a list out if it is empty, and may add members, so neither alone is a mistake.
pub(crate) fn misnamed(entry: &Entry<'_>, json: &[u8]) -> Option<String> {
    let (name, lists): (&str, &[(&str, bool)]) = match entry {
        Entry::User(it) => (
            "UserName",
            &[
                ("UserPolicyList", it.user_policy_list.is_empty()),
                ("GroupList", it.group_list.is_empty()),
                (ATTACHED, it.attached_managed_policies.is_empty()),
            ],
        ),
        Entry::Group(it) => (
            "GroupName",
            &[
                ("GroupPolicyList", it.group_policy_list.is_empty()),
                (ATTACHED, it.attached_managed_policies.is_empty()),
            ],
        ),
        Entry::Role(it) => (
            "RoleName",
            &[
                ("RolePolicyList", it.role_policy_list.is_empty()),
                (ATTACHED, it.attached_managed_policies.is_empty()),
            ],
        ),
        Entry::Policy(_) => return None,
    };
    if !lists.iter().any(|(_, is_empty)| *is_empty) {
        return None;
    }
    let Keys(keys) = serde_json::from_slice(json).ok()?;
    let (missing, _) = lists.iter().find(|(list, _)| !keys.contains(*list))?;
    let is_known = |key: &str| {
        key == name
            || key == "Arn"
            || OTHERS.contains(&key)
            || lists.iter().any(|(list, _)| *list == key)
    };
    let unknown = keys.iter().find(|key| !is_known(key))?;
    let unknown = unknown.escape_debug();
    Some(format!(
        "it has no `{missing}`, but `{unknown}`, which no entry has"
    ))
}

const ATTACHED: &str = "AttachedManagedPolicies";
