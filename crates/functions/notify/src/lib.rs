//! Makes and sends every e-mail of the workflow: the request for a decision, and the reports. If
//! there is a topic for a chat, it gets the same facts, and each decision before it is carried out.

mod sweep;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::config::timeout::TimeoutConfig;
use http::Uri;
use incident::message::{Notified, NotifyCall, NotifyRequest, NotifyTask};
use incident::{ExecutionArn, LinkKey, TaskToken};
use lambda_kit::{Executions, FailureName, HandlerError, SettingError, Sweeps};
use notice::mail::{LinkConfirmation, Links, Mail};
use notice::{ChatMessage, Kind, Notice, proof_of_life};
use serde::de::DeserializeOwned;
use tracing::Instrument as _;

/// How long the only attempt to reach the topic of the chat may take.
const CHAT_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Clone, Debug)]
pub struct Settings {
    /// The topic that the administrator subscribes to.
    pub topic_arn: String,
    /// The topic for Amazon Q Developer in chat applications, if there is one.
    pub chat_topic_arn: Option<String>,
    /// The address of the approval pages, without `/allow` and `/deny`.
    pub api_url: Uri,
    /// Whether a link asks before it decides. The mail says so.
    pub link_confirmation: LinkConfirmation,
    /// The role that the proof of life is written to, if there is one.
    pub probe_role: Option<String>,
}

impl Settings {
    /// Reads the settings that the template gives the function.
    ///
    /// # Errors
    ///
    /// If one is missing or cannot be read.
    pub fn from_env() -> Result<Self, SettingError> {
        let api_url: Uri =
            lambda_kit::parsed("API_URL")?.ok_or(SettingError::Missing("API_URL"))?;
        if api_url.scheme().is_none() {
            return Err(SettingError::Unusable {
                name: "API_URL",
                value: api_url.to_string(),
                problem: "it is not an absolute URL".to_owned(),
            });
        }
        Ok(Self {
            topic_arn: lambda_kit::required("TOPIC_ARN")?,
            chat_topic_arn: lambda_kit::optional("CHAT_TOPIC_ARN")?,
            api_url,
            link_confirmation: lambda_kit::parsed("LINK_CONFIRMATION")?.unwrap_or_default(),
            probe_role: lambda_kit::optional("PROBE_ROLE")?,
        })
    }

    /// The links for a decision on one waiting execution.
    #[must_use]
    pub fn links(&self, token: &TaskToken, execution: &ExecutionArn, key: &LinkKey) -> Links {
        let url = self.api_url.to_string();
        let url = url.trim_end_matches('/');
        // All characters of a token are allowed in a query. Encoded, they would make the line too
        // long for mail servers.
        let (token, name, key) = (token.expose(), encoded(execution.name()), key.expose());
        let link =
            |answer: &str| format!("{url}/{answer}?token={token}&execution={name}&key={key}");
        Links {
            allow: link("allow"),
            deny: link("deny"),
            confirmation: self.link_confirmation,
        }
    }
}

/// A name as part of a query. The caller of `StartExecution` chooses it, so it is encoded.
fn encoded(name: &str) -> String {
    form_urlencoded::byte_serialize(name.as_bytes()).collect()
}

/// Answers one invocation: makes the mail and publishes it, and then tells the chat. A decision is
/// for the chat only.
///
/// The facts of the mail are those that Step Functions sent, never those of the payload. Each task
/// belongs to one state machine: that of the incidents, or that of the sweep.
///
/// # Errors
///
/// If the execution does not run the task, or cannot be read, or if the topic cannot be reached or
/// refuses the mail.
pub async fn handle(
    settings: &Settings,
    sns: &aws_sdk_sns::Client,
    executions: &Executions,
    sweeps: &Sweeps,
    call: NotifyCall,
) -> Result<Notified, HandlerError> {
    if call.task == NotifyTask::ReportSweep {
        return sweep::report(settings, sns, sweeps, &call).await;
    }
    let execution = call.execution.clone();
    let request: NotifyRequest = sent(executions, &call).await?;
    let span = match request.change() {
        Some(change) => lambda_kit::incident_span(&execution, change),
        None => tracing::info_span!("incident", %execution),
    };
    async {
        let probe = settings.probe_role.as_deref();
        let notice = proof_of_life::marked(Notice::from(&request), &request, probe);
        if notice.kind() == Kind::Decision {
            tell_chat(settings, sns, &notice).await;
            return Ok(Notified::default());
        }
        let (mail, notified) = mail(settings, &request, &notice)?;
        send(settings, sns, &notice, &mail).await?;
        Ok(notified)
    }
    .instrument(span)
    .await
}

/// Publishes the mail, and then tells the chat.
async fn send(
    settings: &Settings,
    sns: &aws_sdk_sns::Client,
    notice: &Notice,
    mail: &Mail,
) -> Result<(), HandlerError> {
    publish(settings, sns, mail, notice.execution()).await?;
    tracing::info!(subject = mail.subject(), "the e-mail is sent");
    tell_chat(settings, sns, notice).await;
    Ok(())
}

/// What the state that sends the mail told the function.
async fn sent<Request: DeserializeOwned>(
    executions: &Executions,
    call: &NotifyCall,
) -> Result<Request, HandlerError> {
    let (execution, state) = (&call.execution, call.task.state());
    let sent = executions.running_task(execution, state, call.token.as_ref());
    serde_json::from_value(sent.await?).map_err(|error| {
        let kind = match error.classify() {
            serde_json::error::Category::Data => "a member is missing or has the wrong type",
            _ => "it is not what the state machine sends",
        };
        HandlerError::new(
            FailureName::PayloadMalformed,
            format!(
                "could not read what the state `{state}` of `{execution}` sent ({kind}); make sure that the state machine and the functions are of the same version"
            ),
        )
    })
}

