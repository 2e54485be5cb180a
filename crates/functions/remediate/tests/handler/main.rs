//! `remediate` on IAM in memory, for executions as Step Functions shows them.
//!
//! Each sentence of the design's second and third principle that is `remediate`'s, and the test
//! that holds it:
//!
//! | sentence | test |
//! |---|---|
//! | `remediate` gets the ARN of an execution and nothing else that counts | `other_members_of_a_payload_are_ignored` |
//! | It must be running | `an_execution_that_cannot_call_is_not_mine` |
//! | … belong to this state machine | `an_execution_that_cannot_call_is_not_mine` |
//! | … not to a version or an alias of it | `an_execution_that_cannot_call_is_not_mine` |
//! | … never have been redriven | `an_execution_that_cannot_call_is_not_mine` |
//! | … its last entered state must be `TempRemove` | `an_execution_in_another_state_is_not_mine` |
//! | Subject, identity, attempts and waiting come from its history | `what_counts_is_read_from_the_history`, `an_absent_policy_is_gone_only_after_waiting` |
//! | A caller that may only invoke the functions can do nothing with them | all of `whose.rs` assert that no call to IAM was made |
//! | Every step before a write compares identity, of a managed policy | `a_policy_that_was_made_again_is_another_target` |
//! | … of an inline policy, its owner's | `a_policy_of_an_owner_that_was_made_again_is_another_target` |
//! | … also between two steps | `a_policy_that_is_made_again_between_two_steps_is_left_alone` |
//! | If anything differs: `superseded`, untouched | the three before |
//! | What is contained is what is in force now | `what_is_in_force_now_is_contained_in_its_place` |
//! | What would be lost is in the execution first | `a_version_makes_room_only_after_its_document_is_kept`, `an_inline_document_is_kept_before_it_is_overwritten` |

#![cfg(test)]

mod inline;
mod managed;
mod support;
mod whose;
