//! Loops over many scores, compiled for the widest instruction set of the machine.

pub(crate) use pulp::NullaryFnOnce;

/// Runs a loop, compiled once for each level. It is a type, since only a method can say that it is
/// always inlined, and what is not inlined is compiled for the lowest level.
pub(crate) fn run<L: NullaryFnOnce>(body: L) -> L::Output {
    pulp::Arch::new().dispatch(body)
}
