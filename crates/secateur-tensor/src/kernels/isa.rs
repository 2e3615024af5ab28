//! The instruction set that kernels run on.

use pulp::{Arch, NullaryFnOnce};

/// Runs a kernel's loop compiled for the widest instruction set of the machine.
///
/// The closure is compiled once per level; the body must be visible to the compiler (inlined)
/// to profit.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the closure is compiled anew for each level")]
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
