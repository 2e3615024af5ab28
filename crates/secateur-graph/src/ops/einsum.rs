//! `Einsum` of one or two operands: sums of products over named axes.

use secateur_tensor::{Tensor, kernels};

use super::{Cost, OpError, Operator, given, known, need};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};
use crate::walk::{strided, strides};

/// Axes of operands and of the result have names; what has one name is one axis, and an axis that
/// the result lacks is summed over. Axes that `...` stands for are broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Einsum {
    /// E.g. `bij,bjk->bik`; without an arrow the result has the names that occur once, sorted.
    pub equation: String,
}

/// The name of an axis: a letter, or a place of `...` counted from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Dots(usize),
    Letter(char),
}

/// Names of the axes of operands and result, and the sizes of all names.
#[derive(Debug)]
struct Reading {
    operands: Vec<Vec<Label>>,
    result: Vec<Label>,
    sizes: Vec<(Label, usize)>,
}

impl Reading {
    fn size(&self, label: Label) -> usize {
        self.sizes.iter().find(|(other, _)| *other == label).map_or(1, |(_, size)| *size)
    }

    /// The step of an operand along a name; none along one that it lacks or that is broadcast.
    fn step(&self, operand: usize, shape: &[usize], label: Label) -> isize {
        let by = strides(shape);
        let axes = self.operands[operand].iter().enumerate().filter(|(_, other)| **other == label);
        let wide = axes.filter(|(axis, _)| shape[*axis] == self.size(label));
        wide.map(|(axis, _)| by[axis] as isize).sum()
    }
}

/// The names in a part of an equation, with `dots` axes for `...`.
fn labels(part: &str, dots: usize) -> Vec<Label> {
    let mut labels = Vec::new();
    let mut rest = part;
    while let Some(letter) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("...") {
            labels.extend((0..dots).rev().map(Label::Dots));
            rest = after;
        } else {
            labels.push(Label::Letter(letter));
            rest = &rest[letter.len_utf8()..];
        }
    }
    labels
}

impl Einsum {
    fn read(&self, shapes: &[Vec<usize>]) -> Result<Reading, OpError> {
        let wrong = || OpError::Attribute(format!("{} of {shapes:?}", self.equation));
        let equation: String = self.equation.chars().filter(|c| !c.is_whitespace()).collect();
        let (left, right) = match equation.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (equation.as_str(), None),
        };
        let parts: Vec<&str> = left.split(',').collect();
        if parts.len() != shapes.len() || parts.len() > 2 {
            return Err(wrong());
        }
        let mut operands = Vec::new();
        let mut most_dots = 0;
        for (part, shape) in parts.iter().zip(shapes) {
            let letters = labels(part, 0).len();
            let dots = if part.contains("...") {
                shape.len().checked_sub(letters).ok_or_else(wrong)?
            } else {
                0
            };
            most_dots = most_dots.max(dots);
            operands.push(labels(part, dots));
        }
        let mut sizes: Vec<(Label, usize)> = Vec::new();
        for (labels, shape) in operands.iter().zip(shapes) {
            if labels.len() != shape.len() {
                return Err(wrong());
            }
            for (&label, &size) in labels.iter().zip(shape) {
                match sizes.iter_mut().find(|(other, _)| *other == label) {
                    None => sizes.push((label, size)),
                    Some((_, known)) if *known == 1 => *known = size,
                    Some((_, known)) if *known == size || size == 1 => {}
                    Some(_) => return Err(wrong()),
                }
            }
        }
        let result = if let Some(right) = right {
            labels(right, most_dots)
        } else {
            let count = |label| operands.iter().flatten().filter(|l| **l == label).count();
            let once = |label: &Label| matches!(label, Label::Dots(_)) || count(*label) == 1;
            let mut labels: Vec<Label> = sizes.iter().map(|(l, _)| *l).filter(once).collect();
            labels.sort_unstable_by_key(|label| match label {
                Label::Dots(at) => (0, usize::MAX - at, '.'),
                Label::Letter(letter) => (1, 0, *letter),
            });
            labels
        };
        if result.iter().any(|label| sizes.iter().all(|(other, _)| other != label)) {
            return Err(wrong());
        }
        Ok(Reading { operands, result, sizes })
    }
}

