//! The store from outside: what is on the disk after every fault.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

#[path = "store/begin.rs"]
mod begin;
#[path = "store/child.rs"]
mod child;
#[path = "store/durable.rs"]
mod durable;
#[path = "store/faults.rs"]
mod faults;
#[path = "store/file.rs"]
mod file;
#[path = "store/inputs.rs"]
mod inputs;
#[path = "store/journal.rs"]
mod journal;
#[path = "store/output.rs"]
mod output;
#[path = "store/setup.rs"]
mod setup;
#[path = "store/single.rs"]
mod single;
#[path = "store/verify.rs"]
mod verify;
