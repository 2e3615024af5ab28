//! Timings. Each program under `src/bin` prints a table on standard output; the scripts under
//! `peers/` time what it is compared with.
//!
//! It knows every crate; nothing depends on it.
