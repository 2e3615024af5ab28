//! Slopes of numbers over time, by regression over the frames around.

/// Appends slopes to the rows of a stream, as often as was asked; each time delays it by the
/// window. At both ends the outermost row is repeated.
pub(super) struct Slopes {
    stages: Vec<Stage>,
}

impl Slopes {
    /// Slopes of the last `base` numbers of a row, then slopes of those, `times` in all.
    pub(super) fn new(base: usize, times: usize, window: usize) -> Self {
        let stage = |time: usize| Stage::new(base * (time + 1), base, window);
        Self { stages: (0..times).map(stage).collect() }
    }

    pub(super) fn push(&mut self, row: &[f64], each: &mut dyn FnMut(&[f64])) {
        push(&mut self.stages, row, each);
    }

    /// Gives the rows that were delayed, and begins anew.
    pub(super) fn finish(&mut self, each: &mut dyn FnMut(&[f64])) {
        let mut stages = &mut self.stages[..];
        while let Some((first, rest)) = stages.split_first_mut() {
            first.finish(|row| push(rest, row, each));
            stages = rest;
        }
    }
}

fn push(stages: &mut [Stage], row: &[f64], each: &mut dyn FnMut(&[f64])) {
    match stages.split_first_mut() {
        None => each(row),
        Some((first, rest)) => first.push(row, |row| push(rest, row, each)),
    }
}

struct Stage {
    /// Numbers of a row that comes.
    width: usize,
    /// Numbers at its end whose slopes are taken.
    base: usize,
    window: usize,
    /// The rows around, the oldest first, `[up to 2 window + 1, width]`.
    around: Vec<f64>,
    output: Vec<f64>,
    divisor: f64,
}

impl Stage {
    fn new(width: usize, base: usize, window: usize) -> Self {
        let squares: usize = (1..=window).map(|distance| distance * distance).sum();
        Self {
            width,
            base,
            window,
            around: Vec::with_capacity((2 * window + 1) * width),
            output: vec![0.0; width + base],
            divisor: (2 * squares) as f64,
        }
    }

    fn push(&mut self, row: &[f64], each: impl FnMut(&[f64])) {
        if self.around.is_empty() {
            for _ in 0..self.window {
                self.around.extend_from_slice(row);
            }
        }
        self.around.extend_from_slice(row);
        self.emit(each);
    }

    fn emit(&mut self, mut each: impl FnMut(&[f64])) {
        let (width, window) = (self.width, self.window);
        if self.around.len() < (2 * window + 1) * width {
            return;
        }
        let center = &self.around[window * width..(window + 1) * width];
        let (kept, slopes) = self.output.split_at_mut(width);
        kept.copy_from_slice(center);
        for (index, slope) in slopes.iter_mut().enumerate() {
            let column = width - self.base + index;
            let at = |row: usize| self.around[row * width + column];
            let rise: f64 =
                (1..=window).map(|d| d as f64 * (at(window + d) - at(window - d))).sum();
            *slope = rise / self.divisor;
        }
        self.around.drain(..width);
        each(&self.output);
    }

    fn finish(&mut self, mut each: impl FnMut(&[f64])) {
        if !self.around.is_empty() {
            for _ in 0..self.window {
                self.around.extend_from_within(self.around.len() - self.width..);
                self.emit(&mut each);
            }
        }
        self.around.clear();
    }
}
