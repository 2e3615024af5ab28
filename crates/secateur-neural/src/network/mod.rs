//! Whole networks from ONNX files: channels and weights are cut, and the smaller network is
//! proven to compute what the masked original computes.
//!
//! - [`model`]: a file as a graph at fixed shapes, with its coupled channels and its cost.
//! - [`score`]: what each channel is worth, one criterion a function.
//! - [`plan`]: which channels go, for a share or a target of cost.
//! - [`cut`]: the smaller network, proven and healed.
//! - [`oracle`]: the smaller network against the masked original.
//! - [`images`], [`accuracy`]: labeled images, and how many are recognized.
//! - [`absorb`]: constants of cut channels put into the layers that read them.
//! - [`netscore`]: quality and cost in one number.
//! - [`recalibrate`], [`reconstruct`]: statistics and weights made to fit what is left.
//! - [`weights`]: single weights, and N of M.
//! - [`run`]: from file to file. [`preview`], [`inspect`], [`compare`], [`sensitivity`], [`sweep`], [`latency`], [`check`]:
//!   looking at networks.

pub mod absorb;
pub mod accuracy;
pub mod check;
mod choose;
pub mod compare;
pub mod cut;
pub mod error;
pub mod images;
pub mod inspect;
pub mod latency;
pub mod model;
pub mod netscore;
pub mod observe;
pub mod oracle;
pub mod plan;
pub mod preview;
pub mod recalibrate;
pub mod reconstruct;
mod record;
pub mod run;
pub mod score;
pub mod sensitivity;
pub mod sweep;
pub mod weights;

pub use error::NetworkError;
pub use model::Model;
pub use run::images as images_of;
