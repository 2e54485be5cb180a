//! The parameter `Mode`.

use strum::{EnumString, VariantNames};

use iam_policy::Response;

use crate::UnknownValue;

/// The strictest response of the guard, whatever the lists say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, VariantNames)]
#[strum(parse_err_ty = UnknownValue, parse_err_fn = UnknownValue::of::<Self>)]
pub enum Mode {
    /// It does what the lists say.
    #[default]
    Enforce,
    /// It asks the administrator before it changes anything.
    Ask,
    /// It reports to the administrator and changes nothing.
    Monitor,
}

impl Mode {
    /// The response to what a list names, at most as strict as this mode.
    #[must_use]
    pub fn at_most(self, response: Response) -> Response {
        response.min(match self {
            Self::Enforce => Response::Contain,
            Self::Ask => Response::Ask,
            Self::Monitor => Response::Report,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_mode_is_refused_with_the_known_ones() {
        assert_eq!("Ask".parse(), Ok(Mode::Ask));
        for wrong in ["", "monitor", "Enforce "] {
            let error = wrong.parse::<Mode>().unwrap_err();
            assert_eq!(
                error.to_string(),
                "it must be `Enforce`, `Ask` or `Monitor`"
            );
        }
    }
}
