//! Makes and sends every e-mail of the workflow: the request for a decision, and what else is told.

use aws_config::SdkConfig;
use aws_sdk_sns::error::ProvideErrorMetadata as _;
use http::Uri;
use incident::message::{Notified, NotifyRequest};
use incident::{ExecutionArn, TaskToken};
use lambda_kit::{HandlerError, SettingError};
use notice::mail::{self, LinkConfirmation, Links, Mail};
use tracing::Instrument as _;

#[derive(Clone, Debug)]
pub struct Settings {
    /// The topic that the administrator subscribes to.
    pub topic_arn: String,
    /// Where the approval pages are, without `/allow` and `/deny`.
    pub api_url: Uri,
    /// Whether a link asks before it decides, which the mail says.
    pub link_confirmation: LinkConfirmation,
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
            api_url,
            link_confirmation: lambda_kit::parsed("LINK_CONFIRMATION")?.unwrap_or_default(),
        })
    }

    /// The links for a decision on one waiting execution.
    #[must_use]
    pub fn links(&self, token: &TaskToken, execution: &ExecutionArn) -> Links {
        let link = |answer: &str| {
            let url = self.api_url.to_string();
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("token", token.expose())
                .append_pair("execution", execution.as_str())
                .finish();
            format!("{}/{answer}?{query}", url.trim_end_matches('/'))
        };
        Links {
            allow: link("allow"),
            deny: link("deny"),
            confirmation: self.link_confirmation,
        }
    }
}

/// Answers one invocation: makes the mail and publishes it.
///
/// # Errors
///
/// A topic that cannot be reached or refuses the mail.
pub async fn handle(
    settings: &Settings,
    sns: &aws_sdk_sns::Client,
    request: NotifyRequest,
) -> Result<Notified, HandlerError> {
    let execution = request.execution().clone();
    let span = match request.change() {
        Some(change) => lambda_kit::incident_span(&execution, change),
        None => tracing::info_span!("incident", %execution),
    };
    async {
        let mail = mail(settings, &request);
        publish(settings, sns, &mail, &execution).await?;
        tracing::info!(subject = mail.subject(), "the e-mail is sent");
        Ok(Notified {
            token: match request {
                NotifyRequest::Ask(request) => Some(request.token),
                NotifyRequest::TellVerdict(_)
                | NotifyRequest::TellOutcome(_)
                | NotifyRequest::TellFailure(_) => None,
            },
        })
    }
    .instrument(span)
    .await
}

fn mail(settings: &Settings, request: &NotifyRequest) -> Mail {
    match request {
        NotifyRequest::Ask(request) => {
            let links = settings.links(&request.token, &request.execution);
            mail::decision_request(request, &links)
        }
        NotifyRequest::TellVerdict(request) => mail::verdict(&request.verdict, &request.execution),
        NotifyRequest::TellOutcome(request) => mail::outcome(request),
        NotifyRequest::TellFailure(request) => mail::failure(request),
    }
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
            let fault = lambda_kit::fault(&error, |error| (error.code(), error.message()));
            HandlerError::new(
                fault.name(),
                format!(
                    "could not publish the e-mail `{}` of `{execution}` to `{}` ({}: {}); check the topic, its key and its policy",
                    mail.subject(), settings.topic_arn, fault.code, fault.message
                ),
            )
        })
}

#[must_use]
pub fn client(config: &SdkConfig) -> aws_sdk_sns::Client {
    aws_sdk_sns::Client::new(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_percent_encoded_and_stay_below_the_stage() {
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
                api_url: api_url.parse().unwrap(),
                link_confirmation: LinkConfirmation::Required,
            };
            let links = settings.links(&token, &execution);
            assert_eq!(
                links.deny,
                "https://a1b2.execute-api.us-east-1.amazonaws.com/Prod/deny?token=AQCE%2Ba%2Fb%3D%3D&execution=arn%3Aaws%3Astates%3Aus-east-1%3A111122223333%3Aexecution%3Aguard%3Aone"
            );
            assert_eq!(links.allow, links.deny.replace("/deny", "/allow"));
        }
    }
}
