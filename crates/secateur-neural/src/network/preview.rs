//! What a cut would leave, before anything is written.

use std::path::Path;

use secateur_core::Recipe;

use super::choose::choose;
use super::error::NetworkError;
use super::model::Model;
use super::plan::{Part, Plan};
use super::run::{asked, granularity, images};

/// What a cut of channels would leave.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Preview {
    /// Multiply-accumulates before and after.
    pub macs: [u64; 2],
    /// Parameters before and after.
    pub parameters: [u64; 2],
    /// Bytes of the constants before and after.
    pub bytes: [u64; 2],
    /// The groups.
    pub groups: Vec<PreviewGroup>,
}

/// A group of channels.
#[derive(Clone, Debug, serde::Serialize)]
pub struct PreviewGroup {
    /// Name: that of the first layer that makes the channels.
    pub name: String,
    /// Channels.
    pub channels: usize,
    /// Channels that would be kept.
    pub kept: usize,
    /// Why it would be left alone.
    pub skipped: Option<String>,
}

/// What a recipe for channels would leave; nothing is written.
///
/// # Errors
/// [`NetworkError`] as a run would give it.
pub fn preview(recipe: &Recipe) -> Result<Preview, NetworkError> {
    let asked = asked(recipe)?;
    let path = Path::new(&recipe.model);
    let model = Model::open(path, &asked.inputs, granularity(asked.granularity))?;
    let calibration = asked.calibration.as_ref().map(|asked| images(asked, &model)).transpose()?;
    let chosen = choose(recipe, asked, &model, calibration.as_ref(), None)?;
    let Plan { keep, parts } = chosen.0;
    let (before, after) = (model.costs(None), model.costs(Some(&keep)));
    let groups = parts.into_iter().map(|part| {
        let Part { name, channels, kept, skipped, .. } = part;
        PreviewGroup { name, channels, kept, skipped }
    });
    Ok(Preview {
        macs: [before.macs, after.macs],
        parameters: [before.parameters, after.parameters],
        bytes: [before.bytes, after.bytes],
        groups: groups.collect(),
    })
}
