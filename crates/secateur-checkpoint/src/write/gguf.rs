//! A model as one GGUF file.
//!
//! What was GGUF keeps its metadata, its tokenizer and the order of its tensors. What was a
//! directory gets the metadata that llama.cpp's converter writes, as far as they are read there.

use std::collections::HashSet;

use secateur_tensor::{Bytes, DType, Stored};

use super::vocabulary;
use super::{Constant, PlannedFile, PlannedTensor};
use crate::checkpoint::Checkpoint;
use crate::config::Scaling;
use crate::gguf::{self, AsHf, Gguf, GgufError, Value, rope};
use crate::tensors::RowOrder;

/// Why an architecture has no GGUF form here.
const INTO_A_DIRECTORY: &str = "write a directory instead: -o OUT, or --format hf";

/// Plans a GGUF file. `wanted` is a type for all matrices, if any; without one, tensors keep
/// their types, and of those that are `pruned` the ones whose type cannot be written become q8_0.
///
/// # Errors
/// [`GgufError::Unsupported`] for a model that the format, or this writer, has no form for.
pub fn plan(
    checkpoint: &Checkpoint,
    wanted: Option<DType>,
    pruned: &dyn Fn(&str) -> bool,
    file: &str,
) -> Result<(PlannedFile, Vec<String>), GgufError> {
    let mut warnings = Vec::new();
    let (mut metadata, places, constants) = match checkpoint.gguf() {
        Some(gguf) => carried(checkpoint, gguf),
        None => translated(checkpoint, &mut warnings)?,
    };
    let type_of = |name: &str, stored: &Stored| {
        output_type(stored, wanted, pruned(name), checkpoint.gguf().is_some())
    };
    let mut tensors = Vec::new();
    for place in &places {
        let source = checkpoint.tensors.find(&place.name).expect("listed by the checkpoint");
        let dtype = type_of(&place.name, &source.stored);
        tensors.push((place.in_file.clone(), dtype, source.stored.shape().to_vec()));
    }
    let described = constants.iter();
    tensors.extend(described.map(|(n, s)| (n.clone(), s.dtype(), s.shape().to_vec())));
    set_file_type(&mut metadata, &tensors, checkpoint.gguf().is_some());
    let laid = gguf::lay_out(&metadata, &tensors);
    let len_of = |at: usize| tensors[at].1.bytes(&tensors[at].2).expect("laid out") as u64;
    let planned = places.into_iter().enumerate().map(|(at, place)| PlannedTensor {
        name: place.name,
        dtype: tensors[at].1,
        shape: tensors[at].2.clone(),
        offset: laid.offsets[at],
        len: len_of(at),
        rows: place.rows,
    });
    let planned: Vec<_> = planned.collect();
    let constants = constants.into_iter().zip(&laid.offsets[planned.len()..]);
    let constants = constants.map(|((_, stored), offset)| Constant { offset: *offset, stored });
    let file = PlannedFile {
        name: file.to_owned(),
        head: laid.head,
        constants: constants.collect(),
        tensors: planned,
        len: laid.len,
    };
    Ok((file, warnings))
}

/// A tensor of the model, and where it goes.
struct Place {
    /// Hugging Face's name.
    name: String,
    in_file: String,
    rows: RowOrder,
}

type Metadata = Vec<(String, Value)>;
type Parts = (Metadata, Vec<Place>, Vec<(String, Stored)>);

/// The type of a tensor in the file: vectors of a directory become f32, which llama.cpp needs
/// them in; rows that are no whole blocks become f16.
fn output_type(stored: &Stored, wanted: Option<DType>, pruned: bool, from_gguf: bool) -> DType {
    let (dtype, shape) = (stored.dtype(), stored.shape());
    if shape.len() < 2 {
        return if from_gguf { dtype } else { DType::F32 };
    }
    let whole = |dtype: DType| match shape.last() {
        Some(row) if row.is_multiple_of(dtype.block().0) => dtype,
        _ => DType::F16,
    };
    let written = matches!(dtype, DType::F32 | DType::F16 | DType::BF16 | DType::Q8_0);
    match wanted {
        Some(wanted) => whole(wanted),
        None if dtype == DType::F64 => DType::F32,
        None if pruned && !written => whole(DType::Q8_0),
        None => dtype,
    }
}

