//! The commands behind the Makefile, as far as the tests use them too: the walkthrough, the
//! linters, and the commands for a deployed stack.

pub mod account;
pub mod cases;
pub mod deployed;
pub mod forget;
pub mod holdings;
pub mod lint;
pub mod operate;
pub mod prerequisites;
pub mod scp;
pub mod smoke;
pub mod walkthrough;
