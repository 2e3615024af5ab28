//! Tensors that are missing, too many, or hold strange values.

use std::fs;
use std::io;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::Case;
use crate::model::{Model, Tensor, llama};

/// The cases of this file.
pub const CASES: &[Case] = &[
    Case {
        name: "missing_tensor",
        write: |f| with(f, |m| MISSPELT.clone_into(&mut m.tensor(UP).name)),
    },
    Case { name: "extra_tensors", write: extra },
    Case { name: "wrong_shape", write: |f| with(f, |m| m.tensor(UP).shape = vec![16, 32]) },
    Case { name: "nan_weights", write: |f| with(f, |m| spoil(m, f32::NAN)) },
    Case { name: "infinite_weights", write: |f| with(f, |m| spoil(m, f32::NEG_INFINITY)) },
    Case { name: "nan_in_the_embedding", write: nan_in_embedding },
    Case { name: "zero_weights", write: |f| with(f, |m| m.tensor(UP).values.fill(0.0)) },
    Case { name: "negative_zeros", write: |f| with(f, |m| m.tensor(UP).values.fill(-0.0)) },
    Case { name: "denormal_weights", write: |f| with(f, |m| m.tensor(UP).values.fill(1e-40)) },
    Case { name: "constant_rows", write: |f| with(f, |m| m.tensor(UP).values.fill(0.25)) },
    Case { name: "all_weights_zero", write: all_zero },
    Case { name: "largest_weights", write: |f| with(f, |m| m.tensor(UP).values.fill(f32::MAX)) },
    Case { name: "escapes_in_names", write: escapes },
    Case { name: "tied_head_stored_once", write: |f| with(f, |m| tie(m, None)) },
    Case { name: "tied_head_stored_twice", write: |f| with(f, |m| tie(m, Some(0.0))) },
    Case { name: "tied_head_differs", write: |f| with(f, |m| tie(m, Some(0.5))) },
    Case { name: "types_are_mixed", write: mixed },
];

/// The tensor that the cases attack.
const UP: &str = "model.layers.1.mlp.up_proj.weight";
const MISSPELT: &str = "model.layers.1.mlp.up_porj.weight";

fn with(folder: &Path, change: fn(&mut Model)) -> io::Result<()> {
    let mut model = llama();
    change(&mut model);
    model.write(folder)
}

/// Ties the head to the embedding; stored all the same it differs in one value by `change`.
fn tie(model: &mut Model, change: Option<f32>) {
    model.config["tie_word_embeddings"] = true.into();
    model.tensors.retain(|tensor| tensor.name != "lm_head.weight");
    if let Some(change) = change {
        let mut head = model.tensor("model.embed_tokens.weight").clone();
        "lm_head.weight".clone_into(&mut head.name);
        head.values[100] += change;
        model.tensors.push(head);
    }
}

/// Weights of the feed-forward part in bf16, all others in f32.
fn mixed(folder: &Path) -> io::Result<()> {
    llama().write(folder)?;
    let (mut data, mut views) = (Vec::new(), Vec::new());
    for tensor in &llama().tensors {
        let is_half = tensor.name.contains(".mlp.");
        let half =
            || tensor.values.iter().flat_map(|v| (v.to_bits() >> 16).to_le_bytes()[..2].to_vec());
        data.push(if is_half { half().collect() } else { tensor.bytes() });
    }
    for (tensor, bytes) in llama().tensors.iter().zip(&data) {
        let dtype = if tensor.name.contains(".mlp.") { Dtype::BF16 } else { Dtype::F32 };
        let view = TensorView::new(dtype, tensor.shape.clone(), bytes);
        views.push((tensor.name.clone(), view.expect("shape and values fit")));
    }
    let file = safetensors::serialize(views, None).expect("a small model can be written");
    fs::write(folder.join("model/model.safetensors"), file)
}

/// Three values, the first at 37.
fn spoil(model: &mut Model, value: f32) {
    for at in [37, 100, 511] {
        model.tensor(UP).values[at] = value;
    }
}

fn nan_in_embedding(folder: &Path) -> io::Result<()> {
    with(folder, |model| model.tensor("model.embed_tokens.weight").values[5] = f32::NAN)
}

fn extra(folder: &Path) -> io::Result<()> {
    with(folder, |model| {
        let tensor =
            |name: &str| Tensor { name: name.to_owned(), shape: vec![2], values: vec![1.0; 2] };
        model.tensors.extend(["vision.a", "vision.b"].map(tensor));
    })
}

fn all_zero(folder: &Path) -> io::Result<()> {
    with(folder, |model| {
        let linear = |tensor: &&mut Tensor| tensor.name.contains("proj");
        for tensor in model.tensors.iter_mut().filter(linear) {
            tensor.values.fill(0.0);
        }
    })
}

/// A name that would color a terminal, turn its text around and open a tag.
fn escapes(folder: &Path) -> io::Result<()> {
    with(folder, |model| {
        let name = "../../x\u{1b}[31m\u{202e}<script>alert(1)</script>".to_owned();
        model.tensors.push(Tensor { name, shape: vec![1], values: vec![1.0] });
    })
}
