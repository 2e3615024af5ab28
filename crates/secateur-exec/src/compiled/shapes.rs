//! Steps for operators that move values.

use secateur_graph::Kind;
use secateur_graph::ops::{Concat, Pad, PadMode, Split, Transpose};

use super::items::{Item, Items};
use super::lower::Lowering;
use super::moves::{Joint, Span, Windows};
use super::step::Work;
use super::values::{Held, Layout, Making};

impl Lowering<'_> {
    /// The axis that an axis of the graph is in memory.
    pub(super) fn axis_in(layout: Layout, axis: usize, rank: usize) -> usize {
        match (layout, axis) {
            (Layout::Last, 1) if rank > 2 => rank - 1,
            (Layout::Last, 2..) => axis - 1,
            _ => axis,
        }
    }

    /// Spans in the order in which axes lie in memory.
    fn lying(layout: Layout, mut spans: Vec<Span>) -> Vec<Span> {
        if layout == Layout::Last && spans.len() > 2 {
            spans[1..].rotate_left(1);
        }
        spans
    }

    /// Adds a step for windows, or joins it with what it reads.
    fn windows(&mut self, item: &Item<'_>, x: &Held, spans: Vec<Span>, fill: f32) {
        let axes = Self::lying(x.layout, spans);
        let windows = Windows { axes, fill };
        let y = item.outputs[0];
        if let Some(at) = self.values.sole(x)
            && let Some(draft) = &self.values.drafts[at]
            && let Making::Work(Work::Windows(inner)) = &draft.work
            && draft.writes[0].is_as(x)
            && let Some(joined) = inner.then(&windows)
        {
            let read = draft.reads[0].clone();
            self.values.drafts[at] = None;
            let layout = x.layout;
            return self.make(item, Work::Windows(joined), vec![read], layout);
        }
        debug_assert_eq!(self.items.shape(y).len(), x.shape.len());
        let layout = x.layout;
        self.make(item, Work::Windows(windows), vec![x.clone()], layout);
    }

    pub(super) fn slice(&mut self, item: &Item<'_>) -> bool {
        let Some(x) = Items::input(item, 0) else { return false };
        let of = |index| Items::input(item, index).map(|id| self.items.integers(id));
        let (Some(Some(starts)), Some(Some(_))) = (of(1), of(2)) else { return false };
        let (axes, steps) = match (of(3), of(4)) {
            (Some(None), _) | (_, Some(None)) => return false,
            (axes, steps) => (axes.flatten(), steps.flatten()),
        };
        let (from, to) = (self.items.shape(x), self.items.shape(item.outputs[0]));
        let mut spans: Vec<Span> = from.iter().map(|size| Span::all(*size)).collect();
        for (at, start) in starts.iter().enumerate() {
            let axis = axes.map_or(at as i64, |axes| axes[at]);
            let axis = (if axis < 0 { axis + from.len() as i64 } else { axis }) as usize;
            let step = steps.map_or(1, |steps| steps[at]);
            let Ok(step) = usize::try_from(step) else { return false };
            let size = from[axis] as i64;
            let first = if *start < 0 { start.saturating_add(size) } else { *start };
            let (first, count) = (first.clamp(0, size) as usize, to[axis]);
            spans[axis] = Span { first, step, count, out: count, ..spans[axis] };
        }
        let x = self.get(x);
        self.windows(item, &x, spans, 0.0);
        true
    }

    pub(super) fn pad(&mut self, item: &Item<'_>, pad: Pad) -> bool {
        let Some(x) = Items::input(item, 0) else { return false };
        let of = |index| Items::input(item, index).map(|id| self.items.integers(id));
        let (Some(Some(pads)), axes) = (of(1), of(3)) else { return false };
        let fill = match Items::input(item, 2).map(|id| self.items.floats(id)) {
            None => 0.0,
            Some(Some(values)) => values[0],
            Some(None) => return false,
        };
        if pad.mode != PadMode::Constant || axes == Some(None) {
            return false;
        }
        let (from, to) = (self.items.shape(x), self.items.shape(item.outputs[0]));
        let all: Vec<i64> = (0..from.len() as i64).collect();
        let axes = axes.flatten().unwrap_or(&all);
        let mut spans: Vec<Span> = from.iter().map(|size| Span::all(*size)).collect();
        for (at, axis) in axes.iter().enumerate() {
            let axis = (if *axis < 0 { axis + from.len() as i64 } else { *axis }) as usize;
            let (Ok(front), Ok(_)) =
                (usize::try_from(pads[at]), usize::try_from(pads[axes.len() + at]))
            else {
                return false;
            };
            spans[axis] = Span { front, out: to[axis], ..spans[axis] };
        }
        let x = self.get(x);
        self.windows(item, &x, spans, fill);
        true
    }

    pub(super) fn split(&mut self, item: &Item<'_>, split: Split) -> bool {
        let Some(x) = Items::input(item, 0) else { return false };
        let x = self.get(x);
        let rank = x.shape.len();
        let axis = if split.axis < 0 { split.axis + rank as i64 } else { split.axis } as usize;
        let mut first = 0;
        for id in &item.outputs {
            let shape = self.items.shape(*id);
            let mut spans: Vec<Span> = x.shape.iter().map(|size| Span::all(*size)).collect();
            let count = shape[axis];
            spans[axis] = Span { first, count, out: count, ..spans[axis] };
            first += count;
            let windows = Windows { axes: Self::lying(x.layout, spans), fill: 0.0 };
            let work = Making::Work(Work::Windows(windows));
            let held = self.values.add(work, vec![x.clone()], shape, x.layout);
            self.set(*id, held);
        }
        true
    }

    pub(super) fn concat(&mut self, item: &Item<'_>, concat: Concat) -> bool {
        let y = self.items.shape(item.outputs[0]);
        let axis = if concat.axis < 0 { concat.axis + y.len() as i64 } else { concat.axis };
        let axis = axis as usize;
        let parts: Vec<Held> = item.inputs.iter().flatten().map(|id| self.get(*id)).collect();
        if parts.iter().any(|part| self.values.stores[part.store].kind != Kind::F32) {
            return false;
        }
        let layout = if parts.iter().any(Held::is_last) { Layout::Last } else { Layout::Plain };
        let reads: Vec<Held> = parts.iter().map(|part| self.values.laid(part, layout)).collect();
        let whole = Held { store: 0, shape: y.clone(), layout }.in_memory();
        let inner = whole[Self::axis_in(layout, axis, y.len()) + 1..].iter().product();
        let sizes = parts.iter().map(|part| part.shape[axis]).collect();
        let joint = Joint { sizes, size: y[axis], inner };
        self.make(item, Work::Joint(joint), reads, layout);
        true
    }

    /// Channels last and plain images with channels as their last axis are one and the same.
    pub(super) fn transpose(&mut self, item: &Item<'_>, transpose: &Transpose) -> bool {
        let (Some(x), Some(order)) = (Items::input(item, 0), &transpose.order) else {
            return false;
        };
        let rank = order.len();
        let x = self.get(x);
        let to_last: Vec<usize> = [0].into_iter().chain(2..rank).chain([1]).collect();
        let to_plain: Vec<usize> =
            [0, rank.saturating_sub(1)].into_iter().chain(1..rank.max(2) - 1).collect();
        let shape = self.items.shape(item.outputs[0]);
        if rank > 2 && *order == to_last && (x.layout == Layout::Last || x.is_flat()) {
            self.alias(item, Held { shape, layout: Layout::Plain, ..x });
        } else if rank > 2 && *order == to_plain && (x.layout == Layout::Plain || x.is_flat()) {
            self.alias(item, Held { shape, layout: Layout::Last, ..x });
        } else {
            return false;
        }
        true
    }
}
