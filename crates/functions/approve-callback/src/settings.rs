use incident::DecideBy;
use lambda_kit::SettingError;
use notice::mail::LinkConfirmation;

use crate::late::LateLinks;

#[derive(Clone, Debug)]
pub struct Settings {
    /// The state machine whose executions links may name.
    pub state_machine_arn: String,
    /// Whether a link asks before it decides.
    pub link_confirmation: LinkConfirmation,
    /// Whether an allow needs the key of the link.
    pub decide_by: DecideBy,
    pub late_links: LateLinks,
    /// The role that the proof of life is written to, if there is one.
    pub probe_role: Option<String>,
}

impl Settings {
    /// Reads the settings that the template gives the function.
    ///
    /// # Errors
    ///
    /// If `STATE_MACHINE_ARN` or `DECIDE_BY` is missing, or a setting has a wrong value.
    pub fn from_env() -> Result<Self, SettingError> {
        Ok(Self {
            state_machine_arn: lambda_kit::required("STATE_MACHINE_ARN")?,
            link_confirmation: lambda_kit::parsed("LINK_CONFIRMATION")?.unwrap_or_default(),
            decide_by: lambda_kit::parsed("DECIDE_BY")?
                .ok_or(SettingError::Missing("DECIDE_BY"))?,
            late_links: LateLinks::default(),
            probe_role: lambda_kit::optional("PROBE_ROLE")?,
        })
    }
}
