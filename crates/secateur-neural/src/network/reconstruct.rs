//! Weights fitted to what is left, layer by layer, so that the outputs of each layer come as near
//! to those of the original network as they can.
//!
//! For each convolution or linear layer of the smaller network, in order, the weights are those
//! that minimize `|| Y - W X ||^2 + ridge || W - W0 ||^2`, where `X` are its inputs in the
//! smaller network as fitted so far, `Y` the outputs of the same layer in the original, and `W0`
//! the weights that the cut left. Means are taken out of `X` and `Y` first; a layer with a bias
//! takes them into its bias, and a batch normalization that follows takes its statistics anew.
//!
//! After Y. He, X. Zhang, J. Sun, 2017, "Channel pruning for accelerating very deep neural
//! networks", section 3; the ridge towards the weights that are left is ours.

use secateur_graph::ops::{Op, Window};
use secateur_graph::{Graph, NodeId};
use secateur_tensor::Tensor;
use secateur_tensor::kernels::{add_gram, solve_symmetric};

use super::error::NetworkError;
use super::images::Images;
use super::model::Model;
use super::recalibrate::{Side, put, refresh};

/// Rows of inputs that a layer is fitted on at most.
const ROWS_MAX: usize = 1 << 16;
/// Rows that are gathered at a time.
const PANEL: usize = 1 << 12;
/// Weight of the difference from the weights that are left, as a share of the mean square input.
const RIDGE: f64 = 0.1;

/// Fits the layers of the smaller graph that come after a cut, and takes the statistics of its
/// batch normalizations anew. `kept` says which outputs of a layer of the original are left.
///
/// # Errors
/// [`NetworkError`] when a network cannot be run.
pub fn reconstruct(
    model: &Model,
    small: &Graph,
    keep: &[bool],
    images: &Images,
    mut progress: impl FnMut(&str),
) -> Result<(Graph, usize), NetworkError> {
    let mut out = small.clone();
    let kept = model.coupling.kept(keep);
    let mut before = Side::new(model, model.graph(), images)?;
    let mut after = Side::new(model, small, images)?;
    let mut fitted = 0;
    let nodes = after.runners.first().map_or(Vec::new(), |runner| runner.nodes().to_vec());
    let all = before.runners.first().map_or(Vec::new(), |runner| runner.nodes().to_vec());
    let mut next = 0;
    for id in nodes {
        // The original runs up to the same node.
        while next < all.len() && all[next] <= id {
            before.compute(all[next]);
            next += 1;
        }
        if let Some(layer) = model.layers.iter().find(|layer| layer.node == id)
            && layer.groups == 1
        {
            let axis = usize::from(matches!(small.node(id).op, Op::Conv(_)));
            let place = model.coupling.place(id, secateur_graph::Slot::Out(0));
            let rank = model.facts[small.node(id).outputs[0].0 as usize]
                .as_ref()
                .map_or(0, |fact| fact.shape.len());
            let channel_axis = if axis == 1 { 1 } else { rank.saturating_sub(1) };
            let rows = place.and_then(|place| kept.get(&(place, channel_axis as u32)));
            if fit(&before, &mut after, id, rows.map(Vec::as_slice), &mut out) {
                fitted += 1;
                progress(&layer.name);
            }
        }
        refresh(&mut after, id, &mut out);
        after.compute(id);
        after.release(id);
        for earlier in all[..next].iter().filter(|node| **node == id) {
            before.release(*earlier);
        }
    }
    Ok((out, fitted))
}

/// How the inputs of a layer become rows.
enum Rows {
    /// Patches of an image under a kernel.
    Patches(Window),
    /// The last axis.
    Last,
}

