//! Another program, its answers, and its end.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::parallel::Stop;
use crate::error::GoError;

/// Where games are that the search path of a service often lacks.
const GAMES: &str = "/usr/games";
/// Longest line of an answer, in bytes.
const LINE_MAX: usize = 1 << 16;
/// Most lines of an answer.
const LINES_MAX: usize = 4096;
/// Lines of errors that are kept, the last ones.
const ERRORS_MAX: usize = 5;
/// Longest text of a program that is shown, in characters.
const SHOWN_MAX: usize = 120;
/// Time between two looks at whether to stop.
const TICK: Duration = Duration::from_millis(50);
/// How long the exit status is waited for after the end of the output.
const EXIT: Duration = Duration::from_secs(1);

/// The last lines of errors.
type Errors = Arc<Mutex<VecDeque<String>>>;

/// A running program. It is ended when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    /// Lines of its output; more than [`LINE_MAX`] bytes are cut off.
    lines: Receiver<Vec<u8>>,
    errors: Errors,
    reader_of_errors: Option<JoinHandle<()>>,
    quit: Duration,
}

/// An answer: the text after `=`, or after `?`.
pub(super) type Answer = Result<String, String>;

impl Process {
    /// Starts a program; its words are not empty. After `quit` it gets this long to end.
    ///
    /// # Errors
    /// [`GoError::NoStart`].
    pub(super) fn start(name: &str, words: &[String], quit: Duration) -> Result<Self, GoError> {
        let no_start = |error: io::Error| GoError::NoStart {
            name: name.to_owned(),
            message: format!("`{}`: {error}", words[0]),
        };
        let spawned = match spawn(&words[0], &words[1..]) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_bare(&words[0]) => {
                spawn(&format!("{GAMES}/{}", words[0]), &words[1..]).map_err(|_| error)
            }
            spawned => spawned,
        };
        let mut child = spawned.map_err(no_start)?;
        let (sender, lines) = sync_channel(64);
        let (input, output, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let errors = Errors::default();
        let mut process = Self {
            name: name.to_owned(),
            child,
            input,
            lines,
            errors: Arc::clone(&errors),
            reader_of_errors: None,
            quit,
        };
        if let Some(output) = output {
            thread::Builder::new().spawn(move || read_lines(output, &sender)).map_err(no_start)?;
        }
        if let Some(stderr) = stderr {
            let reader = thread::Builder::new().spawn(move || read_errors(stderr, &errors));
            process.reader_of_errors = Some(reader.map_err(no_start)?);
        }
        Ok(process)
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// [`GoError::Hung`] (the program is killed then), [`GoError::Died`], [`GoError::Garbage`],
    /// [`GoError::Interrupted`].
    pub(super) fn ask(
        &mut self,
        command: &str,
        wait: Duration,
        stop: &Stop<'_>,
    ) -> Result<Answer, GoError> {
        let begin = Instant::now();
        let sent = self.input.as_mut().map(|input| {
            input.write_all(format!("{command}\n").as_bytes()).and_then(|()| input.flush())
        });
        if !matches!(sent, Some(Ok(()))) {
            return Err(self.died(command));
        }
        let mut answer: Option<(bool, Vec<String>)> = None;
        loop {
            let line = self.next_line(command, begin, wait, stop)?;
            if line.len() > LINE_MAX {
                return Err(self.garbage(command, &line));
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            match &mut answer {
                None if text.is_empty() => {}
                None => {
                    let rest = match text.as_bytes()[0] {
                        b'=' | b'?' => &text[1..],
                        _ => return Err(self.garbage(command, &line)),
                    };
                    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim();
                    answer = Some((text.starts_with('='), vec![rest.to_owned()]));
                }
                Some((is_right, lines)) if text.is_empty() => {
                    let text = lines.join("\n").trim().to_owned();
                    return Ok(if *is_right { Ok(text) } else { Err(shown(text.as_bytes())) });
                }
                Some((_, lines)) if lines.len() == LINES_MAX => {
                    return Err(self.garbage(command, b"an answer without an end"));
                }
                Some((_, lines)) => lines.push(text.to_owned()),
            }
        }
    }

    /// Sends a command that must succeed.
    ///
    /// # Errors
    /// As [`Process::ask`], and [`GoError::Refused`].
    pub(super) fn demand(
        &mut self,
        command: &str,
        wait: Duration,
        stop: &Stop<'_>,
    ) -> Result<String, GoError> {
        let answer = self.ask(command, wait, stop)?;
        let (name, command) = (self.name.clone(), command.to_owned());
        answer.map_err(|message| GoError::Refused { name, command, message })
    }

    fn next_line(
        &mut self,
        command: &str,
        begin: Instant,
        wait: Duration,
        stop: &Stop<'_>,
    ) -> Result<Vec<u8>, GoError> {
        loop {
            if stop.is_set() {
                return Err(GoError::Interrupted);
            }
            let left = wait.saturating_sub(begin.elapsed());
            match self.lines.recv_timeout(left.min(TICK)) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Disconnected) => return Err(self.died(command)),
                Err(RecvTimeoutError::Timeout) if left > TICK => {}
                Err(RecvTimeoutError::Timeout) => {
                    self.kill();
                    let (name, command) = (self.name.clone(), command.to_owned());
                    return Err(GoError::Hung { name, command, seconds: wait.as_secs_f64() });
                }
            }
        }
    }

