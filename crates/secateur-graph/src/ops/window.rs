//! Windows that slide over the axes of an image: what convolutions and pools have in common.

use super::OpError;

/// How a window slides. Every list has one entry for each spatial axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Size of the window.
    pub kernel: Vec<usize>,
    /// Steps.
    pub strides: Vec<usize>,
    /// Distance of neighbors inside of the window.
    pub dilations: Vec<usize>,
    /// Padding before the first index of each axis, then after the last of each.
    pub pads: Vec<usize>,
    /// Whether and where padding is found from the sizes.
    pub auto_pad: AutoPad,
    /// Whether a last window that starts inside counts though it ends outside.
    pub ceil: bool,
}

/// ONNX: `auto_pad`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoPad {
    /// As `pads` says.
    #[default]
    NotSet,
    /// As much as gives one output for each step; an odd one more goes to the end.
    SameUpper,
    /// The same, an odd one more goes to the front.
    SameLower,
    /// None.
    Valid,
}

impl Window {
    /// Number of spatial axes.
    pub fn rank(&self) -> usize {
        self.kernel.len()
    }

    /// Whether the lists fit each other.
    ///
    /// # Errors
    /// [`OpError::Attribute`] when they do not.
    pub fn check(&self, axes: usize) -> Result<(), OpError> {
        let lengths = [self.kernel.len(), self.strides.len(), self.dilations.len()];
        if lengths != [axes; 3] || self.pads.len() != 2 * axes {
            return Err(OpError::Attribute(format!(
                "kernel, strides, dilations and pads of {lengths:?} and {} numbers for {axes} axes",
                self.pads.len()
            )));
        }
        let zero = [&self.kernel, &self.strides, &self.dilations].iter().any(|l| l.contains(&0));
        if zero {
            return Err(OpError::Attribute("a kernel, stride or dilation of 0".to_owned()));
        }
        Ok(())
    }

    /// Padding before and after each axis of an image.
    pub fn padding(&self, image: &[usize]) -> Vec<[usize; 2]> {
        let at = |axis: usize| {
            let reach = (self.kernel[axis] - 1) * self.dilations[axis] + 1;
            let step = self.strides[axis];
            match self.auto_pad {
                AutoPad::NotSet => [self.pads[axis], self.pads[self.rank() + axis]],
                AutoPad::Valid => [0, 0],
                AutoPad::SameUpper | AutoPad::SameLower => {
                    let outputs = image[axis].div_ceil(step);
                    let total = ((outputs.max(1) - 1) * step + reach).saturating_sub(image[axis]);
                    let less = total / 2;
                    match self.auto_pad {
                        AutoPad::SameLower => [total - less, less],
                        _ => [less, total - less],
                    }
                }
            }
        };
        (0..self.rank()).map(at).collect()
    }

    /// Sizes of the outputs of an image.
    ///
    /// # Errors
    /// [`OpError::Attribute`] when the window is larger than the padded image.
    pub fn outputs(&self, image: &[usize]) -> Result<Vec<usize>, OpError> {
        let padding = self.padding(image);
        let at = |axis: usize| {
            let reach = (self.kernel[axis] - 1) * self.dilations[axis] + 1;
            let padded = image[axis] + padding[axis][0] + padding[axis][1];
            let Some(room) = padded.checked_sub(reach) else {
                return Err(OpError::Attribute(format!(
                    "a window of {reach} on axis {axis} of {padded}, padding included"
                )));
            };
            let step = self.strides[axis];
            let mut count = if self.ceil { room.div_ceil(step) + 1 } else { room / step + 1 };
            // A window that starts in the padding after the image does not count.
            if self.ceil && (count - 1) * step >= image[axis] + padding[axis][0] {
                count -= 1;
            }
            Ok(count)
        };
        (0..self.rank()).map(at).collect()
    }
}

/// Calls `f(output, inside)` for every output of an image, in order; `inside` are the pairs of a
/// place in the window and a place in the image that exist.
pub(super) fn slide(
    window: &Window,
    image: &[usize],
    outputs: &[usize],
    mut f: impl FnMut(usize, &[(usize, usize)]),
) {
    let padding = window.padding(image);
    let rank = window.rank();
    let count: usize = outputs.iter().product();
    let places: usize = window.kernel.iter().product();
    let mut inside = Vec::with_capacity(places);
    for output in 0..count {
        inside.clear();
        'places: for place in 0..places {
            let (mut rest_o, mut rest_k) = (output, place);
            let (mut at, mut step) = (0, 1);
            for axis in (0..rank).rev() {
                let o = rest_o % outputs[axis];
                rest_o /= outputs[axis];
                let k = rest_k % window.kernel[axis];
                rest_k /= window.kernel[axis];
                let from = o * window.strides[axis] + k * window.dilations[axis];
                let Some(from) = from.checked_sub(padding[axis][0]) else { continue 'places };
                if from >= image[axis] {
                    continue 'places;
                }
                at += from * step;
                step *= image[axis];
            }
            inside.push((place, at));
        }
        f(output, &inside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(kernel: usize, stride: usize, auto_pad: AutoPad) -> Window {
        let (kernel, strides) = (vec![kernel], vec![stride]);
        Window { kernel, strides, dilations: vec![1], pads: vec![0, 0], auto_pad, ceil: false }
    }

    #[test]
    fn same_padding_gives_one_output_for_each_step() {
        let upper = window(3, 2, AutoPad::SameUpper);
        assert_eq!(upper.padding(&[224]), [[0, 1]]);
        assert_eq!(upper.outputs(&[224]).unwrap(), [112]);
        assert_eq!(window(2, 1, AutoPad::SameLower).padding(&[5]), [[1, 0]]);
    }

    #[test]
    fn a_last_window_must_start_inside() {
        let mut pool = window(2, 2, AutoPad::NotSet);
        pool.ceil = true;
        assert_eq!(pool.outputs(&[5]).unwrap(), [3]);
        pool.pads = vec![1, 1];
        pool.kernel = vec![1];
        assert_eq!(pool.outputs(&[2]).unwrap(), [2]);
        assert!(window(7, 1, AutoPad::Valid).outputs(&[5]).is_err());
    }
}