/// Fits one layer. Says whether it did.
fn fit(
    before: &Side<'_>,
    after: &mut Side<'_>,
    id: NodeId,
    kept: Option<&[usize]>,
    out: &mut Graph,
) -> bool {
    let node = after.graph.node(id);
    let rows = match &node.op {
        Op::Conv(conv) if conv.window.rank() == 2 => Rows::Patches(conv.window.clone()),
        Op::Gemm(gemm)
            if gemm.trans_b && !gemm.trans_a && gemm.alpha == 1.0 && gemm.beta == 1.0 =>
        {
            Rows::Last
        }
        _ => return false,
    };
    let (Some(x), Some(w)) = (node.inputs[0], node.inputs[1]) else { return false };
    let bias = node.inputs.get(2).copied().flatten();
    let Some(weight) = after.runners[0].constant(w) else { return false };
    let (shape, old) = (weight.shape().to_vec(), weight.as_f32().to_vec());
    let (out_width, width) = (shape[0], shape[1..].iter().product::<usize>());
    let target = before.graph.node(id).outputs[0];
    let (Some(_), Some(_)) = (after.values.get(&x), before.values.get(&target)) else {
        return false;
    };
    let both = width + out_width;
    let mut sums = vec![0.0_f64; both * both];
    let mut means = vec![0.0_f64; both];
    let mut count = 0_usize;
    let mut panel: Vec<f32> = Vec::with_capacity(PANEL * both);
    let mut part = vec![0.0_f32; both * both];
    let mut flush = |panel: &mut Vec<f32>, count: &mut usize| {
        part.fill(0.0);
        add_gram(panel, both, &mut part);
        for (sum, part) in sums.iter_mut().zip(&part) {
            *sum += f64::from(*part);
        }
        for row in panel.chunks_exact(both) {
            for (mean, value) in means.iter_mut().zip(row) {
                *mean += f64::from(*value);
            }
        }
        *count += panel.len() / both;
        panel.clear();
    };
    let total: usize = (0..after.batches())
        .filter_map(|batch| before.read(target, batch))
        .map(|y| y.len() / original_width(y, &rows))
        .sum();
    let step = total.div_ceil(ROWS_MAX).max(1);
    let mut number = 0_usize;
    for batch in 0..after.batches() {
        let (Some(x), Some(y)) = (after.read(x, batch), before.read(target, batch)) else {
            continue;
        };
        let results = y.len() / original_width(y, &rows);
        for row in 0..results {
            number += 1;
            // A prime stride, so that all places of an image are met.
            if !(number * 7919).is_multiple_of(step) {
                continue;
            }
            inputs_of(&rows, x, y, row, &mut panel);
            outputs_of(&rows, y, row, kept, &mut panel);
            if panel.len() >= PANEL * both {
                flush(&mut panel, &mut count);
            }
        }
    }
    flush(&mut panel, &mut count);
    if count < 2 {
        return false;
    }
    let n = count as f64;
    for mean in &mut means {
        *mean /= n;
    }
    let centered = |r: usize, c: usize| {
        let (low, high) = (r.min(c), r.max(c));
        sums[low * both + high] / n - means[r] * means[c]
    };
    let mut gram = vec![0.0; width * width];
    for r in 0..width {
        for c in r..width {
            gram[r * width + c] = centered(r, c);
        }
    }
    let mean_square = (0..width).map(|r| gram[r * width + r]).sum::<f64>() / width as f64;
    let ridge = RIDGE * mean_square;
    if ridge.is_nan() || ridge <= 0.0 {
        return false;
    }
    // (G + ridge) W^T = X^T Y + ridge W0^T
    let mut right = vec![0.0; width * out_width];
    for r in 0..width {
        gram[r * width + r] += ridge;
        for o in 0..out_width {
            let old = f64::from(old[o * width + r]);
            right[r * out_width + o] = centered(r, width + o) + ridge * old;
        }
    }
    if !solve_symmetric(&gram, width, &mut right) {
        return false;
    }
    let mut new = vec![0.0_f32; old.len()];
    for o in 0..out_width {
        for r in 0..width {
            new[o * width + r] = right[r * out_width + o] as f32;
        }
    }
    let shift = |o: usize| {
        let through: f64 = (0..width).map(|r| f64::from(new[o * width + r]) * means[r]).sum();
        (means[width + o] - through) as f32
    };
    let biases: Vec<f32> = (0..out_width).map(shift).collect();
    after.set(w, &new);
    put(out, w, &new);
    if let Some(bias) = bias {
        after.set(bias, &biases);
        put(out, bias, &biases);
    }
    true
}

/// Outputs of a layer in the original.
fn original_width(y: &Tensor, rows: &Rows) -> usize {
    match rows {
        Rows::Patches(_) => y.shape()[1],
        Rows::Last => y.shape().last().copied().unwrap_or(1),
    }
}

/// Appends the inputs of a row: a patch, channel by channel, or a row.
fn inputs_of(rows: &Rows, x: &Tensor, y: &Tensor, row: usize, panel: &mut Vec<f32>) {
    let shape = x.shape();
    match rows {
        Rows::Last => {
            let width = shape.last().copied().unwrap_or(1);
            panel.extend_from_slice(&x.as_f32()[row * width..(row + 1) * width]);
        }
        Rows::Patches(window) => {
            let image = &shape[2..];
            let padding = window.padding(image);
            let (height, width) = (y.shape()[2], y.shape()[3]);
            let pixels = height * width;
            let (n, at) = (row / pixels, row % pixels);
            let top = (at / width * window.strides[0]) as isize - padding[0][0] as isize;
            let left = (at % width * window.strides[1]) as isize - padding[1][0] as isize;
            let values = x.as_f32();
            let area = image[0] * image[1];
            for channel in 0..shape[1] {
                let plane = &values[(n * shape[1] + channel) * area..][..area];
                for ky in 0..window.kernel[0] {
                    let r = top + (ky * window.dilations[0]) as isize;
                    for kx in 0..window.kernel[1] {
                        let c = left + (kx * window.dilations[1]) as isize;
                        let inside = (0..image[0] as isize).contains(&r)
                            && (0..image[1] as isize).contains(&c);
                        panel.push(if inside {
                            plane[r as usize * image[1] + c as usize]
                        } else {
                            0.0
                        });
                    }
                }
            }
        }
    }
}

/// Appends the outputs of a row in the original, those that are left.
fn outputs_of(rows: &Rows, y: &Tensor, row: usize, kept: Option<&[usize]>, panel: &mut Vec<f32>) {
    let width = original_width(y, rows);
    let values = y.as_f32();
    let at = |channel: usize| match rows {
        Rows::Last => values[row * width + channel],
        Rows::Patches(_) => {
            let pixels: usize = y.shape()[2..].iter().product();
            values[(row / pixels * width + channel) * pixels + row % pixels]
        }
    };
    match kept {
        Some(kept) => panel.extend(kept.iter().map(|channel| at(*channel))),
        None => panel.extend((0..width).map(at)),
    }
}
