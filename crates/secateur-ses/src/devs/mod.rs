//! Parallel DEVS: models that run.
//!
//! - [`Atomic`]: what an atomic model says of itself; [`Model`]: components in components, ports,
//!   couplings; [`Flat`]: the same with the couplings closed.
//! - [`Simulation`] runs a flat model fast, [`Hierarchy`] a model as it is written; both give the
//!   same trace.
//! - [`models`]: the model base. [`Trace`], [`Statistics`], [`Gantt`]: what may be seen of a run;
//!   [`Experiment`]: several runs, with intervals.
//! - [`devstone`]: the benchmark models.
//!
//! It does not know System Entity Structures.
//!
//! Start reading at [`Atomic`], then `simulate.rs`: a step from top to bottom.
//!
//! # Example
//! A queue before a machine, ten replications with intervals:
//!
//! ```
//! use secateur_ses::devs::models::Registry;
//! use secateur_ses::devs::{Experiment, Flat, Model, Ports};
//!
//! let ready = Registry::ready();
//! let mut shop = Model::new("shop", Ports::default())?;
//! let root = shop.root();
//! let often = [("interarrival".to_owned(), "exponential(5)".into())];
//! let work = [("time".to_owned(), "uniform(2, 6)".into())];
//! ready.place(&mut shop, root, "orders", "generator", &often)?;
//! ready.place(&mut shop, root, "line", "queue", &[])?;
//! ready.place(&mut shop, root, "mill", "machine", &work)?;
//! ready.place(&mut shop, root, "done", "sink", &[])?;
//! shop.couple(root, ("orders", "out"), ("line", "in"))?;
//! shop.couple(root, ("line", "out"), ("mill", "in"))?;
//! shop.couple(root, ("mill", "ready"), ("line", "next"))?;
//! shop.couple(root, ("mill", "out"), ("done", "in"))?;
//!
//! let flat = Flat::new(&shop)?;
//! let experiment = Experiment { until: 5_000.0, warmup: 500.0, replications: 10, seed: 1 };
//! let outcome = experiment.run(&flat)?;
//! let busy = outcome.estimate(|summary| Some(summary.components[2].utilization));
//! let [low, high] = busy.expect("ten replications").interval();
//! assert!(low < 0.8 && 0.8 < high, "{low} {high}");
//! # Ok::<(), secateur_ses::devs::DevsError>(())
//! ```

mod atomic;
mod clock;
pub mod devstone;
mod distribution;
mod error;
mod experiment;
mod flat;
mod gantt;
mod heap;
mod hierarchy;
#[cfg(test)]
mod laws;
mod model;
pub mod models;
mod simulate;
mod statistics;
mod table;
mod trace;
mod value;
mod watch;

pub use atomic::{Atomic, Bag, Birth, Inputs, Make, Output, State};
pub use clock::{Done, Until, ZERO_STEPS_MAX};
pub use distribution::Distribution;
pub use error::{CODES, DevsError};
pub use experiment::{Estimate, Experiment, Measure, Outcome};
pub use flat::Flat;
pub use gantt::Gantt;
pub use hierarchy::Hierarchy;
pub use model::{Counts, Coupling, End, Id, Model, Ports};
pub use simulate::Simulation;
pub use statistics::{Component, Statistics, Summary};
pub use trace::Trace;
pub use value::{Job, Value};
pub use watch::Watch;
