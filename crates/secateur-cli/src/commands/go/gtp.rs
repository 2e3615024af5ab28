//! `secateur go gtp`.

use std::io::{BufReader, ErrorKind};
use std::process::ExitCode;

use secateur::core::{Kind, RunError};
use secateur::go::board::Board;
use secateur::go::gtp::Engine;

use crate::args::go::GtpArgs;
use crate::progress::leave_on_interrupt;

pub(super) fn run(args: &GtpArgs) -> Result<ExitCode, RunError> {
    Board::new(args.board)?;
    let mut engine = Engine::new(args.engine.settings())?;
    engine.scoring = args.scoring.into();
    engine.ponders = args.ponder;
    for line in [format!("boardsize {}", args.board), format!("komi {}", args.komi)] {
        engine.answer(line.as_bytes());
    }
    leave_on_interrupt();
    let input = BufReader::new(std::io::stdin());
    match engine.serve(input, std::io::stdout().lock()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // A controller that goes away has ended the game.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => {
            let message = format!("standard input or output fails: {error}");
            Err(RunError::new(Kind::Resources, "SEC-CL-008", message))
        }
    }
}
