//! What a llama file means.

use secateur_tensor::DType;
use serde_json::{Value, json};

use super::parse;
use crate::gguf::{AsHf, GgufError, as_hf};
use crate::tensors::RowOrder;
use secateur_attacks::gguf::{ARRAY, F32, I32, STRING, U8, U32, Writer, array, string};

/// Tokens of a small byte-level vocabulary.
const BYTE_LEVEL: [&str; 8] = ["<s>", "</s>", "a", "b", "ab", "Ġ", "Ġa", "1"];
/// Tokens of a small SentencePiece vocabulary.
const PIECES: [&str; 8] = ["<unk>", "<s>", "</s>", "\u{2581}", "a", "b", "ab", "\u{2581}ab"];

/// A model without a tokenizer: two blocks, hidden 8, inner 12, 4 heads of 2, 2 of them for
/// keys, 8 tokens.
fn bare() -> Writer {
    let mut writer = Writer::default()
        .text("general.architecture", "llama")
        .u32("llama.block_count", 2)
        .u32("llama.context_length", 64)
        .u32("llama.embedding_length", 8)
        .u32("llama.feed_forward_length", 12)
        .u32("llama.attention.head_count", 4)
        .u32("llama.attention.head_count_kv", 2)
        .f32("llama.attention.layer_norm_rms_epsilon", 1e-5)
        .u32("tokenizer.ggml.bos_token_id", 0)
        .u32("tokenizer.ggml.eos_token_id", 1)
        .counted("token_embd.weight", &[8, 8], 0.0)
        .counted("output_norm.weight", &[8], 0.0);
    for block in 0..2 {
        let name = |stem: &str| format!("blk.{block}.{stem}.weight");
        writer = writer
            .counted(&name("attn_norm"), &[8], 1.0)
            .counted(&name("attn_q"), &[8, 8], 2.0)
            .counted(&name("attn_k"), &[8, 4], 3.0)
            .counted(&name("attn_v"), &[8, 4], 4.0)
            .counted(&name("attn_output"), &[8, 8], 5.0)
            .counted(&name("ffn_norm"), &[8], 6.0)
            .counted(&name("ffn_gate"), &[8, 12], 7.0)
            .counted(&name("ffn_up"), &[8, 12], 8.0)
            .counted(&name("ffn_down"), &[12, 8], 9.0);
    }
    writer
}

/// The model with a tokenizer of a kind.
pub(super) fn small(kind: &str) -> Writer {
    let writer = bare().text("tokenizer.ggml.model", kind);
    match kind {
        "gpt2" => writer
            .text("tokenizer.ggml.pre", "smollm")
            .strings("tokenizer.ggml.tokens", &BYTE_LEVEL)
            .i32s("tokenizer.ggml.token_type", &[3, 3, 1, 1, 1, 1, 1, 1])
            .strings("tokenizer.ggml.merges", &["a b", "Ġ a"]),
        _ => writer
            .strings("tokenizer.ggml.tokens", &PIECES)
            .i32s("tokenizer.ggml.token_type", &[2, 3, 3, 1, 1, 1, 1, 1])
            .f32s("tokenizer.ggml.scores", &[0.0, 0.0, 0.0, -3.0, -4.0, -5.0, -1.0, -2.0]),
    }
}

fn read(writer: &Writer) -> Result<AsHf, GgufError> {
    as_hf(&parse(writer.bytes()).expect("the file itself is whole"))
}

#[test]
fn config_says_what_the_metadata_says() {
    let model = read(&small("gpt2")).unwrap();
    let expect = json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": 8,
        "hidden_size": 8,
        "intermediate_size": 12,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 2,
        "max_position_embeddings": 64,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "rope_scaling": null,
        "hidden_act": "silu",
        "attention_bias": false,
        "mlp_bias": false,
        "tie_word_embeddings": true,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "torch_dtype": "float32",
    });
    assert_eq!(Value::Object(model.config), expect);
    assert_eq!(model.warnings, [""; 0]);
}

