//! Writes every case into a folder of its name: `cargo run -p secateur-attacks --example write
//! -- FOLDER`. The files are seeds for fuzzing, and can be tried by hand.

use std::io;
use std::path::PathBuf;

fn main() -> io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::other("name the folder to write to"));
    };
    for case in secateur_attacks::all() {
        let folder = folder.join(case.name);
        std::fs::create_dir_all(&folder)?;
        (case.write)(&folder)?;
    }
    Ok(())
}
