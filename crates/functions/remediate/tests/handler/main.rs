//! `remediate` on IAM in memory, with the actions taken as the state machine takes them.

#![cfg(test)]

mod by_hand;
mod inline;
mod left;
mod managed;
mod memory;
mod support;
