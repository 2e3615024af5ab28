//! ONNX files whose values lie in other files: paths that lead elsewhere, and numbers that lie.
//! Each case writes `model/model.onnx`, unless it is about a cache, and what is outside that
//! folder is not the model's.

use std::fs;
use std::io;
use std::path::Path;

use crate::Case;
use crate::contents::{link, make_pipe};
use crate::onnx::{counted, counted_bytes, external, graph, whole};
use crate::onnxs::put;

type Keys = &'static [(&'static str, &'static str)];

/// The cases of this file.
pub const CASES: &[Case] = &[
    Case { name: "external_whole", write: |f| keys(f, WHOLE) },
    Case {
        name: "external_location_alone",
        write: |f| keys(f, &[("location", "w.bin"), ("offset", "16")]),
    },
    // Paths.
    Case { name: "external_parent", write: |f| located(f, "../outside.bin") },
    Case { name: "external_parent_of_a_folder", write: |f| located(f, "sub/../../outside.bin") },
    Case {
        name: "external_neighbor_of_the_same_start",
        write: |f| located(f, "../model_evil/w.bin"),
    },
    Case { name: "external_absolute", write: |f| located(f, "/etc/hostname") },
    Case { name: "external_drive", write: |f| located(f, "C:\\w.bin") },
    Case { name: "external_backslashes", write: |f| located(f, "..\\outside.bin") },
    Case { name: "external_nul", write: |f| located(f, "w.bin\0.txt") },
    Case {
        name: "external_without_location",
        write: |f| keys(f, &[("offset", "0"), ("length", "48")]),
    },
    Case { name: "external_missing", write: |f| located(f, "w.data") },
    // Files.
    Case { name: "external_link_out", write: |f| linked(f, "../outside.bin", "w.link", "w.link") },
    Case { name: "external_link_inside", write: |f| linked(f, "w.bin", "w.link", "w.link") },
    Case {
        name: "external_folder_is_a_link_out",
        write: |f| linked(f, "..", "sub", "sub/outside.bin"),
    },
    Case { name: "external_hard_link", write: hard_link },
    Case {
        name: "external_pipe",
        write: |f| {
            located(f, "w.pipe")?;
            make_pipe(&f.join("model/w.pipe"))
        },
    },
    Case { name: "external_device", write: |f| linked(f, "/dev/zero", "w.link", "w.link") },
    Case {
        name: "external_directory",
        write: |f| {
            located(f, "sub")?;
            fs::create_dir(f.join("model/sub"))
        },
    },
    Case { name: "external_in_a_cache", write: |f| cache(f, "../../blobs/hash") },
    Case { name: "external_out_of_a_cache", write: |f| cache(f, "../../../outside.bin") },
    // Keys.
    Case { name: "external_negative_offset", write: |f| keys(f, &[LOCATION, ("offset", "-16")]) },
    Case { name: "external_negative_length", write: |f| keys(f, &[LOCATION, ("length", "-48")]) },
    Case {
        name: "external_offset_is_a_word",
        write: |f| keys(f, &[LOCATION, ("offset", "start")]),
    },
    Case { name: "external_offset_has_a_sign", write: |f| keys(f, &[LOCATION, ("offset", "+16")]) },
    Case {
        name: "external_offset_too_large",
        write: |f| keys(f, &[LOCATION, ("offset", "99999999999999999999")]),
    },
    Case {
        name: "external_offset_wraps_around",
        write: |f| keys(f, &[LOCATION, ("offset", "18446744073709551600")]),
    },
    Case { name: "external_past_the_end", write: |f| keys(f, &[LOCATION, ("offset", "64")]) },
    Case {
        name: "external_offset_of_2_to_the_50",
        write: |f| keys(f, &[LOCATION, ("offset", "1125899906842624")]),
    },
    Case {
        name: "external_length_of_2_to_the_50",
        write: |f| keys(f, &[LOCATION, ("length", "1125899906842624")]),
    },
    Case { name: "external_length_differs", write: |f| keys(f, &[LOCATION, ("length", "44")]) },
    Case { name: "external_key_twice", write: |f| keys(f, &[LOCATION, LOCATION]) },
    Case {
        name: "external_unknown_key",
        write: |f| keys(f, &[LOCATION, ("offset", "16"), ("color", "red")]),
    },
    Case { name: "external_claims_one_exabyte", write: exabyte },
    Case { name: "external_overlap", write: |f| two(f, ("offset", "16"), ("offset", "52")) },
    Case { name: "external_same_bytes", write: |f| two(f, ("offset", "16"), ("offset", "16")) },
    Case { name: "external_and_inside", write: both },
];

