//! What the error codes of GGUF files mean.

/// Every code, in order, with what it means, its usual cause, and how to mend it.
pub const CODES: &[(&str, &str)] = &[
    (
        "SEC-GG-001",
        "The file cannot be opened, examined or mapped; the system's message follows. Usually \
         the path is mistyped or the file belongs to another user. Check the path and who may \
         read it.",
    ),
    (
        "SEC-GG-002",
        "The path is a directory, a pipe or a device, and a GGUF model is one regular file. \
         Usually the folder around the file was given. Give the path of the .gguf file itself.",
    ),
    (
        "SEC-GG-003",
        "The file does not begin with the four bytes GGUF. Usually it is an empty or half-made \
         download, a Git LFS pointer, a web page saved under the model's name, or a model in \
         another format. Fetch the real file, or name it after its format.",
    ),
    (
        "SEC-GG-004",
        "The file is of a version of GGUF that is not read; versions 2 and 3 are. Version 1 is \
         from the first weeks of the format in 2023; a higher one is newer than this program. \
         Convert the model again with a current llama.cpp.",
    ),
    (
        "SEC-GG-005",
        "The numbers of the file are stored most significant byte first, for machines such as \
         s390x. Convert it with gguf-convert-endian of the gguf Python package.",
    ),
    (
        "SEC-GG-006",
        "The header says that something is longer than the rest of the file. Usually the \
         download was interrupted; otherwise a length in the file is damaged. Nothing is \
         allocated before this is checked. Fetch the file again and compare its size with the \
         source's.",
    ),
    (
        "SEC-GG-007",
        "A count or a length in the header is above what any model needs: 100 MiB of header, a \
         million tensors, 65536 keys of up to 65535 bytes, tensor names of 64 bytes, arrays \
         nested 64 deep. Usually the file is damaged or made to do harm. Fetch it again from its \
         source.",
    ),
    (
        "SEC-GG-008",
        "A key, a name or a text of the header is not valid UTF-8. Usually the file is damaged, \
         or its maker cut texts in the middle of a character. Fetch it again or convert the \
         model again.",
    ),
    (
        "SEC-GG-009",
        "A metadata key or a tensor has no name, and could be asked for by nobody. Usually the \
         header is damaged. Fetch the file again.",
    ),
    (
        "SEC-GG-010",
        "A metadata key is there twice, so that two readers could see two models in one file. \
         Write the file again with the key once.",
    ),
    (
        "SEC-GG-011",
        "The type of a metadata value is a number that names no type; there are 13, from 0 (u8) \
         to 12 (f64). Usually the header is damaged just before the key that is named. Fetch the \
         file again.",
    ),
    (
        "SEC-GG-012",
        "A metadata value of type bool is neither 0 nor 1, which the format forbids. Usually the \
         header is damaged. Fetch the file again.",
    ),
    (
        "SEC-GG-013",
        "general.alignment is not a power of two in a u32, or is larger than 1 MiB. Every offset \
         of the file depends on it. Fetch the file again or convert the model again.",
    ),
    (
        "SEC-GG-014",
        "A tensor name is there twice, so that two readers could see two models in one file. \
         Usually parts of two files were joined. Convert the model again.",
    ),
    (
        "SEC-GG-015",
        "A tensor has no dimensions, more than four, or one of size zero. Usually the header is \
         damaged. Fetch the file again.",
    ),
    (
        "SEC-GG-016",
        "The values or the bytes of a tensor are more than can be counted in 63 bits. The header \
         is damaged or made to do harm. Fetch the file again from its source.",
    ),
    (
        "SEC-GG-017",
        "The rows of a tensor are no whole number of blocks of its type: 32 values for Q4_0 to \
         Q8_0, 256 for the K types. Usually the type or the shape is damaged. Convert the model \
         again, with rows of a fitting length or another type.",
    ),
    (
        "SEC-GG-018",
        "The type of a tensor is a number that names no type. Usually the header is damaged; a \
         file of a much newer llama.cpp is possible too. Fetch it again or convert the model to \
         F16 or Q8_0.",
    ),
    (
        "SEC-GG-019",
        "The tensor is of a type that is known by name but not read. Read are F32, F16, BF16, \
         F64, I8, I16, I32, I64, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K. Types of two \
         or three bits are too coarse to prune from. Convert the file with llama-quantize, or \
         better start from the original weights.",
    ),
    (
        "SEC-GG-020",
        "The values of a tensor begin at an offset that is no multiple of the file's alignment \
         (general.alignment, else 32). Usually the writer padded with another alignment than it \
         declared. Convert the model again.",
    ),
    (
        "SEC-GG-021",
        "The values of a tensor go on past the end of the file; the message says how many bytes \
         are missing. Usually the download was interrupted. Fetch the file again and compare its \
         size with the source's.",
    ),
    (
        "SEC-GG-022",
        "The values of two tensors share bytes. The header is damaged, or the file is made to \
         show different models to different readers. Fetch it again from its source.",
    ),
    (
        "SEC-GG-023",
        "The file is valid, but its architecture (general.architecture) has no mapping to a \
         Hugging Face model here. Use the model's original Hugging Face directory.",
    ),
    (
        "SEC-GG-024",
        "The file is valid, but says something about its model that the mapping of its \
         architecture does not cover, such as experts, widths that differ between blocks, or a \
         scaling of rotary embeddings other than linear and Llama 3's. Reading on would give \
         another model. Use the model's original Hugging Face directory.",
    ),
    (
        "SEC-GG-025",
        "A metadata key that the architecture needs is missing. Usually the file holds no whole \
         model, for example only a vocabulary or an adapter. Convert the model again.",
    ),
    (
        "SEC-GG-026",
        "A metadata value is of another type than its key has, or out of range. Usually the file \
         was edited by hand. Convert the model again.",
    ),
    (
        "SEC-GG-027",
        "A tensor that the architecture needs is not there. Usually the file is one part of \
         several, holds an adapter, or was written by a program that names tensors otherwise; \
         the nearest name is shown. Convert the model again.",
    ),
    (
        "SEC-GG-028",
        "A tensor has no place in the architecture that the file declares. Leaving it out would \
         give another model, so nothing is read. Use the model's original Hugging Face \
         directory.",
    ),
    (
        "SEC-GG-029",
        "The shape of a tensor is not what the metadata says; both are shown, outermost \
         dimension first, with the keys that decide. Usually the model was pruned or edited \
         without its metadata. Convert the model again.",
    ),
    (
        "SEC-GG-030",
        "Two statements of the file cannot both be true, for example a number of blocks and the \
         blocks that are there, or a vocabulary with more tokens than the embedding has rows. \
         Usually the file was edited, or tokens were added without rows. Convert the model \
         again.",
    ),
    (
        "SEC-GG-031",
        "The vocabulary of the file makes no tokenizer: lists of different lengths, a merge of \
         tokens that are not there, or a missing unknown token. Convert the model again, or give \
         its tokenizer.json.",
    ),
];

/// What a code means.
pub(super) fn explanation(code: &str) -> Option<&'static str> {
    let at = CODES.binary_search_by(|(c, _)| (*c).cmp(code)).ok()?;
    Some(CODES[at].1)
}
