//! Converts a model in llama2.c's format to GGUF, which secateur (and llama.cpp) read:
//!
//! ```text
//! cargo run --release -p secateur --example llama2c_to_gguf -- stories260K.bin tok512.bin out.gguf
//! secateur prune out.gguf -o pruned --method magnitude --sparsity 0.5 --dtype f32
//! ```
//!
//! llama2.c keeps rotary pairs side by side, as GGUF does, so no row is moved. The weights are
//! copied as f32; the tokenizer is SentencePiece's, with its scores.

use std::error::Error;
use std::fs;

/// The seven numbers at the start of the file.
struct Header {
    dim: usize,
    hidden: usize,
    layers: usize,
    heads: usize,
    kv_heads: usize,
    vocabulary: usize,
    positions: usize,
    tied: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, tokenizer, output] = arguments.as_slice() else {
        return Err("usage: llama2c_to_gguf MODEL.bin TOKENIZER.bin OUT.gguf".into());
    };
    let bytes = fs::read(model)?;
    let header = header(&bytes)?;
    let tensors = tensors(&header, &bytes[28..])?;
    let pieces = pieces(&fs::read(tokenizer)?, header.vocabulary)?;
    fs::write(output, gguf(&header, &tensors, &pieces))?;
    Ok(())
}

fn header(bytes: &[u8]) -> Result<Header, Box<dyn Error>> {
    let numbers: Vec<i32> = bytes
        .get(..28)
        .ok_or("the file is shorter than its header")?
        .chunks_exact(4)
        .map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    let size = |at: usize| -> Result<usize, Box<dyn Error>> {
        let n = usize::try_from(numbers[at].unsigned_abs())?;
        if (1..1 << 20).contains(&n) { Ok(n) } else { Err(format!("number {at} is {n}").into()) }
    };
    Ok(Header {
        dim: size(0)?,
        hidden: size(1)?,
        layers: size(2)?,
        heads: size(3)?,
        kv_heads: size(4)?,
        vocabulary: size(5)?,
        positions: size(6)?,
        // A negative vocabulary says that the head is not the embedding.
        tied: numbers[5] > 0,
    })
}

/// A tensor: name, shape with the outermost axis first, f32 bytes.
type Tensor<'a> = (String, Vec<usize>, &'a [u8]);

fn tensors<'a>(h: &Header, mut rest: &'a [u8]) -> Result<Vec<Tensor<'a>>, Box<dyn Error>> {
    let mut take = |values: usize| -> Result<&'a [u8], Box<dyn Error>> {
        let (head, tail) = rest.split_at_checked(values * 4).ok_or("the file is too short")?;
        rest = tail;
        Ok(head)
    };
    let kv = h.dim / h.heads * h.kv_heads;
    let mut tensors: Vec<Tensor<'a>> = Vec::new();
    let shape = vec![h.vocabulary, h.dim];
    tensors.push(("token_embd.weight".into(), shape.clone(), take(h.vocabulary * h.dim)?));
    // Each kind lies together for all layers.
    let kinds: [(&str, Vec<usize>); 9] = [
        ("attn_norm", vec![h.dim]),
        ("attn_q", vec![h.dim, h.dim]),
        ("attn_k", vec![kv, h.dim]),
        ("attn_v", vec![kv, h.dim]),
        ("attn_output", vec![h.dim, h.dim]),
        ("ffn_norm", vec![h.dim]),
        ("ffn_gate", vec![h.hidden, h.dim]),
        ("ffn_down", vec![h.dim, h.hidden]),
        ("ffn_up", vec![h.hidden, h.dim]),
    ];
    for (kind, shape) in kinds {
        for layer in 0..h.layers {
            let name = format!("blk.{layer}.{kind}.weight");
            tensors.push((name, shape.clone(), take(shape.iter().product())?));
        }
    }
    tensors.push(("output_norm.weight".into(), vec![h.dim], take(h.dim)?));
    // Angles of rotary embedding, which every reader computes itself.
    take(h.positions * h.dim / h.heads)?;
    if !h.tied {
        tensors.push(("output.weight".into(), shape, take(h.vocabulary * h.dim)?));
    }
    Ok(tensors)
}

/// A piece of the tokenizer: text, score, and its kind in GGUF's numbers.
type Piece = (String, f32, i32);

