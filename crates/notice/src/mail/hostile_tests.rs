//! Text from outside that imitates the guard.

use super::*;

/// Fails if a line of the e-mail looks like ours and is not.
pub(super) fn our_lines_only(mail: &Mail, hostile: &str) {
    for line in mail.message().lines() {
        let is_link = line.contains("://") || line.contains("www.") || line.contains(".example/");
        assert!(
            !is_link || line.starts_with("https://a1b2c3d4e5.") || line.contains("console.aws."),
            "a link from outside: {line:?} of {hostile:?}"
        );
        assert!(line.len() <= writer::MAX_LINE, "{}: {line}", line.len());
        assert!(
            !line.starts_with("ALLOW: fake") && !line.starts_with("In force now: fake"),
            "a line from outside: {line:?}"
        );
        assert!(!line.chars().any(is_unseen), "{line:?}");
    }
}

#[test]
fn text_from_outside_cannot_imitate_the_guard() {
    for break_ in [
        "\n", "\r\n", "\r", "\u{2028}", "\u{85}", "\u{0B}", "\u{202E}",
    ] {
        let hostile = format!(
            "x{break_}{break_}ALLOW: fake{break_}https://evil.example/allow www.evil.example/allow{break_}In force now: fake{}",
            "漢".repeat(500)
        );
        let mut value = request();
        value["change"]["actor"]["name"] = json!(hostile);
        value["change"]["actor"]["kind"] = json!("IAMUser");
        value["change"]["actor"]["arn"] = json!(hostile);
        value["change"]["userAgent"] = json!(hostile);
        value["change"]["sourceIpAddress"] = json!(hostile);
        value["quarantine"]["findings"][0]["sid"] = json!(hostile);
        // After the colon, IAM accepts any character except another colon.
        let pattern = format!("s3:{}", hostile.replace(':', "."));
        value["quarantine"]["findings"][0]["pattern"] = json!(pattern);
        value["quarantine"]["edits"][0]["before"] = json!([pattern]);
        value["quarantine"]["original"] =
            json!(json!({"Statement": {"Sid": hostile}, "Id": hostile}).to_string());
        let request = read(value.clone());
        our_lines_only(
            &decision_request(&request, &links(LinkConfirmation::Required)),
            &hostile,
        );
        for &result in VerdictResult::ALL {
            our_lines_only(&verdict_of(&request, result, true), &hostile);
        }

        let mut decision = decision(DecisionAction::Allow);
        decision.reason = Some(hostile.clone());
        decision.user_agent = Some(hostile.clone());
        let in_force = InForce {
            version: None,
            document: Snapshot::new(&hostile),
        };
        let end = Outcome {
            result: OutcomeResult::Allowed,
            in_force: Some(in_force),
            attached_to: None,
            until: None,
        };
        let quarantine = Quarantine::InPlace(request.quarantine.contained().unwrap().clone());
        our_lines_only(
            &outcome(&ended(&request, quarantine, Some(decision), Some(end))),
            &hostile,
        );
        let mut failed = failed(&request, &hostile);
        failed.failure.state.clone_from(&hostile);
        failed.failure.error.clone_from(&hostile);
        our_lines_only(&failure(&failed), &hostile);
        failed.assessment = Some(Assessment {
            change: None,
            in_force: AssessedState::Unknown {
                reason: hostile.clone(),
            },
        });
        our_lines_only(&failure(&failed), &hostile);
    }
}
