//! System Entity Structures and the DEVS models they describe.
//!
//! Start reading at [`devs`]: the simulator and its models.

pub mod devs;
