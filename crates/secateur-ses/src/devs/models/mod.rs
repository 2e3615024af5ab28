//! The model base: ready atomic models, made by name from parameters.
//!
//! A model is an [`Entry`]: its parameters with their defaults, its ports (which may depend on
//! parameters), and how it is made. [`Registry::ready`] has those of the list below;
//! [`Registry::add`] takes more. Some have other names as well: `machine` is a `server`, `buffer` a
//! `queue`, `agv` and `robot` are `transporter`s, `coordinator` is a `controller`.
//!
//! Jobs are pulled or pushed. A server sends `ready` when it has room; coupled to the input
//! `next` of a queue, that fetches a job. A queue with a capacity sends `space` for every free
//! place; coupled to the input `space` of a server with `blocking=1`, that holds finished jobs
//! back until there is room. Without these couplings jobs are pushed, and wait where they arrive.
//!
//! Besides jobs there are signals (`constant`, `add`, `lag`, ...: numbers that are sent when they
//! change) and a computer network (`client`, `hub`, `gateway`).

mod controller;
mod conveyor;
mod desk;
mod generator;
mod joiner;
mod line;
mod network;
mod parameters;
mod queue;
mod registry;
mod router;
mod server;
mod signal;
mod sink;
mod splitter;
mod transporter;

#[cfg(test)]
mod tests;

pub use parameters::{Given, Kind, Parameter, Parameters};
pub use registry::{Entry, Registry};

/// Every ready model, ordered by name.
const READY: &[fn() -> Entry] = &[
    signal::add,
    network::client,
    signal::constant,
    controller::entry,
    conveyor::entry,
    super::devstone::entry,
    signal::gain,
    network::gateway,
    generator::entry,
    network::hub,
    signal::integrator,
    joiner::entry,
    signal::lag,
    signal::noise,
    queue::entry,
    router::entry,
    server::entry,
    sink::entry,
    splitter::entry,
    signal::step,
    signal::subtract,
    transporter::entry,
];

/// Other names of ready models.
const ALIASES: &[(&str, &str)] = &[
    ("agv", "transporter"),
    ("buffer", "queue"),
    ("coordinator", "controller"),
    ("machine", "server"),
    ("robot", "transporter"),
    ("source", "generator"),
    ("station", "server"),
];
