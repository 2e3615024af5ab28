//! Ways to predict, compared over the same folds.
//!
//! Times are measured, so they differ from run to run; everything else depends on the seed alone.

mod figures;
mod trees;

pub use figures::{figures, record};
pub use trees::{Trees, trees};

use std::time::Instant;

use rayon::prelude::*;
use secateur_core::{Kind, RunError};

use crate::backward::median;
use crate::baselines::{
    Fitted, Information, NoFit, Rows, Settings, log_linear, network, ols, stepwise,
};
use crate::evaluate::Columns;
use crate::metrics::{Metrics, Spread, metrics, rmse, rmse_interval, spread};
use crate::split::{Groups, Split};
use crate::table::Problem;

/// What fits a way to predict to rows.
pub type Fit<'a> = Box<dyn Fn(&Rows) -> Result<Fitted, RunError> + Send + Sync + 'a>;

/// A way to predict that takes part.
pub struct Contender<'a> {
    /// Its name in tables and figures.
    pub name: String,
    /// What fits it. It sees the rows for learning alone, and must give the same for the same rows
    /// and seed.
    pub fit: Fit<'a>,
    /// Whether it uses all threads itself, so that its folds come one after the other.
    pub alone: bool,
}

impl<'a> Contender<'a> {
    /// A contender of a function.
    pub fn new(
        name: &str,
        fit: impl Fn(&Rows) -> Result<Fitted, RunError> + Send + Sync + 'a,
    ) -> Self {
        Self { name: name.to_owned(), fit: Box::new(fit), alone: false }
    }
}

/// The regressions and the neural network.
pub fn baselines(settings: Settings) -> Vec<Contender<'static>> {
    vec![
        Contender::new("ols", |rows| Ok(ols(rows)?)),
        Contender::new("log-linear", |rows| Ok(log_linear(rows)?)),
        Contender::new("stepwise", |rows| Ok(stepwise(rows, Information::Bic)?)),
        Contender::new("network", move |rows| Ok(network(rows, &settings)?)),
    ]
}

impl From<NoFit> for RunError {
    fn from(error: NoFit) -> Self {
        Self::new(Kind::Input, "SEC-FO-040", error.to_string())
            .hint("leave this way to predict out, or the rows where it has no value")
    }
}

/// What a contender gave in one fold.
#[derive(Clone, Debug, PartialEq)]
pub struct Fold {
    /// What was fitted.
    pub fitted: Fitted,
    /// Errors in the rows learned from.
    pub train: Metrics,
    /// Errors in the rows tested on.
    pub test: Metrics,
    /// Predictions in the rows tested on, in their order.
    pub predicted: Vec<f64>,
    /// By how much the test error rises when an input is set to its median of the rows learned
    /// from, for each input; infinite where that is a fault.
    pub sensitivity: Vec<f64>,
    /// Seconds of the fit.
    pub seconds: f64,
}

/// What a contender gave in all folds.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The contender.
    pub name: String,
    /// The folds; where there was no fit, why.
    pub folds: Vec<Result<Fold, RunError>>,
    /// Errors over the predictions of all folds together; `None` without any.
    pub pooled: Option<Metrics>,
    /// The 95 % interval of the pooled root mean square error by the bootstrap over rows.
    pub pooled_interval: Option<[f64; 2]>,
    /// Row numbers, measured and predicted, of all folds together.
    pub points: Vec<(usize, f64, f64)>,
}

/// How a table is cut for a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// The table.
    pub problem: &'a Problem,
    /// Groups of rows that stay together.
    pub groups: &'a Groups,
    /// The folds.
    pub splits: &'a [Split],
    /// Seed of the contenders; fold `i` gets the seed plus `i`.
    pub seed: u64,
}

/// Fits every contender in every fold. Folds run beside each other, unless the contender uses all
/// threads itself, and what they give is put in order, so that the result does not depend on the
/// number of threads. `fitted` is called with the name of a contender and the fits that are done.
///
/// # Errors
/// What interrupts a fit; any other failure is part of the outcome.
pub fn compare(
    setup: &Setup,
    contenders: &[Contender],
    mut fitted: impl FnMut(&str, usize),
) -> Result<Vec<Outcome>, RunError> {
    let mut done = 0;
    let mut outcomes = Vec::with_capacity(contenders.len());
    for contender in contenders {
        let numbers = 0..setup.splits.len();
        let folds: Vec<Result<Fold, RunError>> = if contender.alone {
            let one = |number| {
                let fold = in_fold(setup, contender, number);
                done += 1;
                fitted(&contender.name, done);
                fold
            };
            numbers.map(one).collect()
        } else {
            let folds =
                numbers.into_par_iter().map(|number| in_fold(setup, contender, number)).collect();
            done += setup.splits.len();
            fitted(&contender.name, done);
            folds
        };
        let stops = |error: &RunError| error.kind == Kind::Interrupted;
        if let Some(error) = folds.iter().find_map(|fold| fold.as_ref().err().filter(|e| stops(e)))
        {
            return Err(error.clone());
        }
        outcomes.push(outcome(setup, &contender.name, folds));
    }
    Ok(outcomes)
}

