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
        let input = json!({ "verdict": {}, "decision": decision }).to_string();
        let data = StateData::read(None, Some(&input));
        assert_eq!(data.decision().unwrap().action, action, "{decision}");
    }
    assert_eq!(StateData::default().decision(), None);
}
