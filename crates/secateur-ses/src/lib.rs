//! System Entity Structures: a family of systems described once, and pruned to one of it.
//!
//! A structure says what a system may be made of: entities, aspects (their parts), multi-aspects
//! (many of one kind), specializations (which kinds there are), with variables, rules, couplings
//! and constraints, and with copies of itself. Pruning takes every decision and gives one
//! structure that can be simulated.
//!
//! It knows no files (bytes in, text out), no networks and no other family.
//!
//! Start reading at [`model`] (the nouns), then [`prune`] (the way down, with its parts
//! `prune/build.rs`, `prune/decide.rs` and `prune/couple.rs`) and [`pes`] (what comes out).
//! [`language`] and [`format`](mod@format) read and write, [`script`] runs rules and small
//! functions, [`check`](mod@check) looks for broken axioms, [`family`] counts and lists members,
//! [`flatten`](mod@flatten) and [`diff`](mod@diff) work on results. [`transform`](mod@transform)
//! makes a model of a result, which [`devs`] simulates; [`optimize`](mod@optimize) searches a
//! family by simulation.
//!
//! ```
//! use secateur_ses::language;
//! use secateur_ses::prune::{Request, prune};
//!
//! let ses = language::read(
//!     "variable n = 2
//!      entity shop { multi machinesMASP [n] { entity machine {
//!          specialization kind { entity mill when n > 1  entity lathe when n <= 1 }
//!      } } }",
//! )?;
//! let pruned = prune(&ses, &Request::default())?;
//! assert_eq!(pruned.pes.path(3), "/shop/machinesDEC/mill_machine_2");
//! # Ok::<(), secateur_ses::error::SesError>(())
//! ```

pub mod check;
pub mod devs;
pub mod diff;
pub mod error;
pub mod family;
pub mod flatten;
pub mod format;
pub mod language;
pub mod model;
pub mod names;
pub mod optimize;
pub mod pes;
pub mod place;
pub mod prune;
pub mod script;
pub mod transform;
