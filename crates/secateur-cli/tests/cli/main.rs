//! The program from outside: what a user types, and what comes back.

mod bad_arguments;
mod bad_files;
mod common;
mod full_disk;
mod odd_files;
mod output_places;
mod resume;
mod schemas;
mod surroundings;
