//! Parallel DEVS: models that run.
//!
//! - [`Atomic`]: what an atomic model says of itself; [`Model`]: components in components, ports,
//!   couplings; [`Flat`]: the same with the couplings closed.
//! - [`Simulation`] runs a flat model fast, [`Hierarchy`] a model as it is written; both give the
//!   same trace.
//! - [`devstone`]: the benchmark models.
//!
//! It does not know System Entity Structures.
//!
//! Start reading at [`Atomic`], then `simulate.rs`: a step from top to bottom.

mod atomic;
mod clock;
pub mod devstone;
mod error;
mod flat;
mod heap;
mod hierarchy;
mod model;
mod nearest;
mod simulate;
mod table;
mod value;
mod watch;

pub use atomic::{Atomic, Bag, Birth, Inputs, Make, Output, State};
pub use clock::{Done, Until, ZERO_STEPS_MAX};
pub use error::{CODES, DevsError};
pub use flat::Flat;
pub use hierarchy::Hierarchy;
pub use model::{Counts, Coupling, End, Id, Model, Ports};
pub use simulate::Simulation;
pub use value::{Job, Value};
pub use watch::Watch;
