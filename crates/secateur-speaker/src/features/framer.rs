//! Samples to windows, in blocks of any size.

/// Cuts a stream into windows after pre-emphasis.
pub(super) struct Framer {
    window: usize,
    hop: usize,
    pre_emphasis: f64,
    /// The sample before the next, when there was one.
    last: Option<f64>,
    /// Pre-emphasized samples from the start of the next window on.
    held: Vec<f64>,
    /// Windows so far.
    windows: u64,
}

/// Windows that are held before the front of the space is cleared.
const ROOM: usize = 64;

impl Framer {
    pub(super) fn new(window: usize, hop: usize, pre_emphasis: f64) -> Self {
        let held = Vec::with_capacity(window + ROOM * hop);
        Self { window, hop, pre_emphasis, last: None, held, windows: 0 }
    }

    /// Takes samples, and gives each window that is whole.
    pub(super) fn push(&mut self, mut samples: &[f32], mut each: impl FnMut(&[f64])) {
        while !samples.is_empty() {
            let room = self.held.capacity() - self.held.len();
            let (now, later) = samples.split_at(room.min(samples.len()));
            samples = later;
            for sample in now {
                let sample = f64::from(*sample);
                let before = self.last.replace(sample);
                // The first sample stays as it is.
                let value = before.map_or(sample, |before| sample - self.pre_emphasis * before);
                self.held.push(value);
            }
            let mut start = 0;
            while start + self.window <= self.held.len() {
                each(&self.held[start..start + self.window]);
                self.windows += 1;
                start += self.hop;
            }
            self.held.drain(..start);
        }
    }

    /// Gives the window that the end cuts short, if there is one, and begins anew.
    pub(super) fn finish(&mut self, mut each: impl FnMut(&[f64])) {
        // What is held beyond the overlap with the last window was in no window yet.
        if self.windows > 0 && self.held.len() > self.window - self.hop {
            each(&self.held);
        }
        self.held.clear();
        self.last = None;
        self.windows = 0;
    }
}
