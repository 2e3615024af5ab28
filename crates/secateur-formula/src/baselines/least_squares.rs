//! Least squares over any choice of columns.
//!
//! The columns are centered, brought to one length and reduced once to a triangle (Householder);
//! a fit over some of them then works on the triangle alone and has the same residuals.

use crate::scale::dot;

/// A column counts as a sum of others when what is left of it is below this share of its length.
const DEPENDENT: f64 = 1e-9;

/// Columns and a target, reduced to a triangle.
pub(super) struct Reduced {
    rows: usize,
    means: Vec<f64>,
    lengths: Vec<f64>,
    target_mean: f64,
    /// Columns of the triangle; the target is the last.
    triangle: Vec<Vec<f64>>,
}

/// A fit over some columns.
pub(super) struct Fit {
    /// What is added.
    pub(super) intercept: f64,
    /// Pairs of a column and its factor, in the order of the columns.
    pub(super) factors: Vec<(usize, f64)>,
    /// Columns that are constant or sums of others, and have no factor.
    pub(super) dependent: Vec<usize>,
    /// Sum of squared residuals.
    pub(super) squares: f64,
}

impl Reduced {
    /// Reduces columns, all of the length of the target.
    pub(super) fn new(mut columns: Vec<Vec<f64>>, target: &[f64]) -> Self {
        let rows = target.len();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / rows as f64;
        columns.push(target.to_vec());
        let mut means = Vec::new();
        let mut lengths = Vec::new();
        for column in &mut columns {
            let center = mean(column);
            let whole = dot(column, column).sqrt();
            for value in column.iter_mut() {
                *value -= center;
            }
            let mut length = dot(column, column).sqrt();
            // What is left of a constant is rounding.
            if length <= 1e-13 * whole {
                column.fill(0.0);
                length = 0.0;
            }
            let by = if length > 0.0 { length } else { 1.0 };
            for value in column.iter_mut() {
                *value /= by;
            }
            means.push(center);
            lengths.push(by);
        }
        let target_mean = means.pop().expect("the target is a column");
        triangle(&mut columns);
        Self { rows, means, lengths, target_mean, triangle: columns }
    }

    /// The best fit over some columns.
    pub(super) fn fit(&self, chosen: &[usize]) -> Fit {
        let mut columns: Vec<Vec<f64>> =
            chosen.iter().map(|index| self.triangle[*index].clone()).collect();
        let mut target = self.triangle.last().expect("the target is a column").clone();
        let order = pivoted(&mut columns, &mut target);
        let rank = order.len();
        let mut solved = vec![0.0; rank];
        for place in (0..rank).rev() {
            let known: f64 =
                (place + 1..rank).map(|right| columns[order[right]][place] * solved[right]).sum();
            solved[place] = (target[place] - known) / columns[order[place]][place];
        }
        let scale = self.lengths.last().expect("the target has a length");
        let mut factors: Vec<(usize, f64)> = order
            .iter()
            .zip(solved)
            .map(|(place, value)| {
                let index = chosen[*place];
                (index, value * scale / self.lengths[index])
            })
            .collect();
        factors.sort_by_key(|(index, _)| *index);
        let shift: f64 = factors.iter().map(|(index, by)| by * self.means[*index]).sum();
        let is_used = |index: &usize| factors.iter().any(|(used, _)| used == index);
        let rest = &target[rank.min(target.len())..];
        Fit {
            intercept: self.target_mean - shift,
            dependent: chosen.iter().copied().filter(|index| !is_used(index)).collect(),
            squares: dot(rest, rest) * scale * scale,
            factors,
        }
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }
}

/// Turns `columns` so that what is below row `at` of `columns[pivot]` is zero; the others listed
/// are turned with it.
fn reflect(pivot: &mut [f64], others: &mut [&mut Vec<f64>], at: usize) {
    let length = dot(&pivot[at..], &pivot[at..]).sqrt();
    if length == 0.0 {
        return;
    }
    let sign = if pivot[at] > 0.0 { -length } else { length };
    let mut normal = pivot[at..].to_vec();
    normal[0] -= sign;
    let square = dot(&normal, &normal);
    pivot[at] = sign;
    pivot[at + 1..].fill(0.0);
    for other in others {
        let by = 2.0 * dot(&normal, &other[at..]) / square;
        for (value, normal) in other[at..].iter_mut().zip(&normal) {
            *value -= by * normal;
        }
    }
}

/// Reduces columns to a triangle of at most as many rows as columns.
fn triangle(columns: &mut [Vec<f64>]) {
    let rows = columns[0].len();
    for at in 0..columns.len().min(rows) {
        let (done, right) = columns.split_at_mut(at + 1);
        let mut others: Vec<&mut Vec<f64>> = right.iter_mut().collect();
        reflect(&mut done[at], &mut others, at);
    }
    let kept = columns.len().min(rows);
    for column in columns {
        column.truncate(kept);
    }
}

/// Reduces columns and target, the column with the most left first; the order of the columns that
/// are no sums of others.
fn pivoted(columns: &mut [Vec<f64>], target: &mut Vec<f64>) -> Vec<usize> {
    let rows = target.len();
    let mut order: Vec<usize> = Vec::new();
    for at in 0..columns.len().min(rows) {
        let left = |index: &usize| dot(&columns[*index][at..], &columns[*index][at..]).sqrt();
        let rest = (0..columns.len()).filter(|index| !order.contains(index));
        let Some(pivot) = rest.rev().max_by(|a, b| left(a).total_cmp(&left(b))) else { break };
        if left(&pivot) < DEPENDENT {
            break;
        }
        let mut column = std::mem::take(&mut columns[pivot]);
        let waiting = columns.iter_mut().enumerate();
        let mut others: Vec<&mut Vec<f64>> = waiting
            .filter(|(index, _)| *index != pivot && !order.contains(index))
            .map(|(_, column)| column)
            .collect();
        others.push(target);
        reflect(&mut column, &mut others, at);
        columns[pivot] = column;
        order.push(pivot);
    }
    order
}
