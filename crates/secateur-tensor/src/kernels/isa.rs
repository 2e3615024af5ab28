//! The instruction set that kernels run on.

#![expect(clippy::inline_always, reason = "bodies are compiled anew for each instruction set")]

use std::any::TypeId;

use pulp::{Arch, NullaryFnOnce, Scalar256b, Simd, WithSimd};

/// Runs a kernel's loop compiled for the widest instruction set of the machine.
///
/// The closure is compiled once per level; the body must be visible to the compiler (inlined)
/// to profit.
#[inline(always)]
pub fn vectorize<R>(kernel: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(kernel)
}

/// Runs a kernel compiled for the widest instruction set of the machine. Unlike a closure, a type
/// can say that its body is always inlined.
pub(crate) fn run<K: NullaryFnOnce>(kernel: K) -> K::Output {
    Arch::new().dispatch(kernel)
}

/// Whether the machine multiplies and adds in one instruction.
pub(crate) fn fuses() -> bool {
    cfg!(target_arch = "aarch64") || level() != "plain"
}

/// Name of the level that kernels run on: `avx512`, `avx2` or `plain`.
pub fn level() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return "avx512";
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            return "avx2";
        }
    }
    "plain"
}

/// What the kernels that are written in vectors of eight values run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lanes {
    /// AVX2 with fused multiply-add where the machine has it, else as `Plain`.
    Widest,
    /// Arrays of eight values that the compiler turns into what instructions there are.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests run it beside the other"))]
    Plain,
}

/// Runs a kernel that is written in vectors of eight values. (On machines with vectors of
/// sixteen as well: then a narrow layer fills its vectors.)
pub(crate) fn run_on<K: WithSimd>(lanes: Lanes, kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if lanes == Lanes::Widest
        && let Some(simd) = pulp::x86::V3::try_new()
    {
        return Simd::vectorize(simd, kernel);
    }
    let _ = lanes;
    Scalar256b.vectorize(kernel)
}

/// Eight values that lie where a vector is best read from.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(C, align(32))]
pub(crate) struct Octet(pub(crate) [f32; 8]);

#[inline(always)]
pub(crate) fn load<S: Simd>(_: S, values: &[f32; 8]) -> S::f32s {
    pulp::cast(*values)
}

#[inline(always)]
pub(crate) fn store<S: Simd>(_: S, vector: S::f32s, values: &mut [f32; 8]) {
    *values = pulp::cast(vector);
}

/// The eight values from a place on.
#[inline(always)]
pub(crate) fn octet(values: &[f32], at: usize) -> &[f32; 8] {
    values[at..].first_chunk().expect("eight values from here on")
}

/// `a * b + c`: rounded once in vectors of the machine, and twice in plain arrays, where rounding
/// once would be a call of a function.
#[inline(always)]
pub(crate) fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if TypeId::of::<S>() == TypeId::of::<Scalar256b>() {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    } else {
        simd.mul_add_e_f32s(a, b, c)
    }
}
