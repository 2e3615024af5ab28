//! The whole network cut to several costs by several methods: what quality each cost buys.

use secateur_core::Progress;
use secateur_core::recipe::{Absorb, TargetCost};
use serde::Serialize;

use super::accuracy::accuracy;
use super::choose::{ALIGNS, by_target};
use super::cut::{cut, recover};
use super::error::NetworkError;
use super::images::Images;
use super::model::Model;
use super::netscore::netscore;
use super::plan::{Target, Wish};
use super::score::{Criterion, score};
use crate::options::Choice;

/// One network of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Swept {
    /// Name of the method; none for the network as it is.
    pub method: Option<&'static str>,
    /// Share of multiply-accumulates asked for.
    pub asked: f64,
    /// Multiply-accumulates left, as a share.
    pub macs: f64,
    /// Parameters left, as a share.
    pub parameters: f64,
    /// Share of images recognized.
    pub top1: f64,
    /// [`netscore`].
    pub netscore: Option<f64>,
    /// Whether no other costs as little and recognizes as much.
    pub best: bool,
}

/// Heads of [`Swept::row`].
pub const COLUMNS: [&str; 6] =
    ["method", "MACs left", "parameters left", "top-1", "NetScore", "best"];

impl Swept {
    /// One network as cells of a table.
    pub fn row(&self) -> Vec<String> {
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        vec![
            self.method.unwrap_or("none").to_owned(),
            percent(self.macs),
            percent(self.parameters),
            percent(self.top1),
            self.netscore.map_or(String::new(), |score| format!("{score:.2}")),
            if self.best { "yes" } else { "" }.to_owned(),
        ]
    }
}

/// Cuts a network to each share of its multiply-accumulates by each method, heals it on the
/// calibration images where there are any, and measures. The first is the network as it is.
///
/// # Errors
/// [`NetworkError`] of the first cut or measurement that fails; shares that cannot be reached are
/// left out.
pub fn sweep(
    model: &Model,
    methods: &[Criterion],
    shares: &[f64],
    images: &Images,
    calibration: Option<&Images>,
    choice: &Choice,
    progress: &mut dyn Progress,
) -> Result<Vec<Swept>, NetworkError> {
    let whole = model.costs(None);
    let top1 = accuracy(model, model.graph(), images)?.top1;
    let of = |method, asked, keep: Option<&[bool]>, top1| {
        let costs = model.costs(keep);
        Swept {
            method,
            asked,
            macs: costs.macs as f64 / whole.macs.max(1) as f64,
            parameters: costs.parameters as f64 / whole.parameters.max(1) as f64,
            top1,
            netscore: netscore(top1, costs.parameters, costs.macs),
            best: false,
        }
    };
    let mut all = vec![of(None, 1.0, None, top1)];
    progress.begin("network", methods.len() * shares.len());
    for (number, &criterion) in methods.iter().enumerate() {
        let moments = match (criterion.needs_images(), calibration) {
            (true, Some(calibration)) => Some(super::observe::moments(model, calibration)?),
            _ => None,
        };
        let scores = score(model, criterion, moments.as_ref(), 0)?;
        for (at, &kept) in shares.iter().enumerate() {
            if progress.stopped() {
                return Err(NetworkError::Interrupted);
            }
            let target = Target { cost: "macs", kept };
            let wish = Wish {
                sparsity: None,
                target: Some(target),
                global: false,
                min_keep: 1,
                align: 1,
                choice: choice.clone(),
            };
            let found = by_target(model, &scores, &wish, (TargetCost::Macs, target), &ALIGNS);
            let done = number * shares.len() + at + 1;
            let keep = match found {
                Ok((plan, _)) => plan.keep,
                Err(NetworkError::Unreachable { .. } | NetworkError::NoChange { .. }) => {
                    progress.step(done, &format!("{} cannot reach {kept}", criterion.name()));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mut graph = cut(model, &keep, Absorb::Always)?.graph;
            if let Some(images) = calibration {
                graph = recover(model, &graph, &keep, criterion, images, |_| ())?.0;
            }
            let top1 = accuracy(model, &graph, images)?.top1;
            all.push(of(Some(criterion.name()), kept, Some(&keep), top1));
            progress
                .step(done, &format!("{} {kept}: top-1 {:.1} %", criterion.name(), top1 * 100.0));
        }
    }
    mark_best(&mut all);
    Ok(all)
}

/// Marks those that no other beats in cost and quality.
fn mark_best(all: &mut [Swept]) {
    let points: Vec<[f64; 2]> = all.iter().map(|one| [one.macs, one.top1]).collect();
    for (one, &[macs, top1]) in all.iter_mut().zip(&points) {
        one.best =
            !points.iter().any(|[m, t]| *m <= macs && *t >= top1 && (*m < macs || *t > top1));
    }
}

#[cfg(test)]
mod tests {
    use super::{Swept, mark_best};

    #[test]
    fn what_another_beats_is_not_best() {
        let one = |macs, top1| Swept {
            method: Some("l2"),
            asked: macs,
            macs,
            parameters: 1.0,
            top1,
            netscore: None,
            best: false,
        };
        let mut all = [one(1.0, 0.9), one(0.5, 0.8), one(0.6, 0.7), one(0.5, 0.6), one(0.4, 0.8)];
        mark_best(&mut all);
        assert_eq!(all.map(|one| one.best), [true, false, false, false, true]);
    }
}
