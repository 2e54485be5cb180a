//! The members by which the splitter tells wrappers and records.

/// The longest key that is compared, and one more.
pub(super) const MAX_KEY: usize = 16;

/// The members of objects that have records in them, so that the object is no unit.
pub(super) const CONTAINERS: [&[u8]; 10] = [
    b"Records",
    b"records",
    b"Events",
    b"events",
    b"logEvents",
    b"results",
    b"QueryResultRows",
    b"auditEvents",
    b"Messages",
    b"hits",
];

/// The members that every record has. Events of other services lack one of them.
pub(super) const ALL_MEMBERS: u8 = 0b1111;

/// The bit of a member that every record has.
pub(super) fn member(key: &[u8]) -> u8 {
    match key {
        b"eventName" => 0b0001,
        b"eventSource" => 0b0010,
        b"eventTime" => 0b0100,
        b"eventID" => 0b1000,
        _ => 0,
    }
}
