//! Lines of a controller, read by a thread of their own, so that a search can be interrupted.

use std::io::{self, BufRead};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use crate::search::Interrupt;

/// Longest line that is looked at; the rest of a longer one is skipped.
pub(super) const LINE_MAX: usize = 1 << 16;
/// Lines that are read ahead.
const AHEAD: usize = 16;

/// What GoGui sends to end a search.
const INTERRUPT: &[u8] = b"# interrupt";

/// A line without its end.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) text: Vec<u8>,
    /// Interrupts that came before it.
    pub(super) interrupts: u64,
}

/// Lines in the order of their coming.
#[derive(Debug)]
pub(super) struct Lines {
    receiver: Receiver<io::Result<Line>>,
    /// A line that was seen already.
    seen: Option<io::Result<Line>>,
    is_over: bool,
}

impl Lines {
    /// Begins to read. The thread ends with the input, with an error, or when nobody takes lines
    /// any more. Raises the interrupt when a line says so, before its turn comes.
    pub(super) fn of(mut input: impl BufRead + Send + 'static, interrupt: Interrupt) -> Self {
        let (sender, receiver) = sync_channel(AHEAD);
        std::thread::spawn(move || {
            let mut interrupts = interrupt.count();
            loop {
                let mut text = Vec::new();
                let next = match next_line(&mut input, &mut text) {
                    Ok(false) => return,
                    Ok(true) => {
                        if text.trim_ascii() == INTERRUPT {
                            interrupts = interrupt.raise();
                        }
                        Ok(Line { text, interrupts })
                    }
                    Err(error) => Err(error),
                };
                let is_last = next.is_err();
                if sender.send(next).is_err() || is_last {
                    return;
                }
            }
        });
        Self { receiver, seen: None, is_over: false }
    }

    /// The next line, when it comes; `None` at the end.
    pub(super) fn next(&mut self) -> Option<io::Result<Line>> {
        self.wait();
        self.seen.take()
    }

    /// Waits for a line or the end.
    pub(super) fn wait(&mut self) {
        if self.seen.is_none() && !self.is_over {
            self.seen = self.receiver.recv().ok();
            self.is_over = self.seen.is_none();
        }
    }

    /// Whether a line, or the end, is there.
    pub(super) fn is_there(&mut self) -> bool {
        if self.seen.is_none() && !self.is_over {
            match self.receiver.try_recv() {
                Ok(line) => self.seen = Some(line),
                Err(TryRecvError::Disconnected) => self.is_over = true,
                Err(TryRecvError::Empty) => return false,
            }
        }
        true
    }
}

/// Reads a line, at most one byte more than [`LINE_MAX`] of it; false at the end.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut has_any = false;
    loop {
        let bytes = match input.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if bytes.is_empty() {
            return Ok(has_any);
        }
        has_any = true;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let room = (LINE_MAX + 1).saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = end.map_or(bytes.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}