fn in_fold(setup: &Setup, contender: &Contender, number: usize) -> Result<Fold, RunError> {
    let split = &setup.splits[number];
    let train = setup.problem.of_rows(&split.train);
    let test = setup.problem.of_rows(&split.test);
    let groups = setup.groups.of_rows(&split.train);
    let names: Vec<String> = train.names.iter().map(|name| name.text.clone()).collect();
    let rows = Rows {
        names: &names,
        inputs: train.columns(),
        target: &train.target,
        groups: &groups,
        seed: setup.seed.wrapping_add(number as u64),
    };
    let start = Instant::now();
    let fitted = (contender.fit)(&rows)?;
    let seconds = start.elapsed().as_secs_f64();
    let predicted = fitted.model.predict(test.columns());
    Ok(Fold {
        train: metrics(&train.target, &fitted.model.predict(train.columns())),
        test: metrics(&test.target, &predicted),
        sensitivity: sensitivity(&fitted, &train, &test),
        predicted,
        fitted,
        seconds,
    })
}

/// By how much the test error rises when each input is set to its median.
fn sensitivity(fitted: &Fitted, train: &Problem, test: &Problem) -> Vec<f64> {
    let error =
        |inputs: &[Vec<f64>]| rmse(&test.target, &fitted.model.predict(Columns::new(inputs)));
    let whole = error(&test.inputs);
    let mut inputs = test.inputs.clone();
    let mut rise = |input: usize| {
        let by = vec![median(&train.inputs[input]); test.rows()];
        let before = std::mem::replace(&mut inputs[input], by);
        let rise = error(&inputs) - whole;
        inputs[input] = before;
        if rise.is_nan() { f64::INFINITY } else { rise }
    };
    (0..test.inputs.len()).map(&mut rise).collect()
}

fn outcome(setup: &Setup, name: &str, folds: Vec<Result<Fold, RunError>>) -> Outcome {
    let mut points = Vec::new();
    for (split, fold) in setup.splits.iter().zip(&folds) {
        if let Ok(fold) = fold {
            let pairs = split.test.iter().zip(&fold.predicted);
            points.extend(pairs.map(|(row, p)| (*row, setup.problem.target[*row], *p)));
        }
    }
    let measured: Vec<f64> = points.iter().map(|point| point.1).collect();
    let predicted: Vec<f64> = points.iter().map(|point| point.2).collect();
    Outcome {
        name: name.to_owned(),
        pooled: (!points.is_empty()).then(|| metrics(&measured, &predicted)),
        pooled_interval: rmse_interval(&measured, &predicted, setup.seed),
        folds,
        points,
    }
}

impl Outcome {
    /// The mean of a number over the folds that have it, with its spread; `None` where none has.
    pub fn over_folds(&self, of: impl Fn(&Fold) -> Option<f64>) -> Option<Spread> {
        let values: Vec<f64> = self.folds.iter().flatten().filter_map(of).collect();
        spread(&values)
    }

    /// Root mean square error in the rows tested on.
    pub fn rmse(&self) -> Option<Spread> {
        self.over_folds(|fold| Some(fold.test.rmse))
    }

    /// Share of the variance explained in the rows tested on.
    pub fn r2(&self) -> Option<Spread> {
        self.over_folds(|fold| fold.test.r2)
    }

    /// Mean absolute error in the rows tested on.
    pub fn mae(&self) -> Option<Spread> {
        self.over_folds(|fold| Some(fold.test.mae))
    }

    /// Nodes of the formulas; `None` for what is no formula.
    pub fn size(&self) -> Option<Spread> {
        self.over_folds(|fold| fold.fitted.model.size().map(|size| size as f64))
    }

    /// Numbers that were fitted.
    pub fn parameters(&self) -> Option<Spread> {
        self.over_folds(|fold| Some(fold.fitted.parameters as f64))
    }

    /// Seconds of a fit.
    pub fn seconds(&self) -> Option<Spread> {
        self.over_folds(|fold| Some(fold.seconds))
    }
}
