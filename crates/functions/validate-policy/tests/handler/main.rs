//! `validate-policy` on IAM in memory.
//!
//! Each sentence of the design's first principle, and the test that holds it:
//!
//! | sentence | test |
//! |---|---|
//! | An event says only: look at this subject | `the_document_of_a_record_does_not_decide` |
//! | What is judged is what the guard itself read from IAM | `what_is_judged_is_what_iam_shows` |
//! | A restricted grant that IAM shows is contained at once, whichever write put it there | `a_restricted_grant_that_iam_shows_is_contained_at_once_after_any_write` |
//! | Only what looks clean or absent is waited for, when the event names something newer | `only_what_looks_clean_or_absent_is_waited_for` |
//! | … that IAM does not show yet | `a_newer_version_in_force_shows_that_the_read_is_current` |
//! | A version that the event names and that is not in force any more is judged too, as IAM holds it | `a_named_version_that_is_no_longer_in_force_is_judged_as_iam_holds_it` |
//! | … of an inline policy: the record's text | `the_text_of_the_record_is_judged_for_an_inline_policy` |
//! | If it was restricted, the outcome is `withdrawn` | the two before |
//! | If what is in force means the same as our own remediation of it: `alreadyContained` | `what_our_own_remediation_replaced_was_not_withdrawn` |
//! | A record that says that its new version did not become the default is a hint to what is in force only | `a_record_whose_version_is_not_the_default_is_not_in_force` |
//! | A duplicate that comes after an allow is a new incident | `a_duplicate_that_comes_after_an_allow_is_a_new_incident` |
//! | `ExemptPrincipals` reads the caller from the record | `exempt_principals_are_read_from_the_record` |
//! | The first state's output is a new object that holds the cut event; no other member of an execution's input survives | `no_other_member_of_an_executions_input_survives` |

#![cfg(test)]

mod assessing;
mod corpus;
mod denials;
mod faults;
mod judging;
mod known;
mod padded;
mod reserved;
mod stood;
mod support;
mod survey;
mod survey_bounds;
mod whose;
mod world;
