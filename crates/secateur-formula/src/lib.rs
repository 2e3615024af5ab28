//! Formulas: genetic operation trees and backward pruning.
//!
//! A formula is an operation tree over the columns of a table. This crate reads tables ([`table`])
//! and splits them ([`split`]), finds a formula ([`search`]), makes it simpler at a stated price
//! ([`backward`]), works out its values over all rows ([`evaluate`]) and compares it with
//! regressions and a neural network ([`compare`]). Formulas come in and go out as text
//! ([`syntax`]) or as documents ([`formula`]).
//!
//! It does not know tensors, networks, or any other family.
//!
//! Start reading at [`tree`] (the noun), then [`evaluate`] and [`backward`] (the verbs).

#![allow(
    clippy::inline_always,
    reason = "what is inlined into a kernel takes on its instruction set; elsewhere it is slow code"
)]

pub mod backward;
pub mod baselines;
mod blocks;
pub mod compare;
pub mod error;
pub mod evaluate;
pub mod factor;
pub mod fold;
pub mod formula;
pub mod genes;
pub mod law;
pub mod math;
pub mod metrics;
pub mod op;
pub mod refine;
pub mod scale;
pub mod search;
pub mod shorten;
pub mod simplify;
pub mod split;
pub mod syntax;
pub mod table;
pub mod tree;
