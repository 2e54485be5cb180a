//! The mailbox of the administrator: a queue that is subscribed to the alert topic.

use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_sdk_sqs::types::QueueAttributeName;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::poll;
use crate::{Clients, Emulator};

/// An e-mail as the administrator gets it, without the footer of SNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The subject, or empty text if there is none.
    pub subject: String,
    pub message: String,
    /// The links in the text, in order, exactly as written.
    pub links: Vec<String>,
}

impl Mail {
    fn new(subject: String, message: String) -> Self {
        let is_link = |word: &&str| word.starts_with("https://") || word.starts_with("http://");
        let links = message.split_whitespace().filter(is_link);
        Self {
            subject,
            links: links.map(str::to_owned).collect(),
            message,
        }
    }

    /// The link to the resource `name` of the approval API, as in `allow` or `deny`.
    pub fn link_to(&self, name: &str) -> Option<&str> {
        let ends_with = |url: &Url| url.path_segments()?.next_back().map(|last| last == name);
        let mut links = self.links.iter().map(String::as_str);
        links.find(|link| Url::parse(link).is_ok_and(|url| ends_with(&url) == Some(true)))
    }
}

/// The e-mails of one topic, from the moment when the mailbox was opened.
#[derive(Debug)]
pub struct Mailbox {
    clients: Clients,
    queue: String,
    mails: Vec<Mail>,
}

impl Mailbox {
    /// Subscribes to the topic. The mailbox does not get e-mails that were sent before.
    pub async fn open(emulator: &Emulator, topic_arn: &str) -> Result<Self> {
        let clients = emulator.clients().clone();
        let name = format!(
            "mailbox-{}",
            topic_arn.rsplit(':').next().unwrap_or_default()
        );
        let create = clients.sqs.create_queue().queue_name(&name);
        let created = create.send().await.context("cannot create the mailbox")?;
        let queue = created.queue_url.context("the mailbox has no URL")?;
        let read = clients.sqs.get_queue_attributes().queue_url(&queue);
        let read = read.attribute_names(QueueAttributeName::QueueArn);
        let found = read.send().await.context("cannot look at the mailbox")?;
        let attributes = found.attributes.unwrap_or_default();
        let arn = attributes.get(&QueueAttributeName::QueueArn);
        let arn = arn.context("the mailbox has no ARN")?;
        // Without this policy, SNS drops every message silently.
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
            }],
        });
        let open = clients.sqs.set_queue_attributes().queue_url(&queue);
        let open = open.attributes(QueueAttributeName::Policy, policy.to_string());
        let opened = open.send().await;
        opened.context("cannot open the mailbox for the topic")?;
        let subscribe = clients.sns.subscribe().topic_arn(topic_arn);
        let subscribed = subscribe.protocol("sqs").endpoint(arn).send().await;
        subscribed.with_context(|| format!("cannot subscribe to `{topic_arn}`"))?;
        Ok(Self {
            clients,
            queue,
            mails: Vec::new(),
        })
    }

    /// All e-mails so far, the oldest first.
    pub async fn mails(&mut self) -> Result<&[Mail]> {
        while self.receive().await? > 0 {}
        Ok(&self.mails)
    }

    /// Waits for an e-mail that `wanted` accepts, and returns the first one. It may have arrived
    /// before the call.
    ///
    /// # Errors
    ///
    /// Fails if no such e-mail arrives in time. The message lists the subjects of the others.
    pub async fn wait_for(
        &mut self,
        what: &str,
        deadline: Duration,
        wanted: impl Fn(&Mail) -> bool,
    ) -> Result<Mail> {
        let found = poll(&format!("an e-mail: {what}"), deadline, async || {
            let mails = self.mails().await?;
            Ok(mails.iter().find(|mail| wanted(mail)).cloned())
        })
        .await;
        found.with_context(|| {
            let subjects = self.mails.iter().map(|mail| &mail.subject);
            let subjects: Vec<&String> = subjects.collect();
            format!("the e-mails that arrived: {subjects:?}")
        })
    }

    async fn receive(&mut self) -> Result<usize> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Notification {
            subject: Option<String>,
            message: String,
        }
        let sqs = &self.clients.sqs;
        let receive = sqs.receive_message().queue_url(&self.queue);
        let answer = receive.max_number_of_messages(10).send().await;
        let answer = answer.context("cannot read the mailbox")?;
        let received = answer.messages.unwrap_or_default();
        for message in &received {
            let body = message.body.as_deref().unwrap_or_default();
            let notification: Notification = serde_json::from_str(body)
                .with_context(|| format!("not an SNS notification: {body}"))?;
            self.mails.push(Mail::new(
                notification.subject.unwrap_or_default(),
                notification.message,
            ));
            let delete = sqs.delete_message().queue_url(&self.queue);
            let delete = delete.set_receipt_handle(message.receipt_handle.clone());
            let deleted = delete.send().await;
            deleted.context("cannot delete an e-mail from the mailbox")?;
        }
        Ok(received.len())
    }
}

#[cfg(test)]
mod tests {
    use super::Mail;

    #[test]
    fn links_are_taken_as_they_are_written() {
        let message = "Decide:\nhttps://a.example/Prod/allow?token=x%2By\nhttps://a.example/Prod/deny?token=x%2By\n(see docs)";
        let mail = Mail::new(String::new(), message.to_owned());
        assert_eq!(
            mail.link_to("allow"),
            Some("https://a.example/Prod/allow?token=x%2By")
        );
        assert_eq!(
            mail.link_to("deny"),
            Some("https://a.example/Prod/deny?token=x%2By")
        );
        assert_eq!(mail.link_to("Prod"), None);
        assert_eq!(mail.links.len(), 2);
    }
}