#[test]
fn tensors_have_their_names_shapes_and_rows() {
    let model = read(&small("gpt2").counted("output.weight", &[8, 8], 3.0)).unwrap();
    assert_eq!(model.config["tie_word_embeddings"], json!(false));
    let find = |name: &str| {
        let found = model.tensors.iter().find(|(n, _)| n == name);
        &found.unwrap_or_else(|| panic!("{name} is there")).1
    };
    assert_eq!(model.tensors.len(), 3 + 2 * 9);
    assert_eq!(find("model.embed_tokens.weight").stored.shape(), [8, 8]);
    assert_eq!(find("model.norm.weight").stored.shape(), [8]);
    assert_eq!(find("lm_head.weight").stored.shape(), [8, 8]);
    for block in 0..2 {
        let layer = |rest: &str| find(&format!("model.layers.{block}.{rest}.weight"));
        assert_eq!(layer("input_layernorm").stored.to_f32().unwrap()[0], 1.0);
        assert_eq!(layer("post_attention_layernorm").stored.to_f32().unwrap()[0], 6.0);
        assert_eq!(layer("self_attn.q_proj").rows, RowOrder::RotaryPairs { heads: 4 });
        assert_eq!(layer("self_attn.k_proj").rows, RowOrder::RotaryPairs { heads: 2 });
        assert_eq!(layer("self_attn.v_proj").rows, RowOrder::Same);
        assert_eq!(layer("self_attn.v_proj").stored.shape(), [4, 8]);
        assert_eq!(layer("self_attn.o_proj").stored.to_f32().unwrap()[0], 5.0);
        assert_eq!(layer("mlp.gate_proj").stored.shape(), [12, 8]);
        assert_eq!(layer("mlp.up_proj").stored.to_f32().unwrap()[0], 8.0);
        assert_eq!(layer("mlp.down_proj").stored.shape(), [8, 12]);
    }
}

#[test]
fn biases_are_in_all_blocks_or_none() {
    let mut biased = small("gpt2");
    for block in 0..2 {
        for (stem, len) in [("attn_q", 8), ("attn_k", 4), ("attn_v", 4), ("attn_output", 8)] {
            biased = biased.counted(&format!("blk.{block}.{stem}.bias"), &[len], 0.0);
        }
    }
    let model = read(&biased).unwrap();
    assert_eq!(model.config["attention_bias"], json!(true));
    assert_eq!(model.config["mlp_bias"], json!(false));
    let name = "model.layers.1.self_attn.k_proj.bias";
    let (_, bias) = model.tensors.iter().find(|(n, _)| n == name).unwrap();
    assert_eq!(bias.rows, RowOrder::RotaryPairs { heads: 2 });
    let error = read(&biased.without_tensor("blk.1.attn_v.bias")).unwrap_err();
    assert_eq!((error.code(), error.exit()), ("SEC-GG-024", 4));
    assert!(error.to_string().contains("attn_v.bias"), "{error}");
}

/// The factors that a converter writes for Llama 3's scaling of heads of 64 at theta 500000.
fn llama3_factors(factor: f32) -> Vec<f32> {
    let factors = (0..32).map(|i| {
        let wavelength = std::f64::consts::TAU * 500_000_f64.powf(f64::from(i) / 32.0);
        if wavelength < 8192.0 / 4.0 {
            1.0
        } else if wavelength > 8192.0 {
            factor
        } else {
            let smooth = ((8192.0 / wavelength - 1.0) / 3.0) as f32;
            1.0 / ((1.0 - smooth) / factor + smooth)
        }
    });
    factors.collect()
}

