//! Value types that files hold.

use std::fmt;

/// Type of the values of a stored tensor.
///
/// Block types are those of GGUF: a block of 32 or 256 values shares scales, and the innermost
/// dimension is a multiple of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are those of the formats")]
pub enum DType {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F8E4M3,
    F8E5M2,
    F16,
    BF16,
    F32,
    F64,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
}

impl DType {
    /// Every type.
    pub const ALL: [Self; 23] = [
        Self::Bool,
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::U32,
        Self::I32,
        Self::U64,
        Self::I64,
        Self::F8E4M3,
        Self::F8E5M2,
        Self::F16,
        Self::BF16,
        Self::F32,
        Self::F64,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
    ];

    /// Values in a block and bytes of a block; plain types have blocks of one value.
    pub const fn block(self) -> (usize, usize) {
        match self {
            Self::Bool | Self::U8 | Self::I8 | Self::F8E4M3 | Self::F8E5M2 => (1, 1),
            Self::U16 | Self::I16 | Self::F16 | Self::BF16 => (1, 2),
            Self::U32 | Self::I32 | Self::F32 => (1, 4),
            Self::U64 | Self::I64 | Self::F64 => (1, 8),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
        }
    }

    /// Whether blocks of values share scales.
    pub const fn is_block(self) -> bool {
        self.block().0 > 1
    }

    /// Whether this is a floating type that computation can start from, block types included.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::BF16 | Self::F32 | Self::F64) || self.is_block()
    }

    /// Bytes of a tensor of this shape; `None` on overflow or when the innermost dimension is
    /// no multiple of the block.
    pub fn bytes(self, shape: &[usize]) -> Option<usize> {
        let (values, bytes) = self.block();
        let count = shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d))?;
        if values > 1 && !shape.last().is_some_and(|d| d.is_multiple_of(values)) {
            return None;
        }
        (count / values).checked_mul(bytes)
    }

    /// Name in lower case, as options and reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::U16 => "u16",
            Self::I16 => "i16",
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::U64 => "u64",
            Self::I64 => "i64",
            Self::F8E4M3 => "f8_e4m3",
            Self::F8E5M2 => "f8_e5m2",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Q4_0 => "q4_0",
            Self::Q4_1 => "q4_1",
            Self::Q5_0 => "q5_0",
            Self::Q5_1 => "q5_1",
            Self::Q8_0 => "q8_0",
            Self::Q4K => "q4_k",
            Self::Q5K => "q5_k",
            Self::Q6K => "q6_k",
        }
    }

    /// The type of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_checked() {
        assert_eq!(DType::F16.bytes(&[3, 5]), Some(30));
        assert_eq!(DType::F32.bytes(&[]), Some(4));
        assert_eq!(DType::Q4_1.bytes(&[2, 64]), Some(80));
        assert_eq!(DType::Q4_1.bytes(&[2, 48]), None);
        assert_eq!(DType::F32.bytes(&[4_194_305, 4_194_305, 211_106_198_978_564]), None);
        assert_eq!(DType::of_name("q6_k"), Some(DType::Q6K));
    }
}
