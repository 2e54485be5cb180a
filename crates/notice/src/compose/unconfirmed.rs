//! The text about an event that nothing confirms, of a document that the last sweep knew.

/// The first sentence, and further paragraphs.
pub(super) fn text(policy: &str) -> (String, Vec<String>) {
    let sentence = format!(
        "An event says that someone wrote the policy {policy}, but nothing confirms it. The guard changed nothing, so its restricted permissions ARE IN FORCE as before."
    );
    let more = [
        "The last sweep found this document in force already. CloudTrail does not know the event, or knows another one under the same id, or the event is older than that sweep. Someone may have made it up, or sent an old one again.",
        "Find out who sent it: look for StartExecution in the CloudTrail event history, and at the input of the execution. If the permissions should not stay, remove them by hand. The guard judges that change like any other.",
    ];
    (sentence, more.map(str::to_owned).to_vec())
}
