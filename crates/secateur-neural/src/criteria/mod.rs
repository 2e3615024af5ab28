//! What each weight of a linear layer is worth; one criterion a file.
//!
//! To add one: write its file and its page beside these and add its line to [`ALL`]. Help,
//! `secateur methods` and the law tests follow from the list.

pub mod magnitude;
pub mod random;
pub mod ria;
pub mod sparsegpt;
pub mod wanda;
pub mod wanda_cumulative;

use secateur_core::census::Cutoff;
use secateur_core::prune::{Evidence, Method, PruneError, Pruned};
use secateur_core::recipe::Scope;
use secateur_core::{Apply, Budget, Criterion, Limits, Recipe};

use crate::apply::mask::Zero;
use crate::error::NeuralError;
use crate::layer::{Inputs, Layer};
use crate::options::{number, refuse_unknown};

/// A criterion on linear layers.
pub type LayerCriterion = dyn Criterion<Layer, Inputs>;

/// What a method makes of a layer.
pub enum Pruner {
    /// Scores all weights, selects, and writes zeros.
    Criterion(Box<LayerCriterion>),
    /// Goes through the columns and updates what stays.
    Columns(sparsegpt::SparseGpt),
}

impl Pruner {
    /// What must be gathered first.
    pub fn needs(&self) -> Evidence {
        match self {
            Self::Criterion(criterion) => criterion.needs(),
            Self::Columns(_) => sparsegpt::Saliency.needs(),
        }
    }

    /// Prunes a layer.
    ///
    /// # Errors
    /// [`PruneError`]; the layer is as it was.
    pub fn prune(
        &self,
        layer: &mut Layer,
        inputs: &Inputs,
        budget: Budget,
    ) -> Result<Pruned, PruneError> {
        match self {
            Self::Criterion(criterion) => {
                secateur_core::prune(layer, &**criterion, &Zero, inputs, budget, &Limits::NONE)
            }
            Self::Columns(pruner) => pruner.prune(layer, inputs, budget),
        }
    }
}

impl Pruner {
    /// Scores a layer and cuts what lies below the rank of a cut over all layers.
    ///
    /// # Errors
    /// [`PruneError`]; the layer is as it was.
    ///
    /// # Panics
    /// For a method that goes through columns: its scores depend on what was cut before.
    pub fn prune_below(
        &self,
        layer: &mut Layer,
        inputs: &Inputs,
        cutoff: &mut Cutoff,
    ) -> Result<Pruned, PruneError> {
        let Self::Criterion(criterion) = self else { panic!("one list of scores is needed") };
        let scores = criterion.score(layer, inputs)?;
        let mask = cutoff.mask(&scores);
        Zero.apply(layer, &mask, &scores, inputs)?;
        Ok(Pruned { mask, scores })
    }
}

/// A criterion as the lists know it.
pub struct Entry {
    /// Name, summary, page.
    pub method: Method,
    /// Where weights compete unless `--scope` says otherwise.
    pub scope: Scope,
    /// Names of the laws that the criterion claims, see `secateur-laws`.
    pub laws: &'static [&'static str],
    /// Makes it from a recipe; refuses options it does not know.
    pub make: fn(&Recipe) -> Result<Pruner, NeuralError>,
}

/// Every criterion, sorted by name.
pub const ALL: &[Entry] = &[
    Entry {
        method: magnitude::METHOD,
        scope: Scope::Layer,
        laws: &["exact_count", "monotone", "scale_free", "idempotent", "row_wise"],
        make: |recipe| plain(recipe, magnitude::Magnitude),
    },
    Entry {
        method: random::METHOD,
        scope: Scope::Row,
        laws: &["exact_count", "monotone", "scale_free", "idempotent"],
        make: |recipe| plain(recipe, random::RandomScore { seed: recipe.seed }),
    },
    Entry {
        method: ria::METHOD,
        scope: Scope::Layer,
        laws: &["exact_count", "monotone", "scale_free"],
        make: |recipe| {
            refuse_unknown(&recipe.options, &["power"])?;
            let power = number(&recipe.options, "power", 0.5)?;
            Ok(Pruner::Criterion(Box::new(ria::Ria { power })))
        },
    },
    Entry {
        method: sparsegpt::METHOD,
        scope: Scope::Layer,
        // It scores while it changes the weights, so laws on one list of scores do not apply.
        laws: &[],
        make: |recipe| {
            refuse_unknown(&recipe.options, &["damping"])?;
            let damping = number(&recipe.options, "damping", 0.01)?;
            Ok(Pruner::Columns(sparsegpt::SparseGpt { damping }))
        },
    },
    Entry {
        method: wanda::METHOD,
        scope: Scope::Row,
        laws: &["exact_count", "monotone", "scale_free", "idempotent", "row_wise"],
        make: |recipe| plain(recipe, wanda::Wanda),
    },
    Entry {
        method: wanda_cumulative::METHOD,
        scope: Scope::Layer,
        laws: &["exact_count", "monotone", "scale_free", "idempotent"],
        make: |recipe| plain(recipe, wanda_cumulative::WandaCumulative),
    },
];

/// The methods of [`ALL`], for lists.
pub const METHODS: &[Method] = &[
    magnitude::METHOD,
    random::METHOD,
    ria::METHOD,
    sparsegpt::METHOD,
    wanda::METHOD,
    wanda_cumulative::METHOD,
];

/// The criterion of a name.
///
/// # Errors
/// [`NeuralError::UnknownMethod`] with the known names.
pub fn find(name: &str) -> Result<&'static Entry, NeuralError> {
    ALL.iter().find(|entry| entry.method.name == name).ok_or_else(|| {
        let known: Vec<&str> = ALL.iter().map(|entry| entry.method.name).collect();
        NeuralError::UnknownMethod { name: name.to_owned(), known: known.join(", ") }
    })
}

fn plain<C: Criterion<Layer, Inputs> + 'static>(
    recipe: &Recipe,
    criterion: C,
) -> Result<Pruner, NeuralError> {
    refuse_unknown(&recipe.options, &[])?;
    Ok(Pruner::Criterion(Box::new(criterion)))
}
