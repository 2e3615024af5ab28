//! The times of future events: a heap of four children a node that knows where everybody is.

use super::atomic::NONE;

/// A time and whose it is.
#[derive(Clone, Copy, Debug)]
struct Entry {
    time: f64,
    atom: u32,
}

/// Times by number; the least first, of equal times in no particular order.
#[derive(Clone, Debug)]
pub(super) struct Heap {
    entries: Vec<Entry>,
    /// Where in the entries each number is, or [`NONE`].
    places: Vec<u32>,
}

/// Children of a node.
const WIDTH: usize = 4;

impl Heap {
    /// An empty heap for the numbers below `size`.
    pub(super) fn new(size: usize) -> Self {
        Self { entries: Vec::with_capacity(size), places: vec![NONE; size] }
    }

    /// The least time.
    #[inline]
    pub(super) fn least(&self) -> Option<f64> {
        self.entries.first().map(|entry| entry.time)
    }

    /// Takes out a number of the least time, if that is `time`.
    #[inline]
    pub(super) fn pop_at(&mut self, time: f64) -> Option<u32> {
        let first = self.entries.first().filter(|first| first.time == time)?.atom;
        self.remove(first);
        Some(first)
    }

    /// Sets the time of a number, whether it has one or not.
    pub(super) fn set(&mut self, atom: u32, time: f64) {
        let place = self.places[atom as usize];
        let entry = Entry { time, atom };
        if place == NONE {
            self.entries.push(entry);
            self.up(self.entries.len() - 1, entry);
        } else {
            self.settle(place as usize, entry);
        }
    }

    /// Takes out a number, if it has a time.
    #[inline]
    pub(super) fn remove(&mut self, atom: u32) {
        let place = std::mem::replace(&mut self.places[atom as usize], NONE);
        if place == NONE {
            return;
        }
        let Some(last) = self.entries.pop() else { return };
        if last.atom != atom {
            self.settle(place as usize, last);
        }
    }

    /// Puts an entry at a place, and then where it belongs.
    fn settle(&mut self, place: usize, entry: Entry) {
        if place > 0 && entry.time < self.entries[(place - 1) / WIDTH].time {
            self.up(place, entry);
        } else {
            self.down(place, entry);
        }
    }

    fn up(&mut self, mut place: usize, entry: Entry) {
        while place > 0 {
            let parent = (place - 1) / WIDTH;
            if self.entries[parent].time <= entry.time {
                break;
            }
            self.put(place, self.entries[parent]);
            place = parent;
        }
        self.put(place, entry);
    }

    fn down(&mut self, mut place: usize, entry: Entry) {
        loop {
            let first = place * WIDTH + 1;
            let last = (first + WIDTH).min(self.entries.len());
            let mut least = first;
            for child in first + 1..last {
                if self.entries[child].time < self.entries[least].time {
                    least = child;
                }
            }
            if first >= last || entry.time <= self.entries[least].time {
                break;
            }
            self.put(place, self.entries[least]);
            place = least;
        }
        self.put(place, entry);
    }

    #[inline]
    fn put(&mut self, place: usize, entry: Entry) {
        self.entries[place] = entry;
        self.places[entry.atom as usize] = place as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secateur_core::Random;

    /// Against a list that is searched: random times set, changed and removed.
    #[test]
    fn times_come_out_in_order_whatever_was_changed() {
        let mut random = Random::new(5);
        let mut heap = Heap::new(50);
        let mut plain: Vec<Option<f64>> = vec![None; 50];
        for _ in 0..20_000 {
            let atom = random.below(50);
            match random.below(4) {
                0 => {
                    heap.remove(atom as u32);
                    plain[atom] = None;
                }
                1 => {
                    let least = plain.iter().flatten().copied().reduce(f64::min);
                    assert_eq!(heap.least(), least);
                    if let Some(time) = least {
                        let popped = heap.pop_at(time).expect("the least is there") as usize;
                        assert_eq!(plain[popped].take(), Some(time));
                        assert_eq!(heap.pop_at(time - 1.0), None);
                    }
                }
                _ => {
                    let time = random.below(30) as f64;
                    heap.set(atom as u32, time);
                    plain[atom] = Some(time);
                }
            }
        }
    }
}
