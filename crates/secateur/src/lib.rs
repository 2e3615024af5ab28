//! secateur: finds what a trained model can do without, removes it, and says what that cost and
//! saved.
//!
//! This crate is the library's door and the only one whose interface is kept stable; the crates
//! behind it move freely. [`FAMILIES`] lists the kinds of models that can be pruned; what a run
//! is asked is a [`core::Recipe`], what it did a [`core::Record`].
//!
//! ```no_run
//! use secateur::core::{Budget, Job, OnExisting, Silent};
//!
//! let mut recipe = secateur::neural_recipe("path/to/model", "wanda", Budget::Sparsity(0.5))?;
//! recipe.calibration = Some(secateur::calibration(&["text.txt"]));
//! let job = Job {
//!     output: "pruned".into(),
//!     existing: OnExisting::Refuse,
//!     max_memory: None,
//!     command: vec!["my program".into()],
//! };
//! let record = secateur::FAMILIES[0].run(&recipe, &job, &mut Silent)?;
//! println!("{:.1} % cut", record.sparsity() * 100.0);
//! # Ok::<(), secateur::core::RunError>(())
//! ```

pub use secateur_checkpoint as checkpoint;
pub use secateur_core as core;
pub use secateur_formula as formula;
pub use secateur_go as go;
pub use secateur_graph as graph;
pub use secateur_neural as neural;
pub use secateur_onnx as onnx;
pub use secateur_report as report;
pub use secateur_ses as ses;
pub use secateur_speaker as speaker;
pub use secateur_store as store;
pub use secateur_tensor as tensor;

use secateur_core::recipe::{Calibration, Sampling};
use secateur_core::{Budget, Family, Recipe, RunError};

/// The kinds of models that can be pruned.
pub const FAMILIES: &[&dyn Family] = &[&neural::Neural];

/// Every error code with its explanation, sorted within each part.
pub const CODES: &[&[(&str, &str)]] = &[
    checkpoint::error::CODES,
    checkpoint::gguf::CODES,
    formula::error::CODES,
    formula::table::error::CODES,
    go::CODES,
    neural::error::CODES,
    neural::network::error::CODES,
    onnx::CODES,
    ses::devs::CODES,
    ses::error::CODES,
    speaker::CODES,
    speaker::audio::CODES,
    speaker::features::CODES,
    store::CODES,
];

/// A recipe for a network with the method's defaults and no data.
///
/// # Errors
/// [`RunError`] when there is no such method.
pub fn neural_recipe(model: &str, method: &str, budget: Budget) -> Result<Recipe, RunError> {
    let entry = neural::criteria::find(method)?;
    Ok(Recipe::new("neural", model, method, budget, entry.scope))
}

/// Calibration on text files (or one file of token ids) with the default protocol: 128 windows
/// of 2048 tokens, or of the model's limit, spread over the text.
pub fn calibration(files: &[&str]) -> Calibration {
    Calibration {
        files: files.iter().map(|&file| file.to_owned()).collect(),
        samples: 128,
        seq_len: 2048,
        sampling: Sampling::Spread,
    }
}