/// A model with one head of 64.
fn with_factors(factors: &[f32]) -> Writer {
    let bytes: Vec<u8> = factors.iter().flat_map(|f| f.to_le_bytes()).collect();
    let mut writer = Writer::default()
        .text("general.architecture", "llama")
        .u32("llama.block_count", 1)
        .u32("llama.context_length", 64)
        .u32("llama.embedding_length", 64)
        .u32("llama.feed_forward_length", 32)
        .u32("llama.attention.head_count", 1)
        .f32("llama.attention.layer_norm_rms_epsilon", 1e-5)
        .f32("llama.rope.freq_base", 500_000.0)
        .tensor("rope_freqs.weight", &[factors.len() as u64], 0, &bytes)
        .counted("token_embd.weight", &[64, 2], 0.0)
        .counted("output_norm.weight", &[64], 0.0);
    for (stem, rows, columns) in [
        ("attn_q", 64, 64),
        ("attn_k", 64, 64),
        ("attn_v", 64, 64),
        ("attn_output", 64, 64),
        ("ffn_gate", 32, 64),
        ("ffn_up", 32, 64),
        ("ffn_down", 64, 32),
    ] {
        writer = writer.counted(&format!("blk.0.{stem}.weight"), &[columns, rows], 0.0);
    }
    writer.counted("blk.0.attn_norm.weight", &[64], 0.0).counted(
        "blk.0.ffn_norm.weight",
        &[64],
        0.0,
    )
}

#[test]
fn llama3_scaling_is_recognized_by_its_factors() {
    for factor in [8.0, 32.0] {
        let model = read(&with_factors(&llama3_factors(factor))).unwrap();
        let scaling = &model.config["rope_scaling"];
        assert_eq!(scaling["rope_type"], "llama3");
        assert_eq!(scaling["factor"], json!(f64::from(factor)));
        assert_eq!(scaling["original_max_position_embeddings"], json!(8192));
    }
    let model = read(&with_factors(&[1.0; 32])).unwrap();
    assert_eq!(model.config["rope_scaling"], Value::Null, "all ones scale nothing");
    let mut other = llama3_factors(8.0);
    other[20] *= 1.01;
    let error = read(&with_factors(&other)).unwrap_err();
    assert_eq!((error.code(), error.exit()), ("SEC-GG-024", 4), "{error}");
    assert_eq!(read(&with_factors(&[1.0; 16])).unwrap_err().code(), "SEC-GG-029");
}

#[test]
fn linear_scaling_is_read() {
    let linear = small("gpt2").text("llama.rope.scaling.type", "linear");
    let model = read(&linear.clone().f32("llama.rope.scaling.factor", 4.0)).unwrap();
    let expect = json!({ "rope_type": "linear", "type": "linear", "factor": 4.0 });
    assert_eq!(model.config["rope_scaling"], expect);
    assert_eq!(read(&linear).unwrap_err().code(), "SEC-GG-025");
    let older = small("gpt2").f32("llama.rope.scale_linear", 2.0);
    assert_eq!(read(&older).unwrap().config["rope_scaling"]["factor"], json!(2.0));
    let yarn = small("gpt2").text("llama.rope.scaling.type", "yarn");
    assert!(read(&yarn).unwrap_err().to_string().contains("\"yarn\""));
}

#[test]
fn block_types_become_f16_and_others_stay() {
    let q8 = [0; 34];
    let whole = with_factors(&[1.0; 32]);
    let blocks = whole.clone().without_tensor("blk.0.ffn_down.weight").tensor(
        "blk.0.ffn_down.weight",
        &[32, 64],
        8,
        &q8.repeat(64),
    );
    let model = read(&blocks).unwrap();
    assert_eq!(model.config["torch_dtype"], "float16");
    let name = "model.layers.0.mlp.down_proj.weight";
    let (_, source) = model.tensors.iter().find(|(n, _)| n == name).unwrap();
    assert_eq!(source.stored.dtype(), DType::Q8_0);
    let wide = whole.without_tensor("blk.0.ffn_down.weight");
    let model = read(&wide.tensor("blk.0.ffn_down.weight", &[32, 64], 30, &[0; 4096]));
    assert_eq!(model.unwrap().config["torch_dtype"], "float32", "most values are f32");
}

