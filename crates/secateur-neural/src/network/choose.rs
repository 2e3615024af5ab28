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
/// Multiples that kept widths are raised to under a target, in this order.
pub(super) const ALIGNS: [usize; 3] = [8, 4, 1];
/// What share of a target is near enough.
const NEAR: f64 = 0.94;
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
        align: asked.align.unwrap_or(1),
        choice: choice(recipe),
    };
    if let Some(plan) = earlier.and_then(|plan| of_earlier(model, &wish, plan)) {
        return Ok((plan, None));
    }
    let (Some(target), Some(asked_for)) = (wish.target, asked.target) else {
        return Ok((plan(model, &scores, &wish, &mut |_| 0.0)?, None));
    };
    let all = asked.align.map_or(ALIGNS.to_vec(), |align| vec![align]);
    by_target(model, &scores, &wish, (asked_for.cost, target), &all)
}

/// Plans for a target with the widest multiple that comes near enough to it, else with the one
/// that comes nearest.
pub(super) fn by_target(
    model: &Model,
    scores: &[f32],
    wish: &Wish,
    (cost, target): (recipe::TargetCost, Target),
    aligns: &[usize],
) -> Result<(Plan, Option<String>), NetworkError> {
    let mut nearest: Option<(f64, Plan)> = None;
    let mut failed = None;
    for &align in aligns {
        let wish = Wish { align, ..wish.clone() };
        let found = if cost == recipe::TargetCost::Latency {
            by_latency(model, scores, &wish, target)
        } else {
            let mut of = |keep: &[bool]| match cost {
                recipe::TargetCost::Params => model.costs(Some(keep)).parameters as f64,
                recipe::TargetCost::Size => model.costs(Some(keep)).bytes as f64,
                _ => model.macs(Some(keep)) as f64,
            };
            let found = plan(model, scores, &wish, &mut of);
            let whole = of(&vec![true; model.coupling.classes.len()]);
            found.map(|plan| (of(&plan.keep) / whole, plan))
        };
        let (share, plan) = match found {
            Ok(found) => found,
            Err(error @ NetworkError::Unreachable { .. }) => {
                failed = Some(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        let is_near = target.kept * NEAR <= share && share <= target.kept;
        if nearest.as_ref().is_none_or(|(other, _)| is_nearer(share, *other, target.kept)) {
            nearest = Some((share, plan));
        }
        if is_near {
            break;
        }
    }
    let Some((share, plan)) = nearest else {
        return Err(failed.expect("every multiple was tried"));
    };
    let missed = (share > target.kept).then(|| {
        format!(
            "the smaller network was timed at {share:.2} of the original's time, {} was asked for; \
             what else it does besides convolutions and linear layers does not get faster",
            target.kept
        )
    });
    Ok((plan, missed))
}

/// Whether one share of a cost comes nearer to a target than another: the largest within it, else
/// the smallest.
fn is_nearer(share: f64, other: f64, kept: f64) -> bool {
    match (share <= kept, other <= kept) {
        (true, true) => share > other,
        (false, false) => share < other,
        (within, _) => within,
    }
}

/// Plans for a target of time: the table of kernels finds a plan, the whole network is timed with
/// it, and the table is asked for as much less or more as was missed. Says what share of the
/// time was measured.
fn by_latency(
    model: &Model,
    scores: &[f32],
    wish: &Wish,
    target: Target,
) -> Result<(f64, Plan), NetworkError> {
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
            Err(NetworkError::Runner { .. }) => return Ok((target.kept, plan)),
            Err(error) => return Err(error),
        };
        let is_near = target.kept * NEAR <= share && share <= target.kept;
        if best.as_ref().is_none_or(|(other, _)| is_nearer(share, *other, target.kept)) {
            best = Some((share, plan));
        }
        if is_near {
            break;
        }
        // Aim at the middle of what is good enough.
        asked = (asked * target.kept * f64::midpoint(NEAR, 1.0) / share).clamp(1e-3, 0.999);
    }
    Ok(best.expect("at least one plan was timed"))
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
