//! Types of tensors, by ggml's numbers.

use secateur_tensor::DType;

/// What a type number means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Read.
    Read(DType),
    /// Known by name, not read.
    Named,
}

/// Numbers, names and meanings, as in ggml's `enum ggml_type`; numbers that ggml has retired
/// are not here.
pub(super) const TYPES: &[(u32, &str, Kind)] = &[
    (0, "F32", Kind::Read(DType::F32)),
    (1, "F16", Kind::Read(DType::F16)),
    (2, "Q4_0", Kind::Read(DType::Q4_0)),
    (3, "Q4_1", Kind::Read(DType::Q4_1)),
    (6, "Q5_0", Kind::Read(DType::Q5_0)),
    (7, "Q5_1", Kind::Read(DType::Q5_1)),
    (8, "Q8_0", Kind::Read(DType::Q8_0)),
    (9, "Q8_1", Kind::Named),
    (10, "Q2_K", Kind::Named),
    (11, "Q3_K", Kind::Named),
    (12, "Q4_K", Kind::Read(DType::Q4K)),
    (13, "Q5_K", Kind::Read(DType::Q5K)),
    (14, "Q6_K", Kind::Read(DType::Q6K)),
    (15, "Q8_K", Kind::Named),
    (16, "IQ2_XXS", Kind::Named),
    (17, "IQ2_XS", Kind::Named),
    (18, "IQ3_XXS", Kind::Named),
    (19, "IQ1_S", Kind::Named),
    (20, "IQ4_NL", Kind::Named),
    (21, "IQ3_S", Kind::Named),
    (22, "IQ2_S", Kind::Named),
    (23, "IQ4_XS", Kind::Named),
    (24, "I8", Kind::Read(DType::I8)),
    (25, "I16", Kind::Read(DType::I16)),
    (26, "I32", Kind::Read(DType::I32)),
    (27, "I64", Kind::Read(DType::I64)),
    (28, "F64", Kind::Read(DType::F64)),
    (29, "IQ1_M", Kind::Named),
    (30, "BF16", Kind::Read(DType::BF16)),
    (34, "TQ1_0", Kind::Named),
    (35, "TQ2_0", Kind::Named),
    (39, "MXFP4", Kind::Named),
    (40, "NVFP4", Kind::Named),
    (41, "Q1_0", Kind::Named),
];

/// Name and meaning of a type number.
pub(super) fn of_number(number: u32) -> Option<(&'static str, Kind)> {
    TYPES.iter().find(|(n, ..)| *n == number).map(|&(_, name, kind)| (name, kind))
}

/// Number of a type.
pub(super) fn number_of(dtype: DType) -> Option<u32> {
    TYPES.iter().find(|(.., kind)| *kind == Kind::Read(dtype)).map(|(number, ..)| *number)
}

/// Names of the types that are read.
pub(super) fn names_read() -> String {
    let read = TYPES.iter().filter(|(.., kind)| matches!(kind, Kind::Read(_)));
    read.map(|(_, name, _)| *name).collect::<Vec<_>>().join(" ")
}
