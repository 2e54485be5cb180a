//! Exit statuses, which scripts rely on.

/// The result of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing restricted was found.
    Clean,
    /// Something restricted was found; this wins over everything else.
    Restricted,
    /// Something could not be read, or a verdict is not known.
    NotKnown,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Restricted => 1,
            Self::NotKnown => 2,
        }
    }
}
