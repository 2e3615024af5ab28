//! Moving values between shapes.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

/// Calls a generic function on the values of two tensors of one kind.
macro_rules! of_one_kind {
    ($x:expr, $y:expr, $function:ident($($more:expr),*)) => {
        match ($x.values(), $y.values_mut()) {
            (Values::F32(x), Values::F32(y)) => $function(x, y, $($more),*),
            (Values::I64(x), Values::I64(y)) => $function(x, y, $($more),*),
            (Values::Bool(x), Values::Bool(y)) => $function(x, y, $($more),*),
            (Values::Stored(x), Values::F32(y)) => {
                $function(&x.to_f32().expect("a weight of floats"), y, $($more),*)
            }
            _ => panic!("facts() has checked that the kinds are the same"),
        }
    };
}
pub(crate) use of_one_kind;

/// Distance of neighbors along each axis of a row-major shape.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// `y[i, j, ..] = x[offset + i * steps[0] + j * steps[1] + ..]` for all indices of `shape`.
pub(crate) fn strided<T: Copy>(
    x: &[T],
    y: &mut [T],
    shape: &[usize],
    offset: usize,
    steps: &[isize],
) {
    if y.is_empty() {
        return;
    }
    // Axes that run on as one are joined.
    let mut sizes: Vec<usize> = Vec::new();
    let mut by: Vec<isize> = Vec::new();
    for (&size, &step) in shape.iter().zip(steps) {
        if size == 1 {
            continue;
        }
        match (sizes.last_mut(), by.last_mut()) {
            (Some(last), Some(outer)) if *outer == step * size as isize => {
                *last *= size;
                *outer = step;
            }
            _ => {
                sizes.push(size);
                by.push(step);
            }
        }
    }
    let (run, step) = match (sizes.pop(), by.pop()) {
        (Some(run), Some(step)) => (run, step),
        _ => (1, 1),
    };
    let mut index = vec![0; sizes.len()];
    let mut at = offset as isize;
    for y in y.chunks_exact_mut(run) {
        if step == 1 {
            y.copy_from_slice(&x[at as usize..at as usize + run]);
        } else {
            let mut from = at;
            for y in y {
                *y = x[from as usize];
                from += step;
            }
        }
        for axis in (0..sizes.len()).rev() {
            index[axis] += 1;
            at += by[axis];
            if index[axis] < sizes[axis] {
                break;
            }
            at -= by[axis] * sizes[axis] as isize;
            index[axis] = 0;
        }
    }
}

/// The same, of tensors.
pub(crate) fn strided_tensor(x: &Tensor, y: &mut Tensor, offset: usize, steps: &[isize]) {
    let shape = y.shape().to_vec();
    of_one_kind!(x, y, strided(&shape, offset, steps));
}

/// `y[i, j, ..] = x[maps[0][i], maps[1][j], ..]`, or `fill` where a map has no index.
pub(crate) fn mapped<T: Copy>(
    x: &[T],
    y: &mut [T],
    x_shape: &[usize],
    maps: &[Vec<Option<usize>>],
    fill: T,
) {
    if y.is_empty() {
        return;
    }
    let Some((last, outer)) = maps.split_last() else {
        y.copy_from_slice(x);
        return;
    };
    let steps = strides(x_shape);
    let mut index = vec![0; outer.len()];
    for y in y.chunks_exact_mut(last.len()) {
        let places = outer.iter().zip(&index).zip(&steps);
        let start: Option<usize> = places
            .map(|((map, &at), &step)| map[at].map(|from| from * step))
            .try_fold(0, |sum, part| Some(sum + part?));
        match start {
            None => y.fill(fill),
            Some(start) => {
                for (y, from) in y.iter_mut().zip(last) {
                    *y = from.map_or(fill, |from| x[start + from]);
                }
            }
        }
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            if index[axis] < outer[axis].len() {
                break;
            }
            index[axis] = 0;
        }
    }
}

/// Copies the values under another shape.
pub(crate) fn copy<T: Copy>(x: &[T], y: &mut [T]) {
    y.copy_from_slice(x);
}

/// The same, of tensors.
pub(crate) fn copy_tensor(x: &Tensor, y: &mut Tensor) {
    of_one_kind!(x, y, copy());
}

/// The shape that shapes are broadcast to: axes are matched from the last one on.
pub(crate) fn broadcast_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at = |shape: &[usize], axis: usize| {
        let lead = rank - shape.len();
        if axis < lead { 1 } else { shape[axis - lead] }
    };
    let mut shape = Vec::with_capacity(rank);
    for axis in 0..rank {
        shape.push(match (at(a, axis), at(b, axis)) {
            (a, b) if a == b => a,
            (1, b) => b,
            (a, 1) => a,
            _ => return None,
        });
    }
    Some(shape)
}

/// Steps with which a shape is read when it is broadcast to another.
pub(crate) fn broadcast_steps(from: &[usize], to: &[usize]) -> Vec<isize> {
    let lead = to.len() - from.len();
    let steps = strides(from);
    let step = |axis: usize| {
        if axis < lead || (from[axis - lead] == 1 && to[axis] != 1) {
            0
        } else {
            steps[axis - lead] as isize
        }
    };
    (0..to.len()).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transpose_and_a_reversed_slice_are_strides() {
        let x: Vec<i64> = (0..6).collect();
        let mut y = vec![0; 6];
        strided(&x, &mut y, &[3, 2], 0, &[1, 3]);
        assert_eq!(y, [0, 3, 1, 4, 2, 5]);
        strided(&x, &mut y, &[2, 3], 2, &[3, -1]);
        assert_eq!(y, [2, 1, 0, 5, 4, 3]);
        strided(&x, &mut y, &[2, 3], 0, &[0, 1]);
        assert_eq!(y, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn maps_fill_what_has_no_index() {
        let x = [1, 2, 3, 4];
        let mut y = vec![0; 9];
        let maps = vec![vec![Some(1), None, Some(0)], vec![None, Some(0), Some(1)]];
        mapped(&x, &mut y, &[2, 2], &maps, 7);
        assert_eq!(y, [7, 3, 4, 7, 7, 7, 7, 1, 2]);
    }

    #[test]
    fn shapes_are_broadcast_from_the_last_axis() {
        assert_eq!(broadcast_shape(&[4, 1, 3], &[2, 1]), Some(vec![4, 2, 3]));
        assert_eq!(broadcast_shape(&[4, 3], &[2]), None);
        assert_eq!(broadcast_steps(&[2, 1], &[4, 2, 3]), [0, 1, 0]);
    }
}