impl Operator for Einsum {
    fn name(&self) -> &'static str {
        "Einsum"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        for index in 0..inputs.len() {
            need(inputs, index, Kind::F32)?;
        }
        let shapes: Result<Vec<Vec<usize>>, OpError> =
            (0..inputs.len()).map(|index| known(inputs, index)).collect();
        let reading = self.read(&shapes?)?;
        let shape: Vec<usize> = reading.result.iter().map(|label| reading.size(*label)).collect();
        Ok(vec![Fact::f32_known(&shape)])
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        let Ok(reading) = self.read(inputs) else { return Cost::default() };
        let macs = reading.sizes.iter().map(|(_, size)| *size as u64).product();
        Cost { macs, ..super::moved(inputs, outputs) }
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let one = Tensor::f32(vec![], vec![1.0]);
        let (a, b) = (given(inputs, 0), if inputs.len() > 1 { given(inputs, 1) } else { &one });
        let shapes: Vec<Vec<usize>> =
            inputs.iter().flatten().map(|tensor| tensor.shape().to_vec()).collect();
        let mut reading = self.read(&shapes).expect("checked in facts()");
        reading.operands.resize(2, Vec::new());
        let has = |operand: usize, label: &Label| reading.operands[operand].contains(label);
        let all = || reading.sizes.iter().map(|(label, _)| *label);
        // Axes of both and of the result, of the result and one, and those that are summed over.
        let kept = |label: &Label| reading.result.contains(label);
        let shared: Vec<Label> = all().filter(|l| kept(l) && has(0, l) && has(1, l)).collect();
        let left: Vec<Label> = all().filter(|l| kept(l) && !has(1, l)).collect();
        let right: Vec<Label> = all().filter(|l| kept(l) && !has(0, l)).collect();
        let summed: Vec<Label> = all().filter(|l| !kept(l)).collect();
        let size = |labels: &[Label]| labels.iter().map(|l| reading.size(*l)).product::<usize>();
        let laid = |operand: usize, x: &Tensor, own: &[Label]| {
            let order: Vec<Label> =
                [&shared, own, &summed].into_iter().flatten().copied().collect();
            let shape: Vec<usize> = order.iter().map(|label| reading.size(*label)).collect();
            let step = |label: &Label| reading.step(operand, x.shape(), *label);
            let steps: Vec<isize> = order.iter().map(step).collect();
            let mut y = vec![0.0; shape.iter().product()];
            strided(x.as_f32(), &mut y, &shape, 0, &steps);
            y
        };
        let (x, w) = (laid(0, a, &left), laid(1, b, &right));
        let (rows, columns, inner) = (size(&left), size(&right), size(&summed));
        let mut product = vec![0.0; size(&shared) * rows * columns];
        if product.is_empty() || inner == 0 {
            return outputs[0].as_f32_mut().fill(0.0);
        }
        let blocks = product.chunks_exact_mut(rows * columns);
        let operands = x.chunks_exact(rows * inner).zip(w.chunks_exact(columns * inner));
        for (y, (x, w)) in blocks.zip(operands) {
            kernels::matmul_transposed(x, w, None, inner, y);
        }
        let order: Vec<Label> = [shared, left, right].concat();
        let by = strides(&order.iter().map(|label| reading.size(*label)).collect::<Vec<_>>());
        let step = |label: &Label| {
            let at = order.iter().position(|other| other == label);
            by[at.expect("every name of the result is of an operand")] as isize
        };
        let steps: Vec<isize> = reading.result.iter().map(step).collect();
        let shape = outputs[0].shape().to_vec();
        strided(&product, outputs[0].as_f32_mut(), &shape, 0, &steps);
    }

    /// What is cut of a sum is as zeros in it.
    fn ties(&self, ties: &mut Ties<'_>) {
        let slots: Vec<Slot> =
            ties.slots().into_iter().filter(|slot| matches!(slot, Slot::In(_))).collect();
        let shapes: Vec<Vec<usize>> = slots.iter().map(|slot| ties.shape(*slot)).collect();
        let Ok(reading) = self.read(&shapes) else {
            return ties.freeze_all("its axes are not known");
        };
        let mut places: Vec<(Label, Slot, usize)> = Vec::new();
        for (slot, labels) in slots.iter().zip(&reading.operands) {
            places.extend(labels.iter().enumerate().map(|(axis, label)| (*label, *slot, axis)));
        }
        let result = reading.result.iter().enumerate();
        places.extend(result.map(|(axis, label)| (*label, Slot::Out(0), axis)));
        for &(label, size) in &reading.sizes {
            let wide = |place: &&(Label, Slot, usize)| {
                place.0 == label && ties.shape(place.1)[place.2] == size
            };
            let same: Vec<(Label, Slot, usize)> = places.iter().filter(wide).copied().collect();
            for pair in same.windows(2) {
                ties.same((pair[0].1, pair[0].2), (pair[1].1, pair[1].2));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(equation: &str, inputs: &[&Tensor], shape: &[usize], expect: &[f32]) {
        let op = Einsum { equation: equation.to_owned() };
        let facts: Vec<Fact> = inputs.iter().map(|t| Fact::known((*t).clone())).collect();
        let facts: Vec<Option<&Fact>> = facts.iter().map(Some).collect();
        let facts = op.facts(&facts).unwrap();
        assert_eq!(facts[0].known_shape().unwrap(), shape);
        let mut y = vec![Tensor::zeros(shape.to_vec())];
        let inputs: Vec<Option<&Tensor>> = inputs.iter().map(|t| Some(*t)).collect();
        op.forward(&inputs, &mut y);
        assert_eq!(y[0].as_f32(), expect);
    }

    #[test]
    fn products_traces_and_transposes() {
        let a = Tensor::f32(vec![2, 2], vec![1.0, 2.0, 3.0, 4.0]);
        let b = Tensor::f32(vec![2, 2], vec![5.0, 6.0, 7.0, 8.0]);
        check("ij,jk->ik", &[&a, &b], &[2, 2], &[19.0, 22.0, 43.0, 50.0]);
        check("ij, jk", &[&a, &b], &[2, 2], &[19.0, 22.0, 43.0, 50.0]);
        check("...ij,...ij->...i", &[&a, &b], &[2], &[17.0, 53.0]);
        check("ii", &[&a], &[], &[5.0]);
        check("ij->ji", &[&a], &[2, 2], &[1.0, 3.0, 2.0, 4.0]);
    }
}
