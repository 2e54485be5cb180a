//! The function against a Step Functions in memory: what decides, what does not, and what is said of it.

#![cfg(test)]

mod any_bytes;
mod by_hand;
mod deciding;
mod headers;
mod keys;
mod pages;
mod reading;
mod support;
