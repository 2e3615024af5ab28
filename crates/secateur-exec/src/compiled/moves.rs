//! Steps that move values: ranges of axes with a border around them, and values side by side.

/// For each axis, outermost first, the indices that are taken of it and the border around them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Windows {
    pub(super) axes: Vec<Span>,
    /// What the border holds.
    pub(super) fill: f32,
}

/// Indices `first`, `first + step`, .. of an axis with `size` indices, `count` of them, as indices
/// `front`, `front + 1`, .. of one with `out`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) size: usize,
    pub(super) first: usize,
    pub(super) step: usize,
    pub(super) count: usize,
    pub(super) front: usize,
    pub(super) out: usize,
}

/// Sizes of the joined axis of each input, that of the result, and the number of values that
/// belong to one index of it.
#[derive(Clone, Debug)]
pub(super) struct Joint {
    pub(super) sizes: Vec<usize>,
    pub(super) size: usize,
    pub(super) inner: usize,
}

impl Span {
    /// The whole axis.
    pub(super) fn all(size: usize) -> Self {
        Self { size, first: 0, step: 1, count: size, front: 0, out: size }
    }

    /// A span of what this span gives, in one.
    fn then(&self, next: &Self) -> Option<Self> {
        if next.takes_all() {
            return Some(Self { front: self.front + next.front, out: next.out, ..*self });
        }
        let first = self.first + next.first * self.step;
        let step = self.step * next.step;
        (self.count == self.out).then_some(Self { size: self.size, first, step, ..*next })
    }

    /// Whether every index of the axis is taken.
    pub(super) fn takes_all(&self) -> bool {
        (self.first, self.step, self.count) == (0, 1, self.size)
    }
}

impl Windows {
    /// Windows of what these windows give, in one.
    pub(super) fn then(&self, next: &Self) -> Option<Self> {
        let has_border = |windows: &Self| windows.axes.iter().any(|span| span.count != span.out);
        if has_border(self) && has_border(next) && self.fill != next.fill {
            return None;
        }
        let fill = if has_border(self) { self.fill } else { next.fill };
        let pairs = self.axes.iter().zip(&next.axes);
        let axes: Option<Vec<Span>> = pairs.map(|(span, next)| span.then(next)).collect();
        Some(Self { axes: axes?, fill })
    }

    pub(super) fn run(&self, x: &[f32], y: &mut [f32]) {
        self.axis(&self.axes, x, y);
    }

    fn axis(&self, axes: &[Span], x: &[f32], y: &mut [f32]) {
        let Some((span, rest)) = axes.split_first() else {
            y.copy_from_slice(x);
            return;
        };
        if rest.is_empty() {
            y[..span.front].fill(self.fill);
            let (inside, after) = y[span.front..].split_at_mut(span.count);
            after.fill(self.fill);
            if span.step == 1 {
                inside.copy_from_slice(&x[span.first..][..span.count]);
            } else {
                let x = x.get(span.first..).unwrap_or_default().iter().step_by(span.step);
                inside.iter_mut().zip(x).for_each(|(y, x)| *y = *x);
            }
            return;
        }
        let of_x: usize = rest.iter().map(|span| span.size).product();
        let of_y: usize = rest.iter().map(|span| span.out).product();
        let (front, inside) = y.split_at_mut(span.front * of_y);
        let (inside, after) = inside.split_at_mut(span.count * of_y);
        front.fill(self.fill);
        after.fill(self.fill);
        for (at, y) in inside.chunks_exact_mut(of_y).enumerate() {
            let from = (span.first + at * span.step) * of_x;
            self.axis(rest, &x[from..from + of_x], y);
        }
    }
}

/// Puts an input into its place in each row of the result; the place of the next.
pub(super) fn place(x: &[f32], y: &mut [f32], joint: &Joint, at: usize, from: usize) -> usize {
    let (run, row) = (joint.sizes[at] * joint.inner, joint.size * joint.inner);
    if run > 0 {
        for (x, y) in x.chunks_exact(run).zip(y.chunks_exact_mut(row)) {
            y[from..from + run].copy_from_slice(x);
        }
    }
    from + run
}
