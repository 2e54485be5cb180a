use anyhow::{Context as _, Result};
use local_aws::Mailbox;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::mails::Mails;

/// The messages for a chat, of a stack with `ChatNotifications`.
#[derive(Debug)]
pub(crate) struct Chat(Mutex<Mails>);

/// A message for a chat, as Amazon Q Developer in chat applications gets it.
#[derive(Clone, Debug)]
pub struct ChatMessage {
    /// The message as it was published.
    pub text: String,
    pub json: Value,
}

impl Chat {
    pub(crate) fn of(mailbox: Mailbox) -> Self {
        Self(Mutex::new(Mails::of(mailbox)))
    }

    /// The messages of one thread until now, the oldest first.
    pub(crate) async fn thread(&self, thread: &str) -> Result<Vec<ChatMessage>> {
        let mut messages = self.0.lock().await;
        let all = messages.since(std::time::Instant::now()).await?;
        let read = |text: &String| {
            let json = serde_json::from_str(text);
            let json = json.with_context(|| format!("a message is not JSON: {text}"))?;
            let text = text.clone();
            Ok::<_, anyhow::Error>(ChatMessage { text, json })
        };
        let all: Vec<ChatMessage> = all
            .iter()
            .map(|message| read(&message.message))
            .collect::<Result<_>>()?;
        let is_in_thread = |it: &ChatMessage| it.member("/metadata/threadId") == thread;
        Ok(all.into_iter().filter(is_in_thread).collect())
    }
}

impl ChatMessage {
    /// A member of the message, by its JSON pointer.
    pub fn member(&self, pointer: &str) -> &str {
        self.json
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// What the message says beneath its title.
    pub fn description(&self) -> &str {
        self.member("/content/description")
    }
}
