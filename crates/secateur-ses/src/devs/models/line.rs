//! Waiting lines.

use std::collections::VecDeque;

use secateur_core::Random;

use crate::devs::value::Job;

/// Which of those that wait is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Discipline {
    /// The first that came.
    Fifo,
    /// The last that came.
    Lifo,
    /// The most urgent; of equals the first that came.
    Priority,
    /// The oldest since it was born; of equals the first that came.
    Oldest,
    /// Any.
    Random,
}

impl Discipline {
    pub(super) const WORDS: &[&str] = &["fifo", "lifo", "priority", "oldest", "random"];

    /// The discipline of a word of the list.
    pub(super) fn of(word: &str) -> Self {
        match word {
            "lifo" => Self::Lifo,
            "priority" => Self::Priority,
            "oldest" => Self::Oldest,
            "random" => Self::Random,
            _ => Self::Fifo,
        }
    }
}

/// A waiting line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) jobs: VecDeque<Job>,
    pub(super) discipline: Discipline,
}

impl Line {
    pub(super) fn new(discipline: Discipline) -> Self {
        Self { jobs: VecDeque::new(), discipline }
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Puts a job where the next are taken from the front.
    pub(super) fn push(&mut self, job: Job) {
        let place = match self.discipline {
            Discipline::Fifo | Discipline::Random => self.jobs.len(),
            Discipline::Lifo => 0,
            Discipline::Priority => {
                self.jobs.partition_point(|other| other.priority >= job.priority)
            }
            Discipline::Oldest => self.jobs.partition_point(|other| other.born <= job.born),
        };
        self.jobs.insert(place, job);
    }

    /// Takes the next job.
    pub(super) fn pop(&mut self, random: &mut Random) -> Option<Job> {
        if self.discipline == Discipline::Random && self.jobs.len() > 1 {
            let at = random.below(self.jobs.len());
            return self.jobs.remove(at);
        }
        self.jobs.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(discipline: &str, expect: &[u64]) {
        let mut line = Line::new(Discipline::of(discipline));
        for (id, (priority, born)) in
            [(1.0, 3.0), (2.0, 1.0), (1.0, 2.0), (2.0, 4.0)].iter().enumerate()
        {
            line.push(Job { id: id as u64, born: *born, kind: 0, priority: *priority });
        }
        let mut random = Random::new(0);
        let order: Vec<u64> = std::iter::from_fn(|| line.pop(&mut random)).map(|j| j.id).collect();
        assert_eq!(order, expect, "{discipline}");
    }

    #[test]
    fn disciplines_order_those_that_wait() {
        check("fifo", &[0, 1, 2, 3]);
        check("lifo", &[3, 2, 1, 0]);
        check("priority", &[1, 3, 0, 2]);
        check("oldest", &[1, 2, 0, 3]);
    }
}
