//! AWS accounts and the zone of trust.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::message::Short;

/// The id of an AWS account: twelve digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct AccountId(u64);

impl AccountId {
    /// The account with this id.
    pub(super) fn read(text: &str) -> Option<AccountId> {
        let is_id = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_id.then(|| text.parse().ok().map(AccountId)).flatten()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

/// The accounts that trust policies may allow without a report.
///
/// [`str::parse`] reads the list from account ids of twelve digits, separated by commas. Blank
/// entries are skipped, and so is white space around entries. The list may be empty, which is the
/// default.
///
/// ```
/// use iam_policy::TrustedAccounts;
///
/// assert!("111122223333, 444455556666".parse::<TrustedAccounts>().is_ok());
/// assert_eq!("".parse(), Ok(TrustedAccounts::default()));
/// assert_eq!(
///     "111122223333,4444-5555-6666".parse::<TrustedAccounts>().unwrap_err().to_string(),
///     "reading the list of trusted accounts: `4444-5555-6666` is not an account id; write its twelve digits, and \
///      separate accounts by commas",
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedAccounts {
    ids: BTreeSet<AccountId>,
}

impl FromStr for TrustedAccounts {
    type Err = TrustedAccountsError;

    fn from_str(list: &str) -> Result<TrustedAccounts, TrustedAccountsError> {
        let entries = list.split(',').map(str::trim);
        let ids = entries
            .filter(|entry| !entry.is_empty())
            .map(|entry| {
                AccountId::read(entry).ok_or_else(|| TrustedAccountsError {
                    entry: entry.to_owned(),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(TrustedAccounts { ids })
    }
}

/// An entry of a list of trusted accounts that is not an account id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "reading the list of trusted accounts: `{}` is not an account id; write its twelve digits, and separate accounts by \
     commas",
    Short(.entry)
)]
pub struct TrustedAccountsError {
    entry: String,
}

impl TrustedAccountsError {
    /// The entry.
    #[must_use]
    pub fn entry(&self) -> &str {
        &self.entry
    }
}

/// The zone of trust: the account of the role, and the accounts that it trusts.
#[derive(Clone, Copy, Debug)]
pub(super) struct ZoneOfTrust<'a> {
    own: Option<AccountId>,
    trusted: &'a TrustedAccounts,
}

impl<'a> ZoneOfTrust<'a> {
    /// The zone of this account and the trusted accounts; only the trusted accounts if `own` is not
    /// an account id.
    pub(super) fn new(own: &str, trusted: &'a TrustedAccounts) -> ZoneOfTrust<'a> {
        let own = AccountId::read(own);
        ZoneOfTrust { own, trusted }
    }

    pub(super) fn contains(&self, account: AccountId) -> bool {
        self.own == Some(account) || self.trusted.ids.contains(&account)
    }
}
