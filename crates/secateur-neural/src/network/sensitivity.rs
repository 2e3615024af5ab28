//! Each layer alone at several shares: what its channels are worth to the whole.

use secateur_core::figure::{Figure, Points};
use secateur_core::recipe::{Absorb, Scope};
use secateur_core::record::{Change, Cost, Costs, Named, Record, Run};
use secateur_core::{Budget, Progress, Recipe};
use serde::Serialize;

use super::accuracy::accuracy;
use super::cut::{cut, recover};
use super::error::NetworkError;
use super::images::Images;
use super::model::Model;
use super::plan::{Wish, parts, plan};
use super::score::{Criterion, score};
use super::sweep::{COLUMNS, Swept};
use crate::options::Choice;

/// What a group of channels is worth.
#[derive(Clone, Debug, Serialize)]
pub struct Curve {
    /// Name of the first layer that makes the channels.
    pub name: String,
    /// Channels.
    pub channels: usize,
    /// For each share: the share, multiply-accumulates left as a share, and top-1.
    pub points: Vec<Point>,
}

/// One cut of one group.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// Share of the group's channels that was cut.
    pub sparsity: f64,
    /// Multiply-accumulates left, as a share of the whole network's.
    pub macs: f64,
    /// Share of images recognized.
    pub top1: f64,
}

/// Cuts each group alone at each share and measures.
///
/// # Errors
/// [`NetworkError`] of the first cut or measurement that fails.
pub fn sensitivity(
    model: &Model,
    criterion: Criterion,
    images: &Images,
    calibration: Option<&Images>,
    shares: &[f64],
    choice: &Choice,
    progress: &mut dyn Progress,
) -> Result<(f64, Vec<Curve>), NetworkError> {
    let dense = accuracy(model, model.graph(), images)?.top1;
    let moments = match (criterion.needs_images(), calibration) {
        (true, Some(calibration)) => Some(super::observe::moments(model, calibration)?),
        _ => None,
    };
    let scores = score(model, criterion, moments.as_ref(), 0)?;
    let all = parts(model, choice)?;
    let open: Vec<_> = all.iter().filter(|part| part.skipped.is_none()).collect();
    if open.is_empty() {
        let why = "no group is chosen".to_owned();
        return Err(NetworkError::NothingToCut { path: model.path.clone(), why });
    }
    let whole = model.costs(None).macs as f64;
    progress.begin("group", open.len());
    let mut curves = Vec::new();
    for (done, part) in open.into_iter().enumerate() {
        if progress.stopped() {
            return Err(NetworkError::Interrupted);
        }
        let mut points = Vec::new();
        for &share in shares {
            let wish = Wish {
                sparsity: Some(share),
                target: None,
                global: false,
                min_keep: 1,
                align: 1,
                choice: Choice::default(),
            };
            let mut keep = vec![true; model.coupling.classes.len()];
            let found = plan(model, &scores, &wish, &mut |_| 0.0);
            let Ok(found) = found else { continue };
            for class in &model.coupling.groups[part.group].classes {
                keep[*class] = found.keep[*class];
            }
            if keep.iter().all(|keep| *keep) {
                continue;
            }
            let mut small = cut(model, &keep, Absorb::Always)?.graph;
            if let Some(images) = calibration {
                small = recover(model, &small, &keep, criterion, images, |_| ())?.0;
            }
            let top1 = accuracy(model, &small, images)?.top1;
            let macs = model.costs(Some(&keep)).macs as f64 / whole;
            points.push(Point { sparsity: share, macs, top1 });
        }
        progress.step(done + 1, &part.name);
        curves.push(Curve { name: part.name.clone(), channels: part.channels, points });
    }
    Ok((dense, curves))
}

