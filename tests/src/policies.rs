use serde_json::json;

/// A document with one statement that allows `actions` on everything.
#[must_use]
pub fn document(actions: &[&str]) -> String {
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{"Sid": "Story", "Effect": "Allow", "Action": actions, "Resource": "*"}],
    });
    document.to_string()
}
