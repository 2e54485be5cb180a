//! Calls to IAM that come in threes: one for roles, one for users, one for groups.

/// Sends the call for the kind of `$owner`, and maps the three answers to one type.
macro_rules! call_for_owner {
    ($store:expr, $owner:expr, $doing:expr,
     [$role:ident, $user:ident, $group:ident] $(.$method:ident($argument:expr))* => $map:expr) => {{
        let (client, name) = (&$store.client, &$owner.name);
        match $owner.kind {
            incident::OwnerKind::Role => {
                let call = client.$role().role_name(name) $(.$method($argument))*;
                call.send().await.map($map).map_err(|error| $crate::error::classify(&$doing, &error))
            }
            incident::OwnerKind::User => {
                let call = client.$user().user_name(name) $(.$method($argument))*;
                call.send().await.map($map).map_err(|error| $crate::error::classify(&$doing, &error))
            }
            incident::OwnerKind::Group => {
                let call = client.$group().group_name(name) $(.$method($argument))*;
                call.send().await.map($map).map_err(|error| $crate::error::classify(&$doing, &error))
            }
        }
    }};
}

/// Reads all pages of the list for the kind of `$owner`.
macro_rules! list_for_owner {
    ($store:expr, $owner:expr, $doing:expr, [$role:ident, $user:ident, $group:ident]) => {{
        let (client, name) = (&$store.client, &$owner.name);
        match $owner.kind {
            incident::OwnerKind::Role => {
                let pages = client.$role().role_name(name).into_paginator();
                let all: Result<Vec<_>, _> = pages.items().send().try_collect().await;
                all.map_err(|error| $crate::error::classify(&$doing, &error))
            }
            incident::OwnerKind::User => {
                let pages = client.$user().user_name(name).into_paginator();
                let all: Result<Vec<_>, _> = pages.items().send().try_collect().await;
                all.map_err(|error| $crate::error::classify(&$doing, &error))
            }
            incident::OwnerKind::Group => {
                let pages = client.$group().group_name(name).into_paginator();
                let all: Result<Vec<_>, _> = pages.items().send().try_collect().await;
                all.map_err(|error| $crate::error::classify(&$doing, &error))
            }
        }
    }};
}

pub(crate) use {call_for_owner, list_for_owner};
