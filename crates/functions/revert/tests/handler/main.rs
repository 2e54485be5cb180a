//! `revert` on IAM in memory, for executions as Step Functions shows them.
//!
//! Each sentence of the design's second and third principle that is `revert`'s, and the test that
//! holds it:
//!
//! | sentence | test |
//! |---|---|
//! | `revert` gets the ARN of an execution and nothing else that counts | `other_members_of_a_payload_are_ignored` |
//! | It must be running, belong to this state machine, not to a version or an alias of it, never have been redriven | `an_execution_that_cannot_call_is_not_mine` |
//! | Its last entered state must be `Approved` or `Denied` | `an_execution_in_another_state_is_not_mine` |
//! | An execution that waits for a decision calls no function | `an_execution_that_waits_for_a_decision_is_not_mine` |
//! | Original, quarantine and decision come from its history | `an_allow_puts_the_original_back`, `a_denial_removes_the_original_version`, `an_expiry_changes_nothing` |
//! | An allow is one to this execution, in the state for it | `a_decision_that_is_no_allow_of_this_execution_puts_nothing_back` |
//! | Everything else counts as deny | `in_the_state_denied_nothing_is_allowed` |
//! | Every step before a write compares identity | `a_target_that_was_made_again_is_left_alone` |
//! | … version id, `CreateDate` and meaning of the document | `a_denial_deletes_only_the_version_that_was_contained` |
//! | If anything differs: `superseded`, untouched | the two before, `a_decision_after_a_newer_change_touches_nothing` |

#![cfg(test)]

mod deciding;
mod proof;
mod support;
mod whose;
