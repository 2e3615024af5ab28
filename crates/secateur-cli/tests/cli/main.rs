//! The program from outside: what a user types, and what comes back.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where something is not as expected"
)]

mod bad_arguments;
mod bad_files;
mod bad_networks;
mod encoders;
mod formulas;
mod full_disk;
mod generate;
mod gguf;
mod go;
mod networks;
mod odd_files;
mod output_places;
mod resume;
mod schemas;
mod setup;
mod speakers;
mod structures;
mod surroundings;