/// Name, model, code, exit, words of the message.
type Case = (&'static str, Writer, &'static str, u8, &'static [&'static str]);

#[test]
fn every_contradiction_names_both_sides() {
    let base = || small("gpt2");
    let u32 = |n: u32| n.to_le_bytes();
    let counts = |counts: &[u32]| {
        let bytes: Vec<u8> = counts.iter().flat_map(|n| n.to_le_bytes()).collect();
        array(U32, counts.len() as u64, &bytes)
    };
    let cases: Vec<Case> = vec![
        (
            "no architecture",
            base().without("general.architecture"),
            "025",
            3,
            &["general.architecture"],
        ),
        (
            "architecture of wrong type",
            base().instead("general.architecture", U32, &[0; 4]),
            "026",
            3,
            &["u32 0"],
        ),
        (
            "another architecture",
            base().instead("general.architecture", STRING, &string("qwen9")),
            "023",
            4,
            &["\"qwen9\"", "llama"],
        ),
        (
            "no width",
            base().without("llama.embedding_length"),
            "025",
            3,
            &["llama.embedding_length"],
        ),
        (
            "width as text",
            base().instead("llama.embedding_length", STRING, &string("8")),
            "026",
            3,
            &["string \"8\"", "whole number"],
        ),
        (
            "width of -8",
            base().instead("llama.embedding_length", I32, &(-8_i32).to_le_bytes()),
            "026",
            3,
            &["i32 -8"],
        ),
        (
            "width of 0",
            base().instead("llama.embedding_length", U32, &u32(0)),
            "026",
            3,
            &["u32 0"],
        ),
        (
            "epsilon is no number",
            base().instead("llama.attention.layer_norm_rms_epsilon", F32, &f32::NAN.to_le_bytes()),
            "026",
            3,
            &["NaN"],
        ),
        (
            "no epsilon",
            base().without("llama.attention.layer_norm_rms_epsilon"),
            "025",
            3,
            &["rms_epsilon"],
        ),
        (
            "other width",
            base().instead("llama.embedding_length", U32, &u32(16)),
            "029",
            3,
            &["token_embd.weight", "[8, 8]", "[8, 16]", "embedding_length 16"],
        ),
        (
            "other inner width",
            base().instead("llama.feed_forward_length", U32, &u32(13)),
            "029",
            3,
            &["blk.0.ffn_gate.weight", "[12, 8]", "[13, 8]"],
        ),
        (
            "a block more",
            base().instead("llama.block_count", U32, &u32(3)),
            "030",
            3,
            &["is 3", "last block is 1"],
        ),
        (
            "a block less",
            base().instead("llama.block_count", U32, &u32(1)),
            "030",
            3,
            &["is 1", "block 1", "blk.1."],
        ),
        (
            "heads that divide nothing",
            base().instead("llama.attention.head_count", U32, &u32(3)),
            "030",
            3,
            &["is 3", "is 2"],
        ),
        (
            "heads that do not divide the width",
            base().instead("llama.attention.head_count", U32, &u32(6)),
            "030",
            3,
            &["is 8", "is 6"],
        ),
        (
            "other heads of keys",
            base().instead("llama.attention.head_count_kv", U32, &u32(4)),
            "029",
            3,
            &["attn_k", "[4, 8]", "[8, 8]", "head_count_kv 4"],
        ),
        ("heads of odd size", base().u32("llama.attention.key_length", 3), "024", 4, &["size 3"]),
        (
            "values of another size",
            base().u32("llama.attention.value_length", 4),
            "024",
            4,
            &["value_length", "is 4", "size 2"],
        ),
        (
            "part of a head turns",
            base().u32("llama.rope.dimension_count", 1),
            "024",
            4,
            &["dimension_count", "is 1"],
        ),
        (
            "widths that differ",
            base().instead("llama.feed_forward_length", ARRAY, &counts(&[12, 16])),
            "024",
            4,
            &["feed_forward_length", "differs"],
        ),
        ("experts", base().u32("llama.expert_count", 8), "024", 4, &["expert_count", "is 8"]),
        ("one of three parts", base().key("split.count", 2, &[3, 0]), "024", 4, &["3 parts"]),
        (
            "missing tensor",
            base().without_tensor("blk.1.ffn_up.weight"),
            "027",
            3,
            &["blk.1.ffn_up.weight", "block_count"],
        ),
        (
            "missing embedding",
            base().without_tensor("token_embd.weight"),
            "027",
            3,
            &["token_embd.weight"],
        ),
        (
            "missing norm",
            base().without_tensor("output_norm.weight"),
            "027",
            3,
            &["output_norm.weight"],
        ),
        (
            "misspelled tensor",
            base().without_tensor("token_embd.weight").counted("token_embed.weight", &[8, 8], 0.0),
            "027",
            3,
            &["nearest name is \"token_embed.weight\""],
        ),
        (
            "unknown tensor",
            base().counted("blk.0.ffn_gate_inp.weight", &[8, 8], 0.0),
            "028",
            4,
            &["ffn_gate_inp", "llama"],
        ),
        (
            "block with a leading zero",
            base().counted("blk.00.attn_norm.weight", &[8], 0.0),
            "028",
            4,
            &["blk.00"],
        ),
        (
            "weights of integers",
            base().without_tensor("output_norm.weight").tensor(
                "output_norm.weight",
                &[8],
                24,
                &[0; 8],
            ),
            "024",
            4,
            &["output_norm.weight", "i8"],
        ),
        (
            "other number of tokens",
            base().u32("llama.vocab_size", 9),
            "030",
            3,
            &["is 9", "8 rows"],
        ),
        (
            "more tokens than rows",
            base()
                .without("tokenizer.ggml.tokens")
                .without("tokenizer.ggml.token_type")
                .strings("tokenizer.ggml.tokens", &["x"; 9]),
            "030",
            3,
            &["9 tokens", "8 rows"],
        ),
        (
            "kinds of another length",
            base().without("tokenizer.ggml.token_type").i32s("tokenizer.ggml.token_type", &[1; 7]),
            "031",
            3,
            &["8 tokens", "7 entries"],
        ),
        (
            "kind 7",
            base().without("tokenizer.ggml.token_type").i32s("tokenizer.ggml.token_type", &[7; 8]),
            "031",
            3,
            &["token_type 0"],
        ),
        ("no merges", base().without("tokenizer.ggml.merges"), "031", 3, &["merges"]),
        (
            "merge into nothing",
            base()
                .without("tokenizer.ggml.merges")
                .strings("tokenizer.ggml.merges", &["a b", "b a"]),
            "031",
            3,
            &["merge 1", "\"ba\""],
        ),
        (
            "merge of one",
            base().without("tokenizer.ggml.merges").strings("tokenizer.ggml.merges", &["ab"]),
            "031",
            3,
            &["merge 0", "two tokens"],
        ),
        (
            "tokens of numbers",
            base().instead("tokenizer.ggml.tokens", ARRAY, &array(U8, 1, &[1])),
            "026",
            3,
            &["1 u8", "2000000 strings"],
        ),
        (
            "score is no number",
            small("llama")
                .without("tokenizer.ggml.scores")
                .f32s("tokenizer.ggml.scores", &[f32::NAN; 8]),
            "031",
            3,
            &["score 0"],
        ),
    ];
    assert!(cases.len() > 30);
    for (name, writer, code, exit, words) in cases {
        let error = read(&writer).err().unwrap_or_else(|| panic!("{name} must be refused"));
        let message = error.to_string();
        assert_eq!(error.code(), format!("SEC-GG-{code}"), "{name}: {message}");
        assert_eq!(error.exit(), exit, "{name}: {message}");
        for word in words {
            assert!(message.contains(word), "{name}: {message:?} must say {word:?}");
        }
    }
}

