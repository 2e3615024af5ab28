//! Time to read a table of a million rows and nine columns.

#![allow(clippy::print_stdout, reason = "a measurement")]

use std::fmt::Write as _;
use std::time::Instant;

use secateur_core::Random;
use secateur_formula::table::{Options, parse};

fn main() -> Result<(), secateur_formula::table::TableError> {
    let mut random = Random::new(1);
    let mut text = String::from("a,b,c,d,e,f,g,h,i\n");
    for _ in 0..1_000_000 {
        for column in 0..9 {
            let end = if column == 8 { '\n' } else { ',' };
            let value = 1000.0 * random.uniform();
            let _ = write!(text, "{value:.3}{end}");
        }
    }
    for _ in 0..3 {
        let start = Instant::now();
        let table = parse(text.as_bytes(), &Options::default())?;
        let seconds = start.elapsed().as_secs_f64();
        println!("{} rows, {} bytes: {seconds:.2} s", table.rows, text.len());
    }
    Ok(())
}
