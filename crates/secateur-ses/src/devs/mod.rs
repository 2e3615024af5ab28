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
mod nearest;
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
