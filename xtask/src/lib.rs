//! What the Makefile calls, beyond cargo: the demo and the local stack, the linters, and the
//! commands for a deployed stack, which reach AWS through the AWS CLI.

pub mod account;
pub mod deployed;
pub mod lint;
pub mod operate;
pub mod programs;
pub mod scp;
pub mod smoke;
