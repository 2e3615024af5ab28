//! The unit of work: one linear layer.

use secateur_core::Scores;
use secateur_core::prune::PruneError;
use secateur_core::scores::ScoresError;

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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    /// Sum of squares of each input over all tokens.
    pub squares: Vec<f64>,
    /// Windows that were seen.
    pub windows: usize,
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

    /// Norm of each input: the root of its sum of squares per window. The number of windows is a
    /// constant factor that changes no ranking; the reference implementation has it too.
    pub fn norms(&self) -> Vec<f32> {
        let windows = self.windows.max(1) as f64;
        self.squares.iter().map(|sum| (sum / windows).sqrt() as f32).collect()
    }
}
