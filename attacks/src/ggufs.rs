//! GGUF files that are damaged, lie about themselves, or are hostile.

use std::fs;
use std::io;
use std::path::Path;

use crate::Case;
use crate::gguf::{ARRAY, I32, STRING, U32, Writer, array, entry, string};

/// The cases of this file.
pub const CASES: &[Case] = &[
    Case { name: "gguf_bad_magic", write: |f| edited(f, |w| w.magic = *b"FUGG") },
    Case { name: "gguf_version_0", write: |f| edited(f, |w| w.version = 0) },
    Case { name: "gguf_version_1", write: |f| edited(f, |w| w.version = 1) },
    Case { name: "gguf_version_of_the_future", write: |f| edited(f, |w| w.version = 4) },
    Case { name: "gguf_big_endian", write: |f| edited(f, |w| w.version = 3 << 24) },
    Case { name: "gguf_cut_off", write: cut_off },
    Case { name: "gguf_count_of_keys", write: |f| edited(f, |w| w.key_count = Some(u64::MAX)) },
    Case {
        name: "gguf_count_of_tensors",
        write: |f| edited(f, |w| w.tensor_count = Some(u64::MAX)),
    },
    Case { name: "gguf_key_of_length_minus_1", write: |f| edited(f, |w| w.keys[0][..8].fill(255)) },
    Case { name: "gguf_empty_key", write: |f| key(f, "", U32, &[0; 4]) },
    Case { name: "gguf_key_twice", write: |f| key(f, "general.name", U32, &[0; 4]) },
    Case { name: "gguf_type_of_value", write: |f| key(f, "k", 13, &[0; 4]) },
    Case { name: "gguf_arrays_100_deep", write: deep },
    Case { name: "gguf_huge_array", write: |f| key(f, "k", ARRAY, &array(U32, 1 << 60, &[])) },
    Case { name: "gguf_alignment_0", write: |f| alignment(f, U32, &[0; 4]) },
    Case { name: "gguf_alignment_13", write: |f| alignment(f, U32, &13_u32.to_le_bytes()) },
    Case { name: "gguf_alignment_2_to_the_31", write: |f| alignment(f, U32, &[0, 0, 0, 0x80]) },
    Case { name: "gguf_alignment_signed", write: |f| alignment(f, I32, &32_i32.to_le_bytes()) },
    Case { name: "gguf_alignment_is_text", write: |f| alignment(f, STRING, &string("32")) },
    Case { name: "gguf_dimension_of_0", write: |f| one(f, &[8, 0], 0, 0) },
    Case { name: "gguf_five_dimensions", write: |f| one(f, &[1; 5], 0, 0) },
    Case { name: "gguf_values_wrap_around", write: |f| one(f, &OVERFLOW, 0, 0) },
    Case { name: "gguf_bytes_of_blocks_overflow", write: |f| one(f, &[u64::MAX >> 1 & !31], 8, 0) },
    Case { name: "gguf_rows_split_blocks", write: |f| one(f, &[48], 3, 0) },
    Case { name: "gguf_unknown_type", write: |f| one(f, &[8], 42, 0) },
    Case { name: "gguf_type_that_is_not_read", write: |f| one(f, &[256], 10, 0) },
    Case { name: "gguf_unaligned", write: |f| one(f, &[4], 0, 4) },
    Case { name: "gguf_past_the_end", write: |f| one(f, &[8], 0, 64) },
    Case { name: "gguf_offset_wraps_around", write: |f| one(f, &[8], 0, u64::MAX - 31) },
    Case { name: "gguf_overlap", write: |f| second(f, &entry("second", &[3], 0, 0)) },
    Case { name: "gguf_tensor_twice", write: |f| second(f, &entry("first", &[3], 0, 32)) },
    Case { name: "gguf_long_name", write: |f| second(f, &entry(&"n".repeat(65), &[3], 0, 32)) },
    Case { name: "gguf_one_exabyte", write: |f| one(f, &[1 << 28, 1 << 30], 0, 0) },
    Case { name: "gguf_without_an_architecture", write: |f| edited(f, |_| {}) },
];

/// Dimensions whose product wraps around to a small number in 64 bits.
const OVERFLOW: [u64; 3] = [4_194_305, 4_194_305, 211_106_198_978_564];

/// A file with one key and two tensors.
fn whole() -> Writer {
    let writer = Writer::default().text("general.name", "a model");
    writer.counted("first", &[4, 2], 1.0).counted("second", &[3], 9.0)
}

fn write(folder: &Path, writer: &Writer) -> io::Result<()> {
    fs::write(folder.join("model"), writer.bytes())
}

fn edited(folder: &Path, edit: fn(&mut Writer)) -> io::Result<()> {
    let mut writer = whole();
    edit(&mut writer);
    write(folder, &writer)
}

fn key(folder: &Path, name: &str, kind: u32, value: &[u8]) -> io::Result<()> {
    write(folder, &whole().key(name, kind, value))
}

fn alignment(folder: &Path, kind: u32, value: &[u8]) -> io::Result<()> {
    key(folder, "general.alignment", kind, value)
}

fn deep(folder: &Path) -> io::Result<()> {
    let nest = |value: Vec<u8>, _| array(ARRAY, 1, &value);
    key(folder, "deep", ARRAY, &(1..100).fold(array(U32, 0, &[]), nest))
}

/// A file with one tensor, whose 32 bytes are there.
fn one(folder: &Path, dims: &[u64], kind: u32, offset: u64) -> io::Result<()> {
    let mut writer = Writer::default().entry("w", dims, kind, offset);
    writer.data = vec![0; 32];
    write(folder, &writer)
}

fn second(folder: &Path, entry: &[u8]) -> io::Result<()> {
    let mut writer = whole();
    writer.tensors[1] = entry.to_vec();
    write(folder, &writer)
}

fn cut_off(folder: &Path) -> io::Result<()> {
    let mut bytes = whole().bytes();
    bytes.truncate(bytes.len() - 21);
    fs::write(folder.join("model"), bytes)
}