/// The curves as a page, with the networks of a sweep where there are any.
///
/// # Errors
/// Words, when the page cannot be drawn.
pub fn page(
    model: &Model,
    dense: f64,
    curves: &[Curve],
    swept: &[Swept],
    images: &Images,
    command: Vec<String>,
) -> Result<String, String> {
    let series = curves
        .iter()
        .map(|curve| Points {
            name: curve.name.clone(),
            points: std::iter::once([0.0, dense * 100.0])
                .chain(curve.points.iter().map(|p| [p.sparsity * 100.0, p.top1 * 100.0]))
                .collect(),
        })
        .collect();
    let pareto = curves
        .iter()
        .map(|curve| Points {
            name: curve.name.clone(),
            points: curve.points.iter().map(|p| [p.macs * 100.0, p.top1 * 100.0]).collect(),
        })
        .collect();
    let costs = model.costs(None);
    let cost = Cost {
        parameters: costs.parameters,
        nonzeros: costs.parameters,
        bytes: costs.bytes,
        operations: costs.macs,
        seconds: None,
    };
    let path = model.path.display().to_string();
    let mut figures = vec![
        Named {
            title: "Sensitivity".to_owned(),
            caption: format!(
                "Each group of channels cut alone: images recognized against the share cut. The \
                 network as it is recognizes {:.1} % of {} images.",
                dense * 100.0,
                images.len()
            ),
            figure: Figure::Lines {
                x: "channels cut, %".to_owned(),
                y: "top-1, %".to_owned(),
                series,
                log_y: false,
            },
        },
        Named {
            title: "Cost and quality of single groups".to_owned(),
            caption: "The same cuts: multiply-accumulates of the whole network against images recognized; the upper left is best.".to_owned(),
            figure: Figure::Scatter {
                x: "MACs left, %".to_owned(),
                y: "top-1, %".to_owned(),
                series: pareto,
            },
        },
    ];
    if !swept.is_empty() {
        figures.extend(sweep_figures(swept));
    }
    let record = Record {
        format: secateur_core::record::FORMAT,
        run: Run {
            command,
            version: crate::family::VERSION.to_owned(),
            recipe: Recipe::new(
                "neural",
                &path,
                "sensitivity",
                Budget::Sparsity(0.0),
                Scope::Layer,
            ),
            inputs: Vec::new(),
            instruction_set: secateur_tensor::kernels::isa::level().to_owned(),
            threads: rayon::current_num_threads(),
            model: super::record::summary(model),
            seconds: None,
            peak_memory_bytes: None,
        },
        groups: Vec::new(),
        cost: Costs::Network(Change { before: cost.clone(), after: cost }),
        quality: Vec::new(),
        warnings: Vec::new(),
        figures,
    };
    secateur_report::html(&record).map_err(|error| error.to_string())
}

/// The networks of a sweep: the best of them as a line, all of them as points and as a table.
fn sweep_figures(swept: &[Swept]) -> Vec<Named> {
    let at = |one: &Swept| [one.macs * 100.0, one.top1 * 100.0];
    let mut best: Vec<[f64; 2]> = swept.iter().filter(|one| one.best).map(at).collect();
    best.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let mut methods: Vec<&str> = swept.iter().filter_map(|one| one.method).collect();
    methods.dedup();
    let mut series = vec![Points { name: "best".to_owned(), points: best }];
    series.extend(methods.into_iter().map(|method| Points {
        name: method.to_owned(),
        points: swept.iter().filter(|one| one.method == Some(method)).map(at).collect(),
    }));
    vec![
        Named {
            title: "Trade-off".to_owned(),
            caption: "The whole network cut to several costs; the line joins those that no other beats in cost and quality.".to_owned(),
            figure: Figure::Lines {
                x: "MACs left, %".to_owned(),
                y: "top-1, %".to_owned(),
                series,
                log_y: false,
            },
        },
        Named {
            title: "Networks of the sweep".to_owned(),
            caption: format!("NetScore is {}.", super::netscore::CONVENTION),
            figure: Figure::Table {
                columns: COLUMNS.iter().map(|c| (*c).to_owned()).collect(),
                rows: swept.iter().map(Swept::row).collect(),
            },
        },
    ]
}
