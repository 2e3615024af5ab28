//! The channels that a recipe asks for: scores and plan, or the plan of an earlier run.

use std::path::Path;

use secateur_core::recipe::{self, Scope};
use secateur_core::record::Input;
use secateur_core::{Budget, Recipe};
use serde_json::{Value, json};

use super::error::NetworkError;
use super::images::Images;
use super::latency::{Table, beside};
use super::model::Model;
use super::observe;
use super::plan::{Plan, Target, Wish, plan};
use super::score::{Criterion, score};
use crate::options::Choice;

/// Times that a plan for a target of time is corrected at most.
const CORRECTIONS: usize = 6;
/// What share of the target of time is near enough.
const NEAR: f64 = 0.95;
/// Seconds that two networks are timed for, side by side.
const TIMED: f64 = 0.4;

/// Chooses the channels to keep. Says what of the target was missed.
///
/// # Errors
/// [`NetworkError`] when the method lacks something, nothing can be cut or the target cannot be
/// reached.
pub(super) fn choose(
    recipe: &Recipe,
    asked: &recipe::Network,
    model: &Model,
    calibration: Option<&Images>,
    earlier: Option<&Value>,
) -> Result<(Plan, Option<String>), NetworkError> {
    let criterion = Criterion::find(&recipe.method)?;
    let needed = |what: &str| NetworkError::Needs {
        what: what.to_owned(),
        needs: "calibration images (--calibration FILE)".to_owned(),
    };
    if criterion.needs_images() && calibration.is_none() {
        return Err(needed(&format!("method {}", criterion.name())));
    }
    let moments = match calibration.filter(|_| criterion.needs_images()) {
        Some(images) => Some(observe::moments(model, images)?),
        None => None,
    };
    let scores = score(model, criterion, moments.as_ref(), recipe.seed)?;
    let wish = Wish {
        sparsity: match recipe.budget {
            Budget::Sparsity(share) if asked.target.is_none() => Some(share),
            _ => None,
        },
        target: asked.target.map(|t| Target { cost: t.cost.name(), kept: t.kept }),
        global: recipe.scope == Scope::Global,
        min_keep: asked.min_keep,
        align: asked.align,
        choice: choice(recipe),
    };
    if let Some(plan) = earlier.and_then(|plan| of_earlier(model, &wish, plan)) {
        return Ok((plan, None));
    }
    let kind = asked.target.map(|target| target.cost);
    if let (Some(recipe::TargetCost::Latency), Some(target)) = (kind, wish.target) {
        return by_latency(model, &scores, &wish, target);
    }
    let mut cost = |keep: &[bool]| match kind {
        Some(recipe::TargetCost::Params) => model.costs(Some(keep)).parameters as f64,
        Some(recipe::TargetCost::Size) => model.costs(Some(keep)).bytes as f64,
        _ => model.macs(Some(keep)) as f64,
    };
    Ok((plan(model, &scores, &wish, &mut cost)?, None))
}

/// Plans for a target of time: the table of kernels finds a plan, the whole network is timed with
/// it, and the table is asked for as much less or more as was missed. Says what share of the
/// time was measured when it is more than asked for.
fn by_latency(
    model: &Model,
    scores: &[f32],
    wish: &Wish,
    target: Target,
) -> Result<(Plan, Option<String>), NetworkError> {
    let mut table = Table::default();
    let mut asked = target.kept;
    let mut best: Option<(f64, Plan)> = None;
    for _ in 0..CORRECTIONS {
        let wish = Wish { target: Some(Target { kept: asked, ..target }), ..wish.clone() };
        let found = plan(model, scores, &wish, &mut |keep| table.seconds(model, keep));
        let plan = match (found, &best) {
            (Ok(plan), _) => plan,
            (Err(NetworkError::Unreachable { .. }), Some(_)) => break,
            (Err(error), _) => return Err(error),
        };
        let fail = |error| NetworkError::Shrink { path: model.path.clone(), error };
        let (small, _) =
            model.coupling.shrink(model.graph(), &model.facts, &plan.keep).map_err(fail)?;
        let share = match beside(model, model.graph(), &small, TIMED) {
            Ok([whole, part]) => part / whole,
            // A network that cannot be run is planned by its kernels alone.
            Err(NetworkError::Runner { .. }) => return Ok((plan, None)),
            Err(error) => return Err(error),
        };
        // The largest share that is within the target, else the smallest.
        let within = |share: f64| share <= target.kept;
        let is_better =
            best.as_ref().is_none_or(|(other, _)| match (within(share), within(*other)) {
                (true, true) => share > *other,
                (false, false) => share < *other,
                (is, _) => is,
            });
        if is_better {
            best = Some((share, plan));
        }
        if within(share) && share > target.kept * NEAR {
            break;
        }
        // Aim at the middle of what is good enough.
        asked = (asked * target.kept * f64::midpoint(NEAR, 1.0) / share).clamp(1e-3, 0.999);
    }
    let (share, plan) = best.expect("at least one plan was timed");
    let missed = (share > target.kept).then(|| {
        format!(
            "the smaller network was timed at {share:.2} of the original's time, {} was asked for; \
             what else it does besides convolutions and linear layers does not get faster",
            target.kept
        )
    });
    Ok((plan, missed))
}

/// A plan as a manifest has it; none where it does not fit the network.
fn of_earlier(model: &Model, wish: &Wish, plan: &Value) -> Option<Plan> {
    let mut parts = super::plan::parts(model, &wish.choice).ok()?;
    let listed = plan.as_array().filter(|listed| listed.len() == parts.len())?;
    let mut keep = vec![true; model.coupling.classes.len()];
    for (part, entry) in parts.iter_mut().zip(listed) {
        let classes = &model.coupling.groups[part.group].classes;
        if entry["name"] != json!(part.name) || entry["channels"] != json!(part.channels) {
            return None;
        }
        for at in entry["cut"].as_array()? {
            keep[*classes.get(at.as_u64()? as usize)?] = false;
        }
        part.kept = classes.iter().filter(|class| keep[**class]).count();
    }
    Some(Plan { keep, parts })
}

/// The plan of an output that is there already and was asked for the same: a target of latency is
/// measured once, so that a rerun gives the same file.
pub(super) fn earlier_plan(
    recipe: &Recipe,
    asked: &recipe::Network,
    output: &Path,
    inputs: &[Input],
) -> Option<Value> {
    let latency = asked.target.is_some_and(|t| t.cost == recipe::TargetCost::Latency);
    let manifest = secateur_store::read_manifest(output).ok().flatten().filter(|_| latency)?;
    let same = manifest["recipe"] == json!(recipe) && manifest["inputs"] == json!(inputs);
    same.then(|| manifest["plan"].clone())
}

/// The layers of a recipe.
pub(super) fn choice(recipe: &Recipe) -> Choice {
    Choice { layers: recipe.layers.clone(), skip: recipe.skip.clone() }
}