/// `general.file_type`: the type of most matrices, by llama.cpp's numbers.
fn set_file_type(
    metadata: &mut Metadata,
    tensors: &[(String, DType, Vec<usize>)],
    from_gguf: bool,
) {
    let mut counts: Vec<(DType, usize)> = Vec::new();
    for (_, dtype, shape) in tensors.iter().filter(|(.., shape)| shape.len() > 1) {
        let values = shape.iter().product::<usize>();
        match counts.iter_mut().find(|(known, _)| known == dtype) {
            Some((_, count)) => *count += values,
            None => counts.push((*dtype, values)),
        }
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count).map(|(dtype, _)| dtype);
    let number = match most {
        Some(DType::F32) => 0,
        Some(DType::F16) => 1,
        Some(DType::Q8_0) => 7,
        Some(DType::BF16) => 32,
        // Nothing that was written decides: what stood there stays.
        _ => return,
    };
    let key = "general.file_type";
    match metadata.iter_mut().find(|(known, _)| known == key) {
        Some((_, value)) => *value = Value::U32(number),
        None if from_gguf => {}
        None => metadata.insert(1, (key.to_owned(), Value::U32(number))),
    }
}

/// Metadata and tensors of a GGUF file, as they are.
fn carried(checkpoint: &Checkpoint, gguf: &Gguf) -> Parts {
    let mut places = Vec::new();
    let mut read = HashSet::new();
    for (name, source) in checkpoint.tensors.iter() {
        let in_file = AsHf::in_file(name).expect("the mapping has placed it");
        read.insert(in_file.clone());
        places.push(Place { name: name.to_owned(), in_file, rows: source.rows });
    }
    // What the mapping reads as metadata, e.g. factors of rotary frequencies.
    let others = gguf.tensors.iter().filter(|(name, _)| !read.contains(name));
    (gguf.metadata.clone(), places, others.cloned().collect())
}

/// The name that GGUF knows an architecture by, and whether rows of queries and keys are stored
/// in rotary pairs.
fn known(architecture: &str) -> Option<(&'static str, bool)> {
    match architecture {
        "llama" | "mistral" => Some(("llama", true)),
        "qwen2" => Some(("qwen2", false)),
        "qwen3" => Some(("qwen3", false)),
        _ => None,
    }
}

