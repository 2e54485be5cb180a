//! The parameter `Mode`.

use strum::{EnumString, VariantNames};

use crate::UnknownValue;

/// What the guard does about restricted permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, VariantNames)]
#[strum(parse_err_ty = UnknownValue, parse_err_fn = UnknownValue::of::<Self>)]
pub enum Mode {
    /// It removes them and asks the administrator.
    #[default]
    Enforce,
    /// It reports them to the administrator and changes no policy.
    Monitor,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_mode_is_refused_with_the_known_ones() {
        assert_eq!("Monitor".parse(), Ok(Mode::Monitor));
        for wrong in ["", "monitor", "Enforce "] {
            let error = wrong.parse::<Mode>().unwrap_err();
            assert_eq!(error.to_string(), "it must be `Enforce` or `Monitor`");
        }
    }
}
