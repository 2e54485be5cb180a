//! The function on a Step Functions in memory.

#![cfg(test)]

mod any_bytes;
mod by_hand;
mod channels;
mod deciding;
mod found;
mod headers;
mod in_force;
mod keys;
mod minutes;
mod pages;
mod reading;
mod support;
