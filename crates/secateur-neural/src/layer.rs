//! The unit of work: one linear layer.

use std::sync::{Arc, OnceLock};

use secateur_core::Scores;
use secateur_core::prune::PruneError;
use secateur_core::scores::ScoresError;
use secateur_tensor::kernels;

/// A linear layer, `y = x w^T`.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Name of the module, e.g. `model.layers.0.mlp.up_proj`.
    pub name: String,
    /// Number of the layer in the model, so that random scores differ between layers.
    pub index: usize,
    /// Outputs; rows of the weight.
    pub out: usize,
    /// Inputs; columns of the weight.
    pub inner: usize,
    /// The weight `[out, inner]`, row-major.
    pub weight: Vec<f32>,
    /// Weights that compete with each other: `inner` for rows, `out * inner` for the layer.
    pub group: usize,
}

impl Layer {
    /// Scores, one per weight, in the groups of this layer.
    ///
    /// # Errors
    /// [`ScoresError`] when a value is NaN.
    pub fn scores(&self, values: Vec<f32>) -> Result<Scores, ScoresError> {
        Scores::equal_groups(values, self.group)
    }
}

/// What was seen of a layer's inputs on the calibration windows.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Sum of squares of each input over all tokens.
    pub squares: Vec<f64>,
    /// Windows that were seen.
    pub windows: usize,
    /// Products of the inputs with each other, where they were asked for.
    pub moments: Option<Arc<Moments>>,
}

/// Sums of products of inputs over all tokens, shared by the layers that have these inputs.
#[derive(Debug)]
pub struct Moments {
    width: usize,
    windows: usize,
    /// `[width, width]`, of which the upper triangle counts.
    sums: Vec<f32>,
    factor: OnceLock<Result<Arc<Vec<f32>>, f64>>,
}

impl Moments {
    /// Sums over the tokens of some windows, `[width, width]`, of which the upper triangle
    /// counts.
    pub fn new(width: usize, windows: usize, sums: Vec<f32>) -> Self {
        Self { width, windows, sums, factor: OnceLock::new() }
    }

    /// The upper factor `[width, width]` of the inverse of `H = 2 / windows * sums`, whose
    /// diagonal was raised by `damping` of its mean, or ten or hundred times that; else the
    /// largest share that was tried. Computed once, with the first `damping`.
    fn factor(&self, damping: f64) -> Result<Arc<Vec<f32>>, f64> {
        self.factor.get_or_init(|| self.search(damping)).clone()
    }

    fn search(&self, damping: f64) -> Result<Arc<Vec<f32>>, f64> {
        let width = self.width;
        let scale = 2.0 / self.windows.max(1) as f64;
        let mut h: Vec<f64> = self.sums.iter().map(|sum| f64::from(*sum) * scale).collect();
        let mut diagonal: Vec<f64> = (0..width).map(|at| h[at * width + at]).collect();
        for value in &mut diagonal {
            // A dead input has nothing to do with the others.
            *value = if *value == 0.0 { 1.0 } else { *value };
        }
        let mean = diagonal.iter().sum::<f64>() / width as f64;
        let mut tried = damping;
        for times in [1.0, 10.0, 100.0] {
            tried = damping * times;
            for (at, value) in diagonal.iter().enumerate() {
                h[at * width + at] = value + tried * mean;
            }
            if let Some(factor) = kernels::inverse_factor(&h, width) {
                return Ok(Arc::new(factor));
            }
        }
        Err(tried)
    }
}

impl Inputs {
    /// Norms of the inputs of a layer, one per column.
    ///
    /// # Errors
    /// [`PruneError::Evidence`] when there are not as many as the layer has columns.
    pub fn norms_of(&self, layer: &Layer) -> Result<Vec<f32>, PruneError> {
        let norms = self.norms();
        if norms.len() == layer.inner {
            return Ok(norms);
        }
        Err(PruneError::Evidence {
            what: format!("inputs of {}", layer.name),
            expected: layer.inner,
            got: norms.len(),
        })
    }

    /// The upper factor of the inverse Hessian of a layer, `[inner, inner]`, damped by a share of
    /// its mean diagonal.
    ///
    /// # Errors
    /// [`PruneError`] when there are no products for this layer, or they cannot be inverted.
    pub fn factor_of(&self, layer: &Layer, damping: f64) -> Result<Arc<Vec<f32>>, PruneError> {
        let got = self.moments.as_ref().map_or(0, |moments| moments.width);
        let Some(moments) = self.moments.as_ref().filter(|_| got == layer.inner) else {
            let what = format!("products of the inputs of {}", layer.name);
            return Err(PruneError::Evidence { what, expected: layer.inner, got });
        };
        moments.factor(damping).map_err(|damping| PruneError::Singular {
            what: format!("the Hessian of {}", layer.name),
            damping,
        })
    }

    /// Norm of each input: the root of its sum of squares per window. The number of windows is a
    /// constant factor that changes no ranking; the reference implementation has it too.
    pub fn norms(&self) -> Vec<f32> {
        let windows = self.windows.max(1) as f64;
        self.squares.iter().map(|sum| (sum / windows).sqrt() as f32).collect()
    }
}