fn pieces(bytes: &[u8], count: usize) -> Result<Vec<Piece>, Box<dyn Error>> {
    let mut rest = bytes.get(4..).ok_or("the tokenizer is too short")?;
    let mut pieces = Vec::with_capacity(count);
    for id in 0..count {
        let (head, tail) = rest.split_at_checked(8).ok_or("the tokenizer is too short")?;
        let score = f32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let (text, tail) = tail.split_at_checked(length).ok_or("the tokenizer is too short")?;
        rest = tail;
        let text = std::str::from_utf8(text)?.replace(' ', "\u{2581}");
        let is_byte = text.starts_with("<0x") && text.len() == 6;
        pieces.push(match id {
            0 => ("<unk>".to_owned(), score, 2),
            1 => ("<s>".to_owned(), score, 3),
            2 => ("</s>".to_owned(), score, 3),
            _ => (text, score, if is_byte { 6 } else { 1 }),
        });
    }
    Ok(pieces)
}

/// Writes GGUF version 3; numbers of value types and tensor types are those of the format.
fn gguf(h: &Header, tensors: &[Tensor<'_>], pieces: &[Piece]) -> Vec<u8> {
    const ALIGNMENT: usize = 32;
    let mut metadata = Metadata::default();
    metadata.string("general.architecture", "llama");
    for (key, value) in [
        ("block_count", h.layers),
        ("embedding_length", h.dim),
        ("feed_forward_length", h.hidden),
        ("attention.head_count", h.heads),
        ("attention.head_count_kv", h.kv_heads),
        ("context_length", h.positions),
        ("rope.dimension_count", h.dim / h.heads),
    ] {
        metadata.u32(&format!("llama.{key}"), value as u32);
    }
    metadata.f32("llama.attention.layer_norm_rms_epsilon", 1e-5);
    metadata.f32("llama.rope.freq_base", 10_000.0);
    metadata.string("tokenizer.ggml.model", "llama");
    metadata.array("tokenizer.ggml.tokens", 8, pieces, |p, out| string(&p.0, out));
    metadata.array("tokenizer.ggml.scores", 6, pieces, |p, out| out.extend(p.1.to_le_bytes()));
    metadata.array("tokenizer.ggml.token_type", 5, pieces, |p, out| out.extend(p.2.to_le_bytes()));
    metadata.u32("tokenizer.ggml.bos_token_id", 1);
    metadata.u32("tokenizer.ggml.eos_token_id", 2);
    metadata.u32("tokenizer.ggml.unknown_token_id", 0);

    let mut out = b"GGUF".to_vec();
    out.extend(3_u32.to_le_bytes());
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend(metadata.count.to_le_bytes());
    out.extend(&metadata.bytes);
    let mut offset = 0_u64;
    for (name, shape, bytes) in tensors {
        string(name, &mut out);
        out.extend((shape.len() as u32).to_le_bytes());
        for n in shape.iter().rev() {
            out.extend((*n as u64).to_le_bytes());
        }
        out.extend(0_u32.to_le_bytes()); // F32
        out.extend(offset.to_le_bytes());
        offset += bytes.len().next_multiple_of(ALIGNMENT) as u64;
    }
    for (_, _, bytes) in tensors {
        out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
        out.extend_from_slice(bytes);
    }
    out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
    out
}

#[derive(Default)]
struct Metadata {
    bytes: Vec<u8>,
    count: u64,
}

impl Metadata {
    fn key(&mut self, key: &str, kind: u32) {
        string(key, &mut self.bytes);
        self.bytes.extend(kind.to_le_bytes());
        self.count += 1;
    }

    fn string(&mut self, key: &str, value: &str) {
        self.key(key, 8);
        string(value, &mut self.bytes);
    }

    fn u32(&mut self, key: &str, value: u32) {
        self.key(key, 4);
        self.bytes.extend(value.to_le_bytes());
    }

    fn f32(&mut self, key: &str, value: f32) {
        self.key(key, 6);
        self.bytes.extend(value.to_le_bytes());
    }

    fn array<T>(&mut self, key: &str, kind: u32, items: &[T], write: impl Fn(&T, &mut Vec<u8>)) {
        self.key(key, 9);
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend((items.len() as u64).to_le_bytes());
        for item in items {
            write(item, &mut self.bytes);
        }
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}
