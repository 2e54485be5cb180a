use lambda_kit::sdk_config;
use policy_store::PolicyStore;
use tokio::sync::OnceCell;

/// IAM, reached only when a record does not carry its document.
///
/// Most records do, and a judgement without IAM pays for no SDK client.
#[derive(Debug, Default)]
pub struct LazyStore(OnceCell<PolicyStore>);

impl LazyStore {
    /// A store that is made on first use.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that is there already, for tests.
    #[must_use]
    pub fn ready(store: PolicyStore) -> Self {
        Self(OnceCell::new_with(Some(store)))
    }

    /// The store.
    pub async fn get(&self) -> &PolicyStore {
        self.0
            .get_or_init(async || PolicyStore::new(&sdk_config()))
            .await
    }
}