    /// An answer that is none.
    pub(super) fn garbage(&self, command: &str, line: &[u8]) -> GoError {
        let (name, command) = (self.name.clone(), command.to_owned());
        GoError::Garbage { name, command, line: shown(line) }
    }

    fn died(&mut self, command: &str) -> GoError {
        let status = self.wait(EXIT);
        self.kill();
        // What it wrote last is read when its errors end, as they do with it.
        let end = Instant::now() + EXIT;
        let reads = |process: &Self| {
            process.reader_of_errors.as_ref().is_some_and(|reader| !reader.is_finished())
        };
        while reads(self) && Instant::now() < end {
            thread::sleep(Duration::from_millis(2));
        }
        let status = status.map_or_else(
            || "its output closed while it still ran".to_owned(),
            |status| status.to_string(),
        );
        let errors = self.errors.lock();
        let stderr = errors.map(|lines| lines.iter().cloned().collect()).unwrap_or_default();
        GoError::Died { name: self.name.clone(), command: command.to_owned(), status, stderr }
    }

    /// The exit status, waited for at most this long.
    fn wait(&mut self, most: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + most;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(2)),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Ends the program and what it started, at once.
    fn kill(&mut self) {
        let is_running = matches!(self.child.try_wait(), Ok(None));
        // A program that has ended can have left others behind, which hold its group's number.
        #[cfg(unix)]
        {
            let group = rustix::process::Pid::from_child(&self.child);
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        if is_running {
            let _ = self.child.kill();
            // The status must be taken, or the system keeps an entry of the dead program.
            let _ = self.child.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut input) = self.input.take() {
            let _ = input.write_all(b"quit\n").and_then(|()| input.flush());
        }
        self.wait(self.quit);
        self.kill();
    }
}

/// Whether a program is named without folders, so that it is looked for.
fn is_bare(program: &str) -> bool {
    !program.contains(['/', '\\'])
}

fn spawn(program: &str, arguments: &[String]) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own: what the program starts ends with it, and an interrupt from the
    // terminal reaches us alone.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

/// Text of a program as it can be shown: control characters escaped, the rest of a long one left
/// out.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN_MAX)]);
    let mut chars = text.trim_end().chars();
    let mut shown = String::new();
    for c in chars.by_ref().take(SHOWN_MAX) {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    if chars.next().is_some() {
        shown.push_str(" ...");
    }
    shown
}

/// Reads a line, at most one byte more than `most` of it; false at the end.
fn read_line(input: &mut impl BufRead, most: usize, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut part = input.by_ref().take(most as u64 + 1);
    if part.read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
    }
    Ok(true)
}

/// Hands lines on until the output ends or nobody wants them.
fn read_lines(output: impl Read, sender: &SyncSender<Vec<u8>>) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while let Ok(true) = read_line(&mut output, LINE_MAX, &mut line) {
        if sender.send(line.clone()).is_err() {
            return;
        }
    }
}

/// Keeps the last lines of errors.
fn read_errors(stderr: impl Read, errors: &Errors) {
    let mut stderr = BufReader::new(stderr);
    let mut line = Vec::new();
    while let Ok(true) = read_line(&mut stderr, 4 * SHOWN_MAX, &mut line) {
        let text = shown(&line);
        let Ok(mut kept) = errors.lock() else { return };
        if !text.is_empty() {
            kept.push_back(text);
        }
        if kept.len() > ERRORS_MAX {
            kept.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_and_text_is_shown_without_control_characters() {
        let mut input = &b"abcdef\nab\n\nabc"[..];
        let mut line = Vec::new();
        let mut lines = Vec::new();
        while read_line(&mut input, 3, &mut line).unwrap() {
            lines.push(String::from_utf8(line.clone()).unwrap());
        }
        assert_eq!(lines, ["abcd", "ab\n", "\n", "abc"]);
        assert_eq!(shown(b"a\x1b[31m\xff\n"), "a\\u{1b}[31m\u{fffd}");
        assert_eq!(shown(&[b'x'; 9999]).len(), SHOWN_MAX + 4);
    }

    #[test]
    fn errors_are_bounded() {
        let errors = Errors::default();
        let text: Vec<String> = (0..99).map(|n| format!("line {n}\n\n")).collect();
        read_errors(text.concat().as_bytes(), &errors);
        let kept: Vec<String> = errors.lock().unwrap().iter().cloned().collect();
        assert_eq!(kept, ["line 94", "line 95", "line 96", "line 97", "line 98"]);
    }
}