const LOCATION: (&str, &str) = ("location", "w.bin");
const WHOLE: Keys = &[LOCATION, ("offset", "16"), ("length", "48")];
/// Bytes of `w.bin` before the values.
const OFFSET: usize = 16;

/// Writes the files that stand around a model: its data, and what is not its own.
fn sides(folder: &Path) -> io::Result<()> {
    let values = [&[0; OFFSET][..], &counted_bytes(&[4, 3])].concat();
    fs::create_dir_all(folder.join("model"))?;
    fs::create_dir_all(folder.join("model_evil"))?;
    fs::write(folder.join("model/w.bin"), &values)?;
    fs::write(folder.join("model_evil/w.bin"), &values)?;
    fs::write(folder.join("outside.bin"), &values)
}

fn keys(folder: &Path, keys: &[(&str, &str)]) -> io::Result<()> {
    sides(folder)?;
    let mut model = whole();
    graph(&mut model).initializer[0] = external(counted("w", &[4, 3]), keys);
    put(&folder.join("model"), &model)
}

fn located(folder: &Path, location: &str) -> io::Result<()> {
    keys(folder, &[("location", location), ("offset", "16")])
}

/// A link in the model's folder, and a tensor behind it.
fn linked(folder: &Path, to: &str, at: &str, location: &str) -> io::Result<()> {
    located(folder, location)?;
    link(Path::new(to), &folder.join("model").join(at))
}

fn hard_link(folder: &Path) -> io::Result<()> {
    located(folder, "w.hard")?;
    fs::hard_link(folder.join("outside.bin"), folder.join("model/w.hard"))
}

/// A cache as the Hugging Face Hub has it: `model` is the snapshot's folder.
fn cache(folder: &Path, to: &str) -> io::Result<()> {
    let root = folder.join("models--a--b");
    fs::create_dir_all(root.join("snapshots/rev"))?;
    fs::create_dir_all(root.join("blobs"))?;
    located(folder, "w.link")?;
    fs::rename(folder.join("model/w.bin"), root.join("blobs/hash"))?;
    fs::rename(folder.join("model/model.onnx"), root.join("blobs/model"))?;
    link(Path::new("../../blobs/model"), &root.join("snapshots/rev/model.onnx"))?;
    link(Path::new(to), &root.join("snapshots/rev/w.link"))?;
    fs::remove_dir(folder.join("model"))?;
    link(Path::new("models--a--b/snapshots/rev"), &folder.join("model"))
}

fn exabyte(folder: &Path) -> io::Result<()> {
    sides(folder)?;
    let mut model = whole();
    let mut huge = external(counted("w", &[4, 3]), &[LOCATION]);
    huge.dims = vec![1 << 58];
    graph(&mut model).initializer[0] = huge;
    put(&folder.join("model"), &model)
}

/// Both initializers in one file; the second is `[3]`, or the same as the first.
fn two(folder: &Path, first: (&str, &str), second: (&str, &str)) -> io::Result<()> {
    sides(folder)?;
    let mut model = whole();
    let graph = graph(&mut model);
    graph.initializer[0] = external(counted("w", &[4, 3]), &[LOCATION, first]);
    let dims: &[i64] = if first == second { &[4, 3] } else { &[3] };
    graph.initializer[1] = external(counted("b", dims), &[LOCATION, second]);
    put(&folder.join("model"), &model)
}

fn both(folder: &Path) -> io::Result<()> {
    sides(folder)?;
    let mut model = whole();
    let values = counted("w", &[4, 3]);
    let raw_data = values.raw_data.clone();
    graph(&mut model).initializer[0] = external(values, WHOLE);
    graph(&mut model).initializer[0].raw_data = raw_data;
    put(&folder.join("model"), &model)
}
