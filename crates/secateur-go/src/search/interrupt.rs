//! Ending a search from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts requests to end a search, and knows which of them were meant for earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    count: Arc<AtomicU64>,
    /// Requests up to this number are over.
    heeded: u64,
}

impl Interrupt {
    /// Asks every search to end that began after the requests before this one; returns the number
    /// of requests so far.
    pub fn raise(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Requests so far.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Takes the first `count` requests as over.
    pub fn heed(&mut self, count: u64) {
        self.heeded = count;
    }

    /// Whether there is a request that is not over.
    pub fn is_raised(&self) -> bool {
        self.count() > self.heeded
    }
}