#[test]
fn equal_blocks_may_be_listed() {
    let heads = array(U32, 2, &[4, 0, 0, 0, 4, 0, 0, 0]);
    let model = read(&small("gpt2").instead("llama.attention.head_count", ARRAY, &heads)).unwrap();
    assert_eq!(model.config["num_attention_heads"], json!(4));
}

#[test]
fn what_is_left_out_is_said() {
    let writer = small("gpt2")
        .f32("llama.logit_scale", 0.5)
        .instead("tokenizer.ggml.eos_token_id", U32, &99_u32.to_le_bytes())
        .counted("blk.0.attn_rot_embd.weight", &[4], 0.0);
    let model = read(&writer).unwrap();
    let said = model.warnings.join("\n");
    assert!(said.contains("llama.logit_scale"), "{said}");
    assert!(said.contains("eos_token_id\" is 99, the embedding has 8 rows"), "{said}");
    assert!(!model.config.contains_key("eos_token_id"));
    let model = read(&bare()).unwrap();
    assert!(model.tokenizer.is_none() && model.tokenizer_config.is_none());
    assert!(model.warnings[0].contains("no tokenizer"));
    let other = bare().text("tokenizer.ggml.model", "t5");
    assert!(read(&other).unwrap().warnings[0].contains("\"t5\""));
}