/// Metadata and tensors of a directory.
fn translated(checkpoint: &Checkpoint, warnings: &mut Vec<String>) -> Result<Parts, GgufError> {
    let unsupported = |what: String| GgufError::Unsupported {
        path: checkpoint.path.clone(),
        what,
        mend: INTO_A_DIRECTORY,
    };
    let name = checkpoint.architecture.name();
    let Some((architecture, pairs)) = known(name) else {
        let what =
            format!("a {name} model is not written as GGUF; llama, mistral, qwen2 and qwen3 are");
        return Err(unsupported(what));
    };
    if checkpoint.dims.windows.iter().any(Option::is_some) {
        let what = "attention with a sliding window has no key in this GGUF architecture";
        return Err(unsupported(what.to_owned()));
    }
    let mut metadata = model_keys(checkpoint, architecture);
    let mut constants = Vec::new();
    let rotary = checkpoint.dims.rope.expect("these architectures rotate");
    match rotary.scaling {
        Scaling::None => {}
        Scaling::Linear(factor) => {
            let kind = Value::String("linear".to_owned());
            metadata.push((format!("{architecture}.rope.scaling.type"), kind));
            let factor = Value::F32(factor as f32);
            metadata.push((format!("{architecture}.rope.scaling.factor"), factor));
        }
        Scaling::Llama3(scaling) => {
            let known = [rope::LOW_FREQUENCY_FACTOR, rope::HIGH_FREQUENCY_FACTOR];
            if [scaling.low, scaling.high] != known {
                let what = format!(
                    "rotary scaling with frequency factors {} and {}: GGUF files of Llama 3 have \
                     {} and {}",
                    scaling.low, scaling.high, known[0], known[1]
                );
                return Err(unsupported(what));
            }
            let positions = Value::U32(scaling.positions as u32);
            metadata.push((format!("{architecture}.{}", rope::ORIGINAL), positions));
            let width = checkpoint.dims.heads.width;
            let factors: Vec<f32> = (0..width / 2)
                .map(|i| {
                    let frequency = rotary.theta.powf(-2.0 * i as f64 / width as f64);
                    (frequency / rotary.scaling.apply(frequency)) as f32
                })
                .collect();
            constants.push((rope::FACTORS.to_owned(), Stored::of_f32(vec![width / 2], &factors)));
        }
    }
    vocabulary::add(checkpoint, &mut metadata, warnings)?;
    let heads = checkpoint.dims.heads;
    let mut places = Vec::new();
    for (name, source) in checkpoint.tensors.iter() {
        if checkpoint.dims.tied && name == "lm_head.weight" {
            // The head is the embedding; a copy that differs would count in a GGUF file.
            continue;
        }
        let Some(in_file) = AsHf::in_file(name) else {
            if checkpoint.architecture.ignores(name) {
                continue;
            }
            return Err(unsupported(format!("tensor {name:?} has no place in a GGUF file")));
        };
        debug_assert_eq!(source.rows, RowOrder::Same, "a directory has the model's order");
        let rows = match () {
            () if pairs && name.contains(".self_attn.q_proj.") => {
                RowOrder::RotaryPairs { heads: heads.count }
            }
            () if pairs && name.contains(".self_attn.k_proj.") => {
                RowOrder::RotaryPairs { heads: heads.kv }
            }
            () => RowOrder::Same,
        };
        places.push(Place { name: name.to_owned(), in_file, rows });
    }
    // The order of llama.cpp's converter: the embedding, then blocks by number.
    places.sort_by_key(|place| {
        let block = place.in_file.strip_prefix("blk.").and_then(|rest| rest.split('.').next());
        block.and_then(|block| block.parse::<usize>().ok())
    });
    Ok((metadata, places, constants))
}

/// Keys on the model itself.
fn model_keys(checkpoint: &Checkpoint, architecture: &str) -> Metadata {
    let d = &checkpoint.dims;
    let name = checkpoint.path.file_name().map(|name| name.to_string_lossy().into_owned());
    let count = |n: usize| Value::U32(n as u32);
    let mut metadata = vec![
        ("general.architecture".to_owned(), Value::String(architecture.to_owned())),
        ("general.type".to_owned(), Value::String("model".to_owned())),
        ("general.quantization_version".to_owned(), Value::U32(2)),
    ];
    metadata.extend(name.map(|name| ("general.name".to_owned(), Value::String(name))));
    let mut set = |key: &str, value: Value| metadata.push((format!("{architecture}.{key}"), value));
    set("block_count", count(d.layers));
    set("context_length", count(d.positions));
    set("embedding_length", count(d.width));
    set("feed_forward_length", count(d.inner));
    set("attention.head_count", count(d.heads.count));
    set("attention.head_count_kv", count(d.heads.kv));
    set("attention.key_length", count(d.heads.width));
    set("attention.value_length", count(d.heads.width));
    set("attention.layer_norm_rms_epsilon", Value::F32(d.epsilon as f32));
    set("rope.dimension_count", count(d.heads.width));
    if let Some(rope) = d.rope {
        set("rope.freq_base", Value::F32(rope.theta as f32));
    }
    set("vocab_size", count(d.vocabulary));
    metadata
}

impl Constant {
    /// The bytes as they are written.
    pub fn bytes(&self) -> &Bytes {
        self.stored.bytes()
    }
}
