//! Whom the trust policies of all roles let in.

use std::collections::HashMap;

use crate::arn;
use crate::bits::Bits;
use crate::permits::Permits;
use crate::trust::{Strength, Trust};

/// A role.
pub(crate) struct Role<'a> {
    pub(crate) arn: &'a str,
    pub(crate) trust: Option<&'a Trust>,
    /// How many restricted patterns it holds for certain, and how many it may hold.
    pub(crate) weight: (usize, usize),
}

/// Roles that principals can become by their accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Shared {
    pub(crate) any: Bits,
    pub(crate) sure: Bits,
}

/// Whom the trust policies of all roles let in.
pub(crate) struct OpenDoors<'a> {
    roles: &'a [Role<'a>],
    /// The roles that are open to all principals of an account, if their policies allow it.
    accounts: HashMap<&'a str, Shared>,
    /// The roles that name a principal.
    named: HashMap<&'a str, Vec<u32>>,
    /// The roles for which only the ARN of a principal tells.
    others: Vec<u32>,
}

impl<'a> OpenDoors<'a> {
    pub(crate) fn new(roles: &'a [Role<'a>]) -> OpenDoors<'a> {
        let mut open = OpenDoors {
            roles,
            accounts: HashMap::new(),
            named: HashMap::new(),
            others: Vec::new(),
        };
        for (at, role) in roles.iter().enumerate() {
            let (Some(trust), Ok(number)) = (role.trust, u32::try_from(at)) else {
                continue;
            };
            let Some(doors) = trust.doors() else {
                open.others.push(number);
                continue;
            };
            for (account, strength) in doors.accounts {
                let shared = open.accounts.entry(account).or_default();
                shared.any.insert(at);
                if strength == Strength::Yes {
                    shared.sure.insert(at);
                }
            }
            for arn in doors.arns {
                open.named.entry(arn).or_default().push(number);
            }
        }
        open
    }

    pub(crate) fn shared(&self, permits: &Permits, account: &str) -> Shared {
        let open = self.accounts.get(account);
        open.map_or_else(Shared::default, |open| Shared {
            any: open.any.and(&permits.any),
            sure: open.sure.and(&permits.sure),
        })
    }

    /// The edges that depend on the ARN of a principal; `None` if it takes too long to find out.
    pub(crate) fn own(
        &self,
        principal: &str,
        permits: &Permits,
        steps: &mut usize,
    ) -> Option<Vec<(u32, Strength)>> {
        let named = self.named.get(principal).into_iter().flatten();
        let mut own = Vec::new();
        for number in named.chain(&self.others) {
            *steps = steps.checked_sub(200)?;
            let at = usize::try_from(*number).ok()?;
            let Some(role) = self.roles.get(at) else {
                continue;
            };
            let Some(trust) = role.trust else { continue };
            let admission = trust.admit(principal, arn::account(role.arn));
            let alone = match (permits.denied.contains(at), permits.doubted.contains(at)) {
                (true, _) => Strength::No,
                (false, true) => Strength::Maybe,
                (false, false) => Strength::Yes,
            };
            let permitted = match (permits.sure.contains(at), permits.any.contains(at)) {
                (true, _) => Strength::Yes,
                (false, true) => Strength::Maybe,
                (false, false) => Strength::No,
            };
            let by_trust = admission.alone.min(alone);
            let strength = by_trust.max(admission.if_permitted.min(permitted));
            if strength > Strength::No {
                own.push((*number, strength));
            }
        }
        own.sort_unstable();
        own.dedup();
        Some(own)
    }
}