/// The small model as another architecture: keys renamed.
fn small_as(architecture: &str) -> Writer {
    let mut writer = small("gpt2");
    for key in &mut writer.keys {
        // A key begins with the eight bytes of its length.
        if key[8..].starts_with(b"llama.") {
            key.splice(8..13, architecture.bytes());
        } else if key[8..].starts_with(b"general.architecture") {
            *key = Writer::default().text("general.architecture", architecture).keys.remove(0);
        }
    }
    writer
}

#[test]
fn qwen2_has_biases_at_queries_keys_and_values_and_rows_in_their_order() {
    let mut writer = small_as("qwen2");
    for block in 0..2 {
        for (stem, len) in [("attn_q", 8), ("attn_k", 4), ("attn_v", 4)] {
            writer = writer.counted(&format!("blk.{block}.{stem}.bias"), &[len], 0.0);
        }
    }
    let model = read(&writer).unwrap();
    assert_eq!(model.config["model_type"], json!("qwen2"));
    assert_eq!(model.config["architectures"], json!(["Qwen2ForCausalLM"]));
    assert!(model.tensors.iter().all(|(_, source)| source.rows == RowOrder::Same));
    assert!(model.tensors.iter().any(|(n, _)| n == "model.layers.1.self_attn.v_proj.bias"));
    let error = read(&small_as("qwen2")).unwrap_err();
    assert_eq!((error.code(), error.exit()), ("SEC-GG-024", 4), "{error}");
}

#[test]
fn qwen3_has_a_norm_on_every_head() {
    let mut writer = small_as("qwen3");
    for block in 0..2 {
        for stem in ["attn_q_norm", "attn_k_norm"] {
            writer = writer.counted(&format!("blk.{block}.{stem}.weight"), &[2], 3.0);
        }
    }
    let model = read(&writer).unwrap();
    assert_eq!(model.config["model_type"], json!("qwen3"));
    let name = "model.layers.1.self_attn.k_norm.weight";
    let (_, norm) = model.tensors.iter().find(|(n, _)| n == name).unwrap();
    assert_eq!(norm.stored.shape(), [2]);
    let error = read(&writer.without_tensor("blk.1.attn_k_norm.weight")).unwrap_err();
    assert!(error.to_string().contains("blk.1.attn_k_norm.weight"), "{error}");
    // A llama has none.
    let llama = small("gpt2").counted("blk.0.attn_q_norm.weight", &[2], 3.0);
    assert!(read(&llama).unwrap_err().to_string().contains("attn_q_norm"));
}
