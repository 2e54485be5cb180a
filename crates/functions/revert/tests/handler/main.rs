//! `revert` on IAM in memory, with the actions taken as the state machine takes them.

#![cfg(test)]

mod by_hand;
mod cases;
mod deciding;
mod holders;
mod left;
mod outlast;
mod proof;
mod support;
mod swept;
