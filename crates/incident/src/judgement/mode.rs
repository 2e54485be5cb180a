use std::str::FromStr;

/// What is done about restricted permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They are taken out, and the administrator is asked.
    #[default]
    Enforce,
    /// The administrator is told, and no policy is changed.
    Monitor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be `Enforce` or `Monitor`")]
pub struct ModeError;

impl FromStr for Mode {
    type Err = ModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Enforce" => Ok(Self::Enforce),
            "Monitor" => Ok(Self::Monitor),
            _ => Err(ModeError),
        }
    }
}
