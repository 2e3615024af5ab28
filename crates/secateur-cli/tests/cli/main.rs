//! The program from outside: what a user types, what comes back.

mod common;
mod resume;
