//! Renders a record file as a page: `page RECORD.json [OUT]`, to standard output without OUT.
//! The ending of OUT picks the form: `.html`, `.md` or `.json`.

use std::error::Error;
use std::io::Write;
use std::{env, fs, io};

use secateur_core::Record;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let input = args.next().ok_or("usage: page RECORD.json [OUT.html|OUT.md|OUT.json]")?;
    let out = args.next();
    let record: Record = serde_json::from_str(&fs::read_to_string(input)?)?;
    let text = match out.as_deref().and_then(|name| name.rsplit_once('.')) {
        Some((_, "md")) => secateur_report::markdown(&record),
        Some((_, "json")) => secateur_report::json(&record),
        _ => secateur_report::html(&record)?,
    };
    match out {
        Some(name) => fs::write(name, text)?,
        None => io::stdout().lock().write_all(text.as_bytes())?,
    }
    Ok(())
}