/// The mail, and the answer for when it is sent.
fn mail(
    settings: &Settings,
    request: &NotifyRequest,
    notice: &Notice,
) -> Result<(Mail, Notified), HandlerError> {
    let NotifyRequest::Ask(request) = request else {
        return Ok((Mail::of(notice, None), Notified::default()));
    };
    let key = new_key(&request.execution)?;
    let links = settings.links(&request.token, &request.execution, &key);
    let notified = Notified {
        key_sha256: Some(key.digest()),
        token: Some(request.token.clone()),
    };
    Ok((Mail::of(notice, Some(&links)), notified))
}

fn new_key(execution: &ExecutionArn) -> Result<LinkKey, HandlerError> {
    let mut bytes = [0; LinkKey::BYTES];
    getrandom::fill(&mut bytes).map_err(|error| {
        HandlerError::new(
            FailureName::TransientAwsError,
            format!(
                "could not make the key for the links of `{execution}`, because the system gave no random numbers ({error}); the state machine tries again a few times"
            ),
        )
    })?;
    Ok(LinkKey::from_random(bytes))
}

async fn publish(
    settings: &Settings,
    sns: &aws_sdk_sns::Client,
    mail: &Mail,
    execution: &ExecutionArn,
) -> Result<(), HandlerError> {
    sns.publish()
        .topic_arn(&settings.topic_arn)
        .subject(mail.subject())
        .message(mail.message())
        .send()
        .await
        .map(|_| ())
        .map_err(|error| {
            let fault = lambda_kit::classify(&error);
            HandlerError::new(
                fault.name(),
                format!(
                    "could not publish the e-mail `{}` of `{execution}` to `{}` ({}: {}); check the topic, its key and its policy",
                    mail.subject(), settings.topic_arn, fault.code, fault.message
                ),
            )
        })
}

/// Publishes the facts for a chat, if there is one. A failure is counted and changes nothing else:
/// a second e-mail and a second attempt would cost more than a message that is missing.
async fn tell_chat(settings: &Settings, sns: &aws_sdk_sns::Client, notice: &Notice) {
    let Some(topic) = &settings.chat_topic_arn else {
        return;
    };
    let timeout = TimeoutConfig::builder().operation_timeout(CHAT_TIMEOUT);
    let once = aws_sdk_sns::Config::builder()
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeout.build());
    let message = ChatMessage::of(notice).to_json();
    let publish = sns.publish().topic_arn(topic).message(message);
    if let Err(error) = publish.customize().config_override(once).send().await {
        let fault = lambda_kit::classify(&error);
        lambda_kit::metrics::chat_failed(notice.execution());
        tracing::warn!(
            code = fault.code,
            topic,
            "the chat did not get a message ({}); check the topic, its key and the role of the function",
            fault.message
        );
    }
}

#[must_use]
pub fn client(config: &SdkConfig) -> aws_sdk_sns::Client {
    aws_sdk_sns::Client::new(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_name_token_and_execution_and_stay_below_the_stage() {
        let token = TaskToken::parse("AQCE+a/b==").unwrap();
        let execution =
            ExecutionArn::parse("arn:aws:states:us-east-1:111122223333:execution:guard:one")
                .unwrap();
        for api_url in [
            "https://a1b2.execute-api.us-east-1.amazonaws.com/Prod",
            "https://a1b2.execute-api.us-east-1.amazonaws.com/Prod/",
        ] {
            let settings = Settings {
                topic_arn: "arn:aws:sns:us-east-1:111122223333:topic".to_owned(),
                chat_topic_arn: None,
                api_url: api_url.parse().unwrap(),
                link_confirmation: LinkConfirmation::Required,
                probe_role: None,
            };
            let key = LinkKey::from_random([0; 16]);
            let links = settings.links(&token, &execution, &key);
            assert_eq!(
                links.deny,
                "https://a1b2.execute-api.us-east-1.amazonaws.com/Prod/deny?token=AQCE+a/b==&execution=one&key=AAAAAAAAAAAAAAAAAAAAAA"
            );
            assert_eq!(links.allow, links.deny.replace("/deny", "/allow"));
        }
    }

    #[test]
    fn links_are_short_enough_for_mail_servers() {
        let token = "+/=A".repeat(195);
        assert_eq!(token.len(), 780);
        let name = "d3b0a1c4-5e6f-4a7b-8c9d-0e1f2a3b4c5d_aa00bb11-cc22-dd33-ee44-ff5566778899";
        let execution =
            format!("arn:aws:states:ap-southeast-1:111122223333:execution:guard:{name}");
        let settings = Settings {
            topic_arn: String::new(),
            chat_topic_arn: None,
            api_url: "https://a1b2c3d4e5.execute-api.ap-southeast-1.amazonaws.com/Prod"
                .parse()
                .unwrap(),
            link_confirmation: LinkConfirmation::Required,
            probe_role: None,
        };
        let token = TaskToken::parse(&token).unwrap();
        let key = LinkKey::from_random([7; 16]);
        let execution = ExecutionArn::parse(&execution).unwrap();
        let links = settings.links(&token, &execution, &key);
        for link in [links.allow, links.deny] {
            let around = link.len() - token.expose().len() - key.expose().len();
            assert!(
                around <= 170 && link.len() <= 990,
                "{around} {}",
                link.len()
            );
        }
    }
}
