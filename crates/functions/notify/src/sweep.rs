//! The e-mail of a sweep.

use incident::message::{Notified, NotifyCall, ReportSweep};
use lambda_kit::{HandlerError, Sweeps};
use notice::Notice;
use notice::mail::Mail;
use tracing::Instrument as _;

use crate::{Settings, send, sent};

/// Sends the report of the sweep that runs.
pub(crate) async fn report(
    settings: &Settings,
    sns: &aws_sdk_sns::Client,
    sweeps: &Sweeps,
    call: &NotifyCall,
) -> Result<Notified, HandlerError> {
    let request: ReportSweep = sent(sweeps.executions(), call).await?;
    let span = tracing::info_span!("sweep", execution = %call.execution);
    async {
        let notice = Notice::from(&request);
        send(settings, sns, &notice, &Mail::of(&notice, None)).await?;
        Ok(Notified::default())
    }
    .instrument(span)
    .await
}
