//! Plain functions on slices.
//!
//! Shapes stand above each kernel. Kernels allocate nothing per call beyond a small scratch per
//! thread, split their work into pieces of a fixed size, and sum inside a piece in a fixed
//! order: the result is the same bits for any number of threads. Loops are written so that the
//! compiler turns them into vector code, and run through [`isa::vectorize`], which picks the
//! widest instruction set of the machine.

pub mod activation;
pub mod attention;
pub mod conv;
mod depthwise;
pub mod epilogue;
pub mod exp;
pub mod gram;
pub mod isa;
pub mod layout;
pub mod loss;
pub mod matmul;
pub mod norm;
pub mod pool;
pub mod reduce;
pub mod rotary;
pub mod softmax;

pub use activation::{gelu, gelu_tanh, silu};
pub use attention::{AttentionShape, attention};
pub use conv::{ConvShape, PackedConv, conv, conv_plain, linear};
pub use epilogue::{Activation, Epilogue};
pub use gram::{add_gram, inverse_factor, solve_symmetric};
pub use layout::{scale_channels, to_channels_last, to_plain};
pub use loss::token_losses;
pub use matmul::{matmul_stored, matmul_transposed};
pub use norm::{layer_norm, rms_norm};
pub use pool::{PoolShape, average_pool, global_average_pool, max_pool};
pub use reduce::add_column_squares;
pub use rotary::{Angles, Pairing, rotary};
pub use softmax::softmax_rows;
