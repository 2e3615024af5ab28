//! How far a run is: a bar on a terminal, a line per step elsewhere.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use secateur::core::Progress;
use secateur::neural::family::resident_memory;

use crate::out;

static STOP: AtomicBool = AtomicBool::new(false);
static LEAVE: AtomicBool = AtomicBool::new(false);

/// What Ctrl-C sets, for work that looks at it itself.
pub(crate) fn stop_flag() -> &'static AtomicBool {
    &STOP
}

/// From here on Ctrl-C ends the process: there is nothing to keep, and no step may ever end.
pub(crate) fn leave_on_interrupt() {
    LEAVE.store(true, Ordering::SeqCst);
}

/// Ctrl-C once asks the run to stop after its step; twice ends the process.
pub(crate) fn catch_interrupts() {
    let handler = || {
        if STOP.swap(true, Ordering::SeqCst) || LEAVE.load(Ordering::SeqCst) {
            std::process::exit(130);
        }
        out::note("stopping after this step; press Ctrl-C again to stop at once");
    };
    // Without a handler Ctrl-C ends the process, which loses one block and nothing else.
    let _ = ctrlc::set_handler(handler);
}

/// Shows progress on standard error.
pub(crate) struct Terminal {
    bar: Option<ProgressBar>,
    interactive: bool,
    quiet: bool,
    unit: String,
    steps: usize,
}

impl Terminal {
    /// Progress for a person; with `quiet` only warnings are shown.
    pub(crate) fn new(quiet: bool) -> Self {
        let interactive = std::io::IsTerminal::is_terminal(&std::io::stderr());
        Self { bar: None, interactive, quiet, unit: String::new(), steps: 0 }
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| out::note(text)),
            None => out::note(text),
        }
    }
}

impl Progress for Terminal {
    fn begin(&mut self, what: &str, steps: usize) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        what.clone_into(&mut self.unit);
        self.steps = steps;
        if self.interactive && !self.quiet {
            let bar =
                ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template(
                "{prefix} {pos} of {len} {wide_bar} {msg}  {elapsed} gone, {eta} left",
            );
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(what.to_owned());
            bar.enable_steady_tick(Duration::from_millis(500));
            self.bar = Some(bar);
        }
    }

    fn step(&mut self, done: usize, note: &str) {
        let memory = resident_memory().map_or(String::new(), out::bytes);
        match &self.bar {
            Some(bar) => {
                bar.set_position(done as u64);
                bar.set_message(format!("{note}  {memory}"));
                if done == self.steps {
                    bar.finish_and_clear();
                }
            }
            None if self.quiet => {}
            None => {
                let note = if note.is_empty() { String::new() } else { format!(": {note}") };
                out::note(&format!("{} {done} of {}{note}, {memory}", self.unit, self.steps));
            }
        }
    }

    fn stopped(&self) -> bool {
        STOP.load(Ordering::SeqCst)
    }

    fn warn(&mut self, warning: &str) {
        self.say(&format!("warning: {}", out::clean(warning)));
    }
}
