//! What a sweep leaves for the next one.

use incident::OwnerKind;
use incident::survey::{GrantId, SweepOutput};
use serde_json::{Value, json};

use crate::world::{World, own};
use crate::{DENIES, GRANTS, Guard};

/// An account with so many restricted inline policies, and as many that deny, with long names.
fn wide(grants: usize, denials: usize) -> World {
    let mut world = World::default();
    for number in 0..grants.max(denials) {
        let name = format!("{}{number}", "r".repeat(50));
        world.create(OwnerKind::Role, &name);
        if number < grants {
            world.put(OwnerKind::Role, &name, "grant", GRANTS);
        }
        if number < denials {
            world.put(OwnerKind::Role, &name, &"d".repeat(128), DENIES);
        }
    }
    world
}

#[test]
fn the_output_stays_below_200_kilobytes() {
    let world = wide(SweepOutput::MAX_GRANTS, 3_000);
    let mut guard = Guard::default();
    let output = guard.sweep(&world, None).output;
    assert_eq!(output.memory.len(), SweepOutput::MAX_GRANTS);
    assert!(!output.too_wide);
    let text = serde_json::to_string(&output).unwrap();
    assert!(text.len() < 200_000, "{}", text.len());
    assert_eq!(output.denials.len() + output.more_denials, 3_000);
    assert!(output.more_denials > 2_000 && output.denials.len() > 200);
    let taken = serde_json::to_string(&output.denials).unwrap().len();
    assert!(taken <= SweepOutput::DENIAL_BYTES + 2, "{taken}");
    // What has no room is not gone.
    let again = guard.sweep(&world, Some(&output));
    assert_eq!((again.gone.len(), again.fresh.len()), (0, 0));
}

/// Whoever adds denials may push others out, and makes none of them gone.
#[test]
fn more_denials_push_others_out_and_report_none() {
    let mut guard = Guard::default();
    let few = guard.sweep(&wide(0, 250), None).output;
    assert_eq!(few.more_denials, 0);
    let many = guard.sweep(&wide(0, 600), Some(&few));
    assert!(many.output.more_denials > 0);
    assert_eq!(many.gone.len(), 0);
}

#[test]
fn what_is_no_output_of_a_sweep_is_not_read() {
    let world = World::old();
    let output = Guard::default().sweep(&world, None).output;
    let value = serde_json::to_value(&output).unwrap();
    let read = |value: &Value| SweepOutput::read(&value.to_string());
    assert_eq!(read(&value).unwrap(), output);
    for text in ["", "null", "{}", "[]", r#"{"busy":"arn"}"#] {
        SweepOutput::read(text).unwrap_err();
    }
    for (member, wrong) in [
        ("memory", json!(["short"])),
        ("memory", json!([1])),
        ("memory", json!("all")),
        ("startedAt", json!("yesterday")),
        ("rules", Value::Null),
        ("lost", json!(["short"])),
        ("asked", json!("all")),
        ("counts", json!({})),
    ] {
        let mut other = value.clone();
        other[member] = wrong;
        assert!(read(&other).is_err(), "{member}");
    }
    for member in ["memory", "rules", "startedAt", "counts"] {
        let mut other = value.clone();
        other.as_object_mut().unwrap().remove(member);
        assert!(read(&other).is_err(), "{member}");
    }
    // The order is no matter of trust, and what the state machine adds is left alone.
    let mut other = value.clone();
    other["memory"].as_array_mut().unwrap().reverse();
    other["probeError"] = json!("Throttled");
    assert_eq!(read(&other).unwrap(), output);
    // A denial that nobody can read is nobody's.
    let mut other = value;
    other["denials"] = json!(["", "AROA", "AROA strange name", "AROA inline"]);
    let read = read(&other).unwrap();
    let mut guard = Guard::default();
    assert_eq!(guard.sweep(&world, Some(&read)).gone, []);
}

#[test]
fn ids_of_different_things_differ() {
    let mut world = World::old();
    world.policy(&own("other"), GRANTS);
    let output = Guard::default().sweep(&world, None).output;
    let mut ids: Vec<&GrantId> = output.memory.iter().collect();
    ids.dedup();
    // With the policies and the groups that hold something.
    assert_eq!(ids.len(), output.counts.restricted.total() + 3 + 4);
    for wrong in [
        "",
        "q3Fz",
        "q3Fzq3Fzq3Fzq3F=",
        "q3Fzq3Fzq3Fzq3Fzq3Fz",
        "q3Fz q3Fzq3Fzq3F",
    ] {
        GrantId::try_from(wrong.to_owned()).unwrap_err();
    }
}
