//! Steps for convolutions, linear layers and pools.

use secateur_graph::ops::{Conv, Gemm, GlobalPool, Pool, PoolKind, Reduce, Reduction, Window};
use secateur_tensor::kernels::{ConvShape, PoolShape};

use super::dense::Dense;
use super::items::{Item, Items};
use super::lower::Lowering;
use super::step::Work;
use super::values::{Held, Layout, Making, image};

/// Channels of images that a convolution puts in order as it reads them.
const FEW: usize = 4;

impl Lowering<'_> {
    /// Adds a layer that makes output 0.
    fn dense(&mut self, item: &Item<'_>, dense: Dense, x: Held, layout: Layout) {
        let y = item.outputs[0];
        let shape = self.items.shape(y);
        let held = self.values.add(Making::Dense(Box::new(dense)), vec![x], shape, layout);
        self.set(y, held);
    }

    /// The bias of a layer, `Err` when it is no constant.
    fn bias(&self, item: &Item<'_>, index: usize) -> Result<Option<&[f32]>, ()> {
        match Items::input(item, index) {
            None => Ok(None),
            Some(id) => self.items.floats(id).map(Some).ok_or(()),
        }
    }

    pub(super) fn conv(&mut self, item: &Item<'_>, conv: &Conv) -> bool {
        let (Some(x), Some(w)) = (Items::input(item, 0), Items::input(item, 1)) else {
            return false;
        };
        let (Some(weights), Ok(bias)) = (self.items.floats(w), self.bias(item, 2)) else {
            return false;
        };
        let of_weight = self.items.shape(w);
        let Some(shape) = conv.planar(&self.items.shape(x), &of_weight) else { return false };
        let mut dense = Dense::new(shape, weights.to_vec(), bias, 1);
        let x = self.get(x);
        let x = self.without_border(&x, &mut dense.shape).unwrap_or(x);
        let is_few = shape.groups == 1 && shape.channels_in <= FEW;
        dense.from_plain = is_few && x.layout == Layout::Plain && !x.is_flat();
        let x = if dense.from_plain { x } else { self.values.last(&x) };
        self.dense(item, dense, x, Layout::Last);
        true
    }

    /// What a border of zeros was put around, when a convolution alone reads the whole: the
    /// border becomes that of the convolution.
    fn without_border(&mut self, x: &Held, shape: &mut ConvShape) -> Option<Held> {
        let at = self.values.sole(x)?;
        let draft = self.values.drafts[at].as_ref()?;
        let Making::Work(Work::Windows(windows)) = &draft.work else { return None };
        let inner = draft.reads[0].clone();
        let axes = &windows.axes;
        let fits = windows.fill == 0.0
            && axes.len() == 4
            && draft.writes[0].is_as(x)
            && axes.iter().all(super::moves::Span::takes_all);
        let (rows, columns) = match inner.layout {
            Layout::Plain => (2, 3),
            Layout::Last => (1, 2),
        };
        let others = (0..4).filter(|axis| *axis != rows && *axis != columns);
        if !fits || others.into_iter().any(|axis| axes[axis].count != axes[axis].out) {
            return None;
        }
        let back = |axis: usize| axes[axis].out - axes[axis].front - axes[axis].count;
        let border = [axes[rows].front, axes[columns].front, back(rows), back(columns)];
        for (pad, border) in shape.pads.iter_mut().zip(border) {
            *pad += border;
        }
        (shape.height, shape.width) = (axes[rows].size, axes[columns].size);
        self.values.drafts[at] = None;
        Some(inner)
    }

    /// A linear layer with a weight `[out, in]`.
    fn linear(
        &mut self,
        item: &Item<'_>,
        x: &Held,
        weights: Vec<f32>,
        bias: Option<&[f32]>,
        out: usize,
    ) {
        let inner = weights.len() / out;
        let shape = ConvShape {
            batch: x.len() / inner,
            height: 1,
            width: 1,
            channels_in: inner,
            channels_out: out,
            kernel: [1, 1],
            stride: [1, 1],
            pads: [0; 4],
            dilation: [1, 1],
            groups: 1,
        };
        let axis = self.items.shape(item.outputs[0]).len().saturating_sub(1);
        let x = self.values.plain(x);
        self.dense(item, Dense::new(shape, weights, bias, axis), x, Layout::Plain);
    }

    pub(super) fn gemm(&mut self, item: &Item<'_>, gemm: &Gemm) -> bool {
        let (Some(x), Some(w)) = (Items::input(item, 0), Items::input(item, 1)) else {
            return false;
        };
        let (Some(weights), Ok(bias)) = (self.items.floats(w), self.bias(item, 2)) else {
            return false;
        };
        let [rows, columns] = self.items.shape(w)[..] else { return false };
        let out = if gemm.trans_b { rows } else { columns };
        if gemm.trans_a || bias.is_some_and(|bias| bias.len() != 1 && bias.len() != out) {
            return false;
        }
        let is_row = Items::input(item, 2).is_none_or(|id| {
            let shape = self.items.shape(id);
            shape.last() == Some(&out) || shape.iter().all(|n| *n == 1)
        });
        if !is_row {
            return false;
        }
        let bias = bias.map(|bias| {
            let at = |o: usize| gemm.beta * bias[if bias.len() == 1 { 0 } else { o }];
            (0..out).map(at).collect::<Vec<f32>>()
        });
        let mut weights =
            if gemm.trans_b { weights.to_vec() } else { turned(weights, rows, columns) };
        if gemm.alpha != 1.0 {
            for w in &mut weights {
                *w *= gemm.alpha;
            }
        }
        let x = self.get(x);
        self.linear(item, &x, weights, bias.as_deref(), out);
        true
    }

    pub(super) fn matmul(&mut self, item: &Item<'_>) -> bool {
        let (Some(x), Some(w)) = (Items::input(item, 0), Items::input(item, 1)) else {
            return false;
        };
        let Some(weights) = self.items.floats(w) else { return false };
        let [rows, columns] = self.items.shape(w)[..] else { return false };
        let weights = turned(weights, rows, columns);
        let x = self.get(x);
        self.linear(item, &x, weights, None, columns);
        true
    }

    pub(super) fn pool(&mut self, item: &Item<'_>, pool: &Pool) -> bool {
        let Some(x) = Items::input(item, 0) else { return false };
        let (from, to) = (self.items.shape(x), self.items.shape(item.outputs[0]));
        let Some(shape) = pool_shape(&pool.window, &from, &to) else { return false };
        let x = self.get(x);
        let x = self.values.last(&x);
        let is_whole = shape.kernel == [shape.height, shape.width]
            && (shape.out_height, shape.out_width) == (1, 1)
            && shape.pads == [0; 4];
        let work = match pool.kind {
            PoolKind::Max => Work::MaxPool(shape),
            PoolKind::Average { .. } if is_whole => Work::Mean([shape.batch, shape.channels]),
            PoolKind::Average { count_padding } => Work::AveragePool(shape, count_padding),
        };
        self.make(item, work, vec![x], Layout::Last);
        true
    }

    pub(super) fn global_pool(&mut self, item: &Item<'_>, pool: GlobalPool) -> bool {
        let Some(x) = Items::input(item, 0) else { return false };
        let x = self.get(x);
        let [batch, channels, pixels] = image(&x.shape);
        let x = self.values.last(&x);
        let work = match pool {
            GlobalPool::Average => Work::Mean([batch, channels]),
            GlobalPool::Max => Work::MaxPool(PoolShape {
                batch,
                height: 1,
                width: pixels,
                channels,
                out_height: 1,
                out_width: 1,
                kernel: [1, pixels],
                stride: [1, 1],
                pads: [0; 4],
                dilation: [1, 1],
            }),
        };
        self.make(item, work, vec![x], Layout::Last);
        true
    }

    /// The mean over all axes after channels.
    pub(super) fn reduce(&mut self, item: &Item<'_>, reduce: &Reduce) -> bool {
        let Some(x) = Items::input(item, 0) else { return false };
        let rank = self.items.shape(x).len();
        let given = Items::input(item, 1).map(|id| self.items.integers(id));
        let axes = match given {
            Some(None) => return false,
            Some(Some(axes)) => axes,
            None => reduce.axes.as_deref().unwrap_or_default(),
        };
        let place = |axis: &i64| if *axis < 0 { *axis + rank as i64 } else { *axis };
        let mut axes: Vec<i64> = axes.iter().map(place).collect();
        axes.sort_unstable();
        let is_mean = reduce.reduction == Reduction::Mean && rank > 2;
        if !is_mean || axes != (2..rank as i64).collect::<Vec<_>>() {
            return false;
        }
        let x = self.get(x);
        let [batch, channels, _] = image(&x.shape);
        let x = self.values.last(&x);
        let layout = if reduce.keep_dims { Layout::Last } else { Layout::Plain };
        self.make(item, Work::Mean([batch, channels]), vec![x], layout);
        true
    }
}

/// The shape of a pool over one or two axes.
fn pool_shape(window: &Window, from: &[usize], to: &[usize]) -> Option<PoolShape> {
    let padding = window.padding(&from[2..]);
    let pair = |list: &[usize]| match *list {
        [a] => Some([1, a]),
        [a, b] => Some([a, b]),
        _ => None,
    };
    let [height, width] = pair(&from[2..])?;
    let [out_height, out_width] = pair(&to[2..])?;
    let pads = match padding[..] {
        [[a, b]] => [0, a, 0, b],
        [[a, b], [c, d]] => [a, c, b, d],
        _ => return None,
    };
    Some(PoolShape {
        batch: from[0],
        height,
        width,
        channels: from[1],
        out_height,
        out_width,
        kernel: pair(&window.kernel)?,
        stride: pair(&window.strides)?,
        pads,
        dilation: pair(&window.dilations)?,
    })
}

/// A matrix `[rows, columns]`, transposed.
fn turned(x: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut y = vec![0.0; x.len()];
    secateur_tensor::kernels::to_channels_last(x, 1, rows, columns, &mut y);
    y
}
