//! Plain functions on slices.
//!
//! Shapes stand above each kernel. Kernels allocate nothing per call beyond a small scratch per
//! thread, split their work into pieces of a fixed size, and sum inside a piece in a fixed
//! order: the result is the same bits for any number of threads. Loops are written so that the
//! compiler turns them into vector code, and run through [`isa::vectorize`], which picks the
//! widest instruction set of the machine.

pub mod activation;
pub mod attention;
pub mod exp;
pub mod gram;
pub mod isa;
pub mod loss;
pub mod matmul;
pub mod norm;
pub mod reduce;
pub mod rotary;
pub mod softmax;

pub use activation::{gelu, gelu_tanh, silu};
pub use attention::{AttentionShape, attention};
pub use gram::{add_gram, inverse_factor};
pub use loss::token_losses;
pub use matmul::{matmul_stored, matmul_transposed};
pub use norm::{layer_norm, rms_norm};
pub use reduce::add_column_squares;
pub use rotary::{Angles, Pairing, rotary};
pub use softmax::softmax_rows;
