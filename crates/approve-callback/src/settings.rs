use lambda_kit::SettingError;

/// What the function is set up with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The state machine whose executions links may name.
    pub state_machine_arn: String,
    /// Whether a link asks before it decides.
    pub link_confirmation: LinkConfirmation,
}

/// Whether a GET asks or decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkConfirmation {
    /// A GET shows a page with a button, and the button decides.
    Required,
    /// A GET decides at once, as in the published walkthrough.
    None,
}

impl Settings {
    /// Reads the settings that the template gives the function.
    ///
    /// # Errors
    ///
    /// Where the state machine is missing or `LINK_CONFIRMATION` is neither `Required` nor `None`.
    pub fn from_env() -> Result<Self, SettingError> {
        const LINK_CONFIRMATION: &str = "LINK_CONFIRMATION";
        let link_confirmation = match lambda_kit::optional(LINK_CONFIRMATION)? {
            None => LinkConfirmation::Required,
            Some(value) => match value.as_str() {
                "Required" => LinkConfirmation::Required,
                "None" => LinkConfirmation::None,
                _ => {
                    return Err(SettingError::Unusable {
                        name: LINK_CONFIRMATION,
                        value,
                        problem: "it must be `Required` or `None`".to_owned(),
                    });
                }
            },
        };
        Ok(Self {
            state_machine_arn: lambda_kit::required("STATE_MACHINE_ARN")?,
            link_confirmation,
        })
    }
}
