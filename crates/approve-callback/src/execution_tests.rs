use super::*;
use serde_json::json;

#[test]
fn an_answer_from_elsewhere_counts_as_the_state_machine_counts_it() {
    for (decision, action) in [
        (json!({"action": "allow"}), DecisionAction::Allow),
        (
            json!({"action": "allow", "time": "now"}),
            DecisionAction::Allow,
        ),
        (json!({"action": "ALLOW"}), DecisionAction::Deny),
        (json!("allow"), DecisionAction::Deny),
        (json!({}), DecisionAction::Deny),
        (json!({"action": "expire"}), DecisionAction::Expire),
    ] {
        let data = StateData(json!({ "decision": decision }));
        assert_eq!(data.decision().unwrap().action, action, "{decision}");
    }
    assert_eq!(StateData(json!({})).decision(), None);
}
