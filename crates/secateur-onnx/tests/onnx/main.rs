//! The crate from outside.

mod real;
