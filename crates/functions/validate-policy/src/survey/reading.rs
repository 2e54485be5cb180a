//! The pages of the account.

use std::time::Duration;

use iam_account::{Account, AccountBuilder, List};
use incident::judgement::GuardConfig;
use incident::survey::Collector;
use policy_store::{PolicyStore, StoreError, StoreErrorKind, SurveyedPage};

use super::entries;

/// The pauses after a page that IAM throttles. The function has five minutes.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(30),
];

/// Gives each entry of the account to the collector, and to the code that tells who holds what.
pub(super) async fn read(
    store: &PolicyStore,
    rules: &GuardConfig,
    collector: &mut Collector<'_>,
) -> Result<Account, StoreError> {
    let mut holders = AccountBuilder::new(rules.restricted.clone()).without_reach();
    let mut pauses = PAUSES.iter();
    let mut marker = None;
    loop {
        let page = match store.account_page(marker.as_deref()).await {
            Ok(page) => page,
            Err(error) => match pauses.next() {
                Some(pause) if error.kind != StoreErrorKind::Refused => {
                    tracing::warn!(%error, seconds = pause.as_secs(), "the sweep slows down");
                    tokio::time::sleep(*pause).await;
                    continue;
                }
                _ => return Err(error),
            },
        };
        let SurveyedPage {
            principals,
            policies,
            next,
        } = page;
        for principal in principals {
            holders.add(entries::of_principal(&principal));
            collector.principal(principal);
        }
        for policy in policies {
            holders.add(entries::of_policy(&policy));
            collector.policy(policy);
        }
        holders.end_page(&List::ALL, next.is_some());
        marker = next;
        if marker.is_none() {
            return Ok(holders.build(|_| None));
        }
    }
}
