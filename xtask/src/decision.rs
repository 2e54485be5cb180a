//! The administrator's answer in the demo: given by itself, or by a person in a browser.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use local_aws::{Execution, Mail, browse, poll, report};
use xtask::walkthrough::Answer;

use crate::local::Local;

/// The deadline for what a person does.
const PERSON: Duration = Duration::from_secs(3600);

/// Shows the request, gives the answer or waits for it, and returns both.
pub(crate) async fn decide(
    local: &mut Local<'_>,
    execution: &Execution,
    answer: Option<Answer>,
) -> Result<(Answer, Mail)> {
    let asks = |mail: &Mail| mail.link_to("allow").is_some();
    let request = local.next_mail("the request for a decision", asks).await?;
    let local_link = |answer: Answer| -> Result<String> {
        let link = request.link_to(answer.name());
        let link = link.with_context(|| format!("the e-mail has no link to {}", answer.name()))?;
        Ok(local.emulator.local_link(link))
    };
    report::gap();
    report::step("the links of the e-mail, as they work on this machine:");
    report::detail(&format!("allow: {}", local_link(Answer::Allow)?));
    report::detail(&format!("deny:  {}", local_link(Answer::Deny)?));
    let given = match answer {
        Some(answer) => {
            local.say(&format!(
                "the administrator opens the link ({answer:?}) and presses the button"
            ));
            let page = browse::open_and_confirm(&local_link(answer)?).await?;
            ensure!(
                page.status == 200,
                "the page did not accept the answer (status {}): {}",
                page.status,
                page.body
            );
            answer
        }
        None => wait_for_person(execution).await?,
    };
    Ok((given, request))
}

/// Waits until a person has answered in a browser.
async fn wait_for_person(execution: &Execution) -> Result<Answer> {
    report::gap();
    report::step(
        "open one of the links in a browser; the demo continues when you have decided (Ctrl-C ends it)",
    );
    poll("a decision", PERSON, async || {
        let entered = execution.states_entered().await?;
        let given = |answer: &Answer| entered.iter().any(|state| state == answer.state());
        Ok(Answer::BOTH.into_iter().find(given))
    })
    .await
}
