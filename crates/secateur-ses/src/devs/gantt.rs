//! Gantt charts: who was in which phase, when.

use secateur_core::figure::{Figure, Span, VALUES_MAX};

use super::atomic::State;
use super::flat::Flat;
use super::watch::Watch;

/// Phases that are not drawn.
const IDLE: &str = "idle";

/// A phase that goes on.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    phase: &'static str,
    since: f64,
}

/// Gathers the phases of components while a simulation runs; `idle` is left out.
pub struct Gantt<'f> {
    flat: &'f Flat<'f>,
    open: Vec<Open>,
    /// Component, phase, from, to.
    spans: Vec<(u32, &'static str, f64, f64)>,
    /// Spans that no longer fit on a page.
    left_out: u64,
}

impl<'f> Gantt<'f> {
    /// Begins.
    pub fn new(flat: &'f Flat<'f>) -> Self {
        let open = vec![Open::default(); flat.len()];
        Self { flat, open, spans: Vec::new(), left_out: 0 }
    }

    /// Spans that are not in the figure, because a figure holds no more.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The chart: a lane for every component that had a phase, in the order of their numbers.
    pub fn figure(&self, unit: &str) -> Figure {
        let mut lane_of = vec![usize::MAX; self.flat.len()];
        let mut seen: Vec<u32> = self.spans.iter().map(|span| span.0).collect();
        seen.sort_unstable();
        seen.dedup();
        for (lane, &atom) in seen.iter().enumerate() {
            lane_of[atom as usize] = lane;
        }
        let spans = self.spans.iter().map(|&(atom, phase, start, end)| {
            let lane = lane_of[atom as usize];
            Span { lane, start, end, label: phase.to_owned() }
        });
        Figure::Spans {
            unit: unit.to_owned(),
            lanes: seen.iter().map(|&atom| self.flat.path(atom)).collect(),
            spans: spans.collect(),
        }
    }

    fn close(&mut self, time: f64, atom: u32) {
        let Open { phase, since } = self.open[atom as usize];
        if phase.is_empty() || phase == IDLE || since >= time {
            return;
        }
        if self.spans.len() < VALUES_MAX {
            self.spans.push((atom, phase, since, time));
        } else {
            self.left_out += 1;
        }
    }
}

impl Watch for Gantt<'_> {
    fn begin(&mut self, time: f64, atom: u32, state: State) {
        self.open[atom as usize] = Open { phase: state.phase, since: time };
    }

    fn state(&mut self, time: f64, atom: u32, state: State) {
        if self.open[atom as usize].phase != state.phase {
            self.close(time, atom);
            self.open[atom as usize] = Open { phase: state.phase, since: time };
        }
    }

    fn end(&mut self, time: f64) {
        for atom in 0..self.open.len() as u32 {
            self.close(time, atom);
            self.open[atom as usize].since = time;
        }
    }
}
