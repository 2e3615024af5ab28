//! Malformed files: every command says what is wrong, in which file, where in it, and how to
//! mend it.

use std::time::Duration;

use serde_json::Value;

use crate::setup::{Folder, MAGNITUDE, WANDA, case};

/// A case, the exit code, the error code, the file that must be named, what else must be said.
type Row = (&'static str, i32, &'static str, &'static str, &'static [&'static str]);

const WEIGHTS: &str = "model/model.safetensors";
const CONFIG: &str = "model/config.json";
const INDEX: &str = "model/model.safetensors.index.json";
const TOKENIZER: &str = "model/tokenizer.json";
const UP: &str = "model.layers.1.mlp.up_proj.weight";

/// Files that no command can open.
const MODELS: &[Row] = &[
    ("empty_weights", 3, "SEC-CK-002", WEIGHTS, &["empty"]),
    ("empty_config", 3, "SEC-CK-002", CONFIG, &["empty"]),
    ("empty_model_file", 3, "SEC-CK-002", "model", &["empty"]),
    ("unknown_model_file", 3, "SEC-CK-003", "model", &[]),
    ("folder_without_a_model", 3, "SEC-CK-003", "model", &["config.json"]),
    ("gguf_named_safetensors", 3, "SEC-CK-004", WEIGHTS, &["this is GGUF", "rename"]),
    ("onnx_named_bin", 3, "SEC-CK-003", "model", &["no model.safetensors"]),
    ("lfs_pointer_for_weights", 3, "SEC-CK-005", WEIGHTS, &["130 bytes", "git lfs pull"]),
    ("lfs_pointer_for_config", 3, "SEC-CK-005", CONFIG, &["130 bytes", "git lfs pull"]),
    ("web_page_for_weights", 3, "SEC-CK-028", WEIGHTS, &["web page", "login"]),
    ("pickle_in_a_zip", 4, "SEC-CK-006", "model/pytorch_model.bin", &["torch.load('model/pyt"]),
    ("pickle_of_old", 4, "SEC-CK-006", "model/model.pt", &["weights_only=True"]),
    ("pickle_named_safetensors", 4, "SEC-CK-006", WEIGHTS, &["not read"]),
    ("directory_for_weights", 3, "SEC-CK-007", WEIGHTS, &["a directory"]),
    ("pipe_for_weights", 3, "SEC-CK-007", WEIGHTS, &["a pipe"]),
    ("pipe_for_config", 3, "SEC-CK-007", CONFIG, &["a pipe"]),
    ("pipe_for_index", 3, "SEC-CK-007", INDEX, &["a pipe"]),
    ("pipe_for_model", 3, "SEC-CK-007", "model", &["a pipe"]),
    ("device_for_weights", 3, "SEC-CK-007", WEIGHTS, &["a device"]),
    ("seven_bytes", 3, "SEC-CK-008", WEIGHTS, &["7 bytes"]),
    ("header_longer_than_file", 3, "SEC-CK-009", WEIGHTS, &["1099511627776 bytes", "of 26944"]),
    ("header_of_2_to_the_63", 3, "SEC-CK-009", WEIGHTS, &["9223372036854775808", "of 26944"]),
    ("header_of_all_ones", 3, "SEC-CK-009", WEIGHTS, &["18446744073709551615", "of 26944"]),
    ("header_over_the_limit", 3, "SEC-CK-009", WEIGHTS, &["100000001", "at most 100000000"]),
    ("header_is_not_utf8", 3, "SEC-CK-010", WEIGHTS, &["at byte 11", "not UTF-8"]),
    ("header_is_not_json", 3, "SEC-CK-010", WEIGHTS, &["at byte 14"]),
    ("header_is_a_list", 3, "SEC-CK-010", WEIGHTS, &["at byte 8", "brace"]),
    ("header_metadata_nested", 3, "SEC-CK-010", WEIGHTS, &["at byte 23"]),
    ("header_entry_nested", 3, "SEC-CK-010", WEIGHTS, &["at byte 13"]),
    ("unknown_field", 3, "SEC-CK-010", WEIGHTS, &["strides"]),
    ("negative_dimension", 3, "SEC-CK-010", WEIGHTS, &["at byte 1428", "-32"]),
    ("fractional_dimension", 3, "SEC-CK-010", WEIGHTS, &["at byte 1429", "32.5"]),
    ("duplicate_tensor", 3, "SEC-CK-011", WEIGHTS, &["layers.0.mlp.down_proj.weight", "twice"]),
    ("duplicate_tensor_same_bytes", 3, "SEC-CK-011", WEIGHTS, &["down_proj.weight", "twice"]),
    ("bytes_do_not_fit", 3, "SEC-CK-012", WEIGHTS, &[UP, "1920", "2048", "[32, 15]"]),
    ("product_overflows", 3, "SEC-CK-012", WEIGHTS, &[UP, "[4194305, 4194305, 211106198978564]"]),
    ("product_overflows_to_zero", 3, "SEC-CK-012", WEIGHTS, &[UP, "[4294967296, 4294967296]"]),
    ("bytes_end_before_they_begin", 3, "SEC-CK-012", WEIGHTS, &[UP, "20672..18624"]),
    ("unknown_type", 3, "SEC-CK-012", WEIGHTS, &[UP, "F31"]),
    ("four_bit_type", 4, "SEC-CK-013", WEIGHTS, &[UP, "F4"]),
    ("integer_weights", 4, "SEC-CK-013", WEIGHTS, &[UP, "i32"]),
    (
        "overlap",
        3,
        "SEC-CK-014",
        WEIGHTS,
        &["gate_proj.weight overlaps", UP, "16576..18624", "18620..20668"],
    ),
    ("hole", 3, "SEC-CK-015", WEIGHTS, &["18624..20672"]),
    ("trailing_bytes", 3, "SEC-CK-015", WEIGHTS, &["24896..24908"]),
    ("one_exabyte", 3, "SEC-CK-016", WEIGHTS, &["1152921504606846976 bytes short", "24896"]),
    ("short_weights", 3, "SEC-CK-016", WEIGHTS, &["1000 bytes short", "interrupted"]),
    (
        "short_shard",
        3,
        "SEC-CK-016",
        "model/model-00002-of-00003.safetensors",
        &["shard 2/3 is 512 bytes short", "interrupted"],
    ),
    (
        "index_contradicts_shards",
        3,
        "SEC-CK-017",
        INDEX,
        &[
            "shard model-00003-of-00003.safetensors is missing",
            "model.norm.weight lies in model-00001-of-00003.safetensors and in model-00002",
            "model.embed_tokens.weight is not in model-00002-of-00003.safetensors",
        ],
    ),
    ("total_size_lies", 3, "SEC-CK-017", INDEX, &["total_size is 7", "24896 bytes"]),
    ("index_without_map", 3, "SEC-CK-017", INDEX, &["weight_map"]),
    ("index_map_is_empty", 3, "SEC-CK-017", INDEX, &["weight_map is empty"]),
    ("index_names_a_number", 3, "SEC-CK-017", INDEX, &["model.norm.weight", "3"]),
    ("index_is_not_json", 3, "SEC-CK-017", INDEX, &["line 1 column 14"]),
    ("shard_outside", 3, "SEC-CK-018", INDEX, &["../../etc/x.safetensors"]),
    ("shard_absolute", 3, "SEC-CK-018", INDEX, &["/etc/x.safetensors"]),
    ("shard_with_nul", 3, "SEC-CK-018", INDEX, &["a\\0.safetensors"]),
    ("shard_with_backslash", 3, "SEC-CK-018", INDEX, &["x.safetensors"]),
    ("shard_without_a_name", 3, "SEC-CK-018", INDEX, &["\"\""]),
    ("two_weight_files_without_index", 3, "SEC-CK-003", "model", &["2 .safetensors", "index"]),
    ("config_missing", 3, "SEC-CK-019", CONFIG, &["missing"]),
    ("config_is_a_list", 3, "SEC-CK-019", CONFIG, &["map"]),
    ("config_is_cut", 3, "SEC-CK-019", CONFIG, &["line 1 column 19"]),
    ("config_nested", 3, "SEC-CK-019", CONFIG, &["recursion limit"]),
    ("model_type_missing", 3, "SEC-CK-019", CONFIG, &["model_type", "missing"]),
    ("architecture_unknown", 4, "SEC-CK-020", CONFIG, &["mamba", "llama"]),
    ("width_is_a_word", 3, "SEC-CK-019", CONFIG, &["hidden_size", "\"16\""]),
    ("width_is_negative", 3, "SEC-CK-019", CONFIG, &["hidden_size", "-16"]),
    ("width_is_huge", 3, "SEC-CK-019", CONFIG, &["hidden_size", "1048576", "4611686018427387904"]),
    ("width_differs", 3, "SEC-CK-023", WEIGHTS, &["embed_tokens", "[32, 16]", "[32, 24]"]),
    ("vocabulary_differs", 3, "SEC-CK-023", WEIGHTS, &["[32, 16]", "vocab_size 33"]),
    ("wrong_shape", 3, "SEC-CK-023", WEIGHTS, &[UP, "[16, 32]", "[32, 16]"]),
    ("head_width_differs", 3, "SEC-CK-023", WEIGHTS, &["layers.0.self_attn.q_proj", "[8, 16]"]),
    ("heads_do_not_divide", 3, "SEC-CK-019", CONFIG, &["num_attention_heads", "3 heads", "16"]),
    ("kv_heads_do_not_divide", 3, "SEC-CK-019", CONFIG, &["num_key_value_heads: 3", "heads, 4"]),
    ("heads_of_one_value", 3, "SEC-CK-019", CONFIG, &["head_dim: 1 rotated values"]),
    ("activation_unknown", 4, "SEC-CK-021", CONFIG, &["hidden_act", "snake"]),
    ("epsilon_is_negative", 3, "SEC-CK-019", CONFIG, &["rms_norm_eps", "-1"]),
    ("rotary_scaling_unknown", 4, "SEC-CK-021", CONFIG, &["rope_type", "yarn"]),
    ("llama3_scaling_is_cut", 3, "SEC-CK-019", CONFIG, &["high_freq_factor", "above low_freq"]),
    ("window_is_zero", 3, "SEC-CK-019", CONFIG, &["sliding_window", "got 0"]),
    ("layer_types_are_short", 3, "SEC-CK-019", CONFIG, &["layer_types", "1 types for 2 layers"]),
    ("layer_type_unknown", 4, "SEC-CK-021", CONFIG, &["layer_types", "chunked_attention"]),
    ("rotary_base_is_zero", 3, "SEC-CK-019", CONFIG, &["theta 0"]),
    ("more_layers", 3, "SEC-CK-022", "model", &["layers.2.input_layernorm.weight is missing"]),
    (
        "missing_tensor",
        3,
        "SEC-CK-022",
        "model",
        &[UP, "nearest name is model.layers.1.mlp.up_porj.weight"],
    ),
    (
        "many_entries_one_missing",
        3,
        "SEC-CK-022",
        "model",
        &[UP, "nearest name is model.layers.1.mlp."],
    ),
    ("gguf_bad_magic", 3, "SEC-CK-003", "model", &["no format"]),
    ("gguf_version_0", 3, "SEC-GG-004", "model", &["version 0"]),
    ("gguf_version_1", 4, "SEC-GG-004", "model", &["version 1"]),
    ("gguf_version_of_the_future", 4, "SEC-GG-004", "model", &["version 4"]),
    ("gguf_big_endian", 4, "SEC-GG-005", "model", &["big-endian"]),
    ("gguf_cut_off", 3, "SEC-GG-021", "model", &["short"]),
    ("gguf_count_of_keys", 3, "SEC-GG-006", "model", &["number of keys", "18446744073709551615"]),
    ("gguf_count_of_tensors", 3, "SEC-GG-006", "model", &["18446744073709551615"]),
    ("gguf_key_of_length_minus_1", 3, "SEC-GG-006", "model", &["key 0", "18446744073709551615"]),
    ("gguf_empty_key", 3, "SEC-GG-009", "model", &["key 1", "empty"]),
    ("gguf_key_twice", 3, "SEC-GG-010", "model", &["general.name", "twice"]),
    ("gguf_type_of_value", 3, "SEC-GG-011", "model", &["13"]),
    ("gguf_arrays_100_deep", 3, "SEC-GG-007", "model", &["depth", "limit is 64"]),
    ("gguf_huge_array", 3, "SEC-GG-006", "model", &["4611686018427387904"]),
    ("gguf_alignment_0", 3, "SEC-GG-013", "model", &["u32 0"]),
    ("gguf_alignment_13", 3, "SEC-GG-013", "model", &["u32 13"]),
    ("gguf_alignment_2_to_the_31", 3, "SEC-GG-013", "model", &["2147483648"]),
    ("gguf_alignment_signed", 3, "SEC-GG-013", "model", &["i32 32"]),
    ("gguf_alignment_is_text", 3, "SEC-GG-013", "model", &["string"]),
    ("gguf_dimension_of_0", 3, "SEC-GG-015", "model", &["size 0"]),
    ("gguf_five_dimensions", 3, "SEC-GG-015", "model", &["5 dimensions"]),
    ("gguf_values_wrap_around", 3, "SEC-GG-016", "model", &["values"]),
    ("gguf_bytes_of_blocks_overflow", 3, "SEC-GG-016", "model", &["bytes"]),
    ("gguf_rows_split_blocks", 3, "SEC-GG-017", "model", &["48", "Q4_1", "32"]),
    ("gguf_unknown_type", 3, "SEC-GG-018", "model", &["42"]),
    ("gguf_type_that_is_not_read", 4, "SEC-GG-019", "model", &["Q2_K"]),
    ("gguf_unaligned", 3, "SEC-GG-020", "model", &["offset 4", "32"]),
    ("gguf_past_the_end", 3, "SEC-GG-021", "model", &["64 short"]),
    ("gguf_offset_wraps_around", 3, "SEC-GG-021", "model", &["w"]),
    ("gguf_overlap", 3, "SEC-GG-022", "model", &["first", "second"]),
    ("gguf_tensor_twice", 3, "SEC-GG-014", "model", &["first", "twice"]),
    ("gguf_long_name", 3, "SEC-GG-007", "model", &["65", "limit is 64"]),
    ("gguf_one_exabyte", 3, "SEC-GG-021", "model", &["short"]),
    ("gguf_without_an_architecture", 3, "SEC-GG-025", "model", &["general.architecture"]),
];

/// Files that only matter to what reads text or runs the model.
const TEXTS: &[Row] = &[
    ("pipe_for_text", 3, "SEC-CK-007", "text.txt", &["a pipe"]),
    ("pipe_for_tokenizer", 3, "SEC-CK-007", TOKENIZER, &["a pipe"]),
    ("lfs_pointer_for_tokenizer", 3, "SEC-CK-005", TOKENIZER, &["git lfs pull"]),
    ("tokenizer_missing", 3, "SEC-CK-026", "model", &["tokenizer.json"]),
    ("tokenizer_is_not_json", 3, "SEC-CK-025", TOKENIZER, &["line 1 column 12"]),
    ("tokenizer_is_another_map", 3, "SEC-CK-025", TOKENIZER, &["line 1 column 5"]),
    ("tokenizer_merge_too_long", 3, "SEC-CK-025", TOKENIZER, &["the library failed"]),
    ("tokenizer_pieces_of_nothing", 3, "SEC-CK-025", TOKENIZER, &["the library failed"]),
    ("tokenizer_without_unknown", 3, "SEC-CK-025", TOKENIZER, &["[UNK]"]),
    ("tokenizer_ids_twice", 3, "SEC-CK-025", TOKENIZER, &["\"w2\" and \"w3\"", "same id 2"]),
    ("tokenizer_too_large", 3, "SEC-CK-027", TOKENIZER, &["32007", "32 rows"]),
    ("text_empty", 3, "SEC-NN-011", "text.txt", &["no text"]),
    ("text_blank", 3, "SEC-NN-011", "text.txt", &["no text"]),
    ("text_short", 3, "SEC-NN-013", "text.txt", &["5 tokens", "takes 32"]),
    ("text_not_utf8", 3, "SEC-NN-012", "text.txt", &["at byte 6"]),
    ("text_missing", 3, "SEC-NN-010", "text.txt", &["No such file"]),
    ("lines_many_bad", 3, "SEC-NN-024", "lines.jsonl", &["1 of 51 lines", "\"text\"", "line 51"]),
    ("lines_cut_off", 3, "SEC-NN-024", "lines.jsonl", &["1 of 4 lines", "line 4"]),
    ("ids_out_of_range", 3, "SEC-CK-027", "ids.safetensors", &["32007", "32 rows"]),
    ("ids_negative", 3, "SEC-CK-027", "ids.safetensors", &["-1", "32 rows"]),
    ("ids_of_another_name", 3, "SEC-NN-015", "ids.safetensors", &["input_ids", "tokens i64"]),
    ("nan_weights", 3, "SEC-CK-024", WEIGHTS, &[UP, "holds 3 values", "first at 37"]),
    ("infinite_weights", 3, "SEC-CK-024", WEIGHTS, &[UP, "holds 3 values", "first at 37"]),
    ("nan_in_the_embedding", 3, "SEC-CK-024", WEIGHTS, &["embed_tokens", "first at 5"]),
    ("largest_weights", 3, "SEC-NN-016", "model", &["not finite", "block"]),
];

/// Cases that work; `odd_files` looks at what they give.
pub(crate) const ACCEPTED: &[&str] = &[
    "many_entries",
    "zero_size_tensor",
    "extra_tensors",
    "zero_weights",
    "negative_zeros",
    "denormal_weights",
    "constant_rows",
    "all_weights_zero",
    "escapes_in_names",
    "tied_head_stored_once",
    "tied_head_stored_twice",
    "tied_head_differs",
    "types_are_mixed",
    "code_of_its_own",
    "text_with_mark_and_returns",
    "text_of_one_long_line",
    "lines_few_bad",
    // The rule is given up after a bounded number of steps.
    "tokenizer_regex_explodes",
    "tokenizer_template_token",
    "text_for_few_windows",
];

#[test]
fn every_case_has_its_row() {
    let rows = MODELS.iter().chain(TEXTS).map(|row| row.0);
    let mut rows: Vec<&str> = rows.chain(ACCEPTED.iter().copied()).collect();
    let cases = secateur_attacks::CASES.iter().copied().flatten();
    let mut cases: Vec<&str> = cases.map(|case| case.name).collect();
    rows.sort_unstable();
    cases.sort_unstable();
    assert_eq!(rows, cases);
}

/// What always takes longer on a file of some kilobytes has believed a number in it.
const SOON: Duration = Duration::from_secs(1);

fn check(folder: &Folder, words: &str, row: &Row) {
    let (name, exit, code, file, says) = row;
    println!("{name}: {words}");
    let ran = folder.fails(words, *exit, code);
    ran.says(says);
    ran.says(&[&format!("\n  file: {file}\n")]);
    assert!(ran.stdout.is_empty(), "{name}: {}", ran.stdout);
    let limit = if name.starts_with("many") { 10 * SOON } else { SOON };
    // A busy machine may be slow once or twice.
    let in_time = ran.wall < limit || (0..4).any(|_| folder.run(words).wall < limit);
    assert!(in_time, "{name} took {:?}", ran.wall);
}

#[test]
fn models_that_cannot_be_opened() {
    for (at, row) in MODELS.iter().enumerate() {
        let folder = case(row.0);
        check(&folder, "inspect model", row);
        if row.0.starts_with("many") {
            continue;
        }
        check(&folder, &format!("{MAGNITUDE} -o out"), row);
        // All commands open a model in the same way; a share of the rows shows that.
        if at % 4 == 0 {
            check(&folder, "verify model", row);
            check(&folder, "eval model --perplexity text.txt -q", row);
        }
        let json = folder.run("inspect model --json");
        let value: Value = serde_json::from_str(&json.stderr).unwrap();
        assert_eq!((&value["code"], &value["exit"]), (&row.2.into(), &row.1.into()));
        assert_eq!(value["path"], row.3);
        assert!(value["message"].is_string() && value["help"].is_string(), "{value}");
    }
}

/// The file of calibration data that a case is about.
pub(crate) fn data_of(case: &str) -> &'static str {
    match case.split('_').next() {
        Some("ids") => "ids.safetensors",
        Some("lines") => "lines.jsonl",
        _ => "text.txt",
    }
}

#[test]
fn texts_and_tokenizers_that_cannot_be_used() {
    for row in TEXTS {
        let folder = case(row.0);
        let text = data_of(row.0);
        let wanda = WANDA.replace("text.txt", text);
        check(&folder, &format!("{wanda} -o out"), row);
        let eval = format!("eval model --seq-len 32 -q --perplexity {text}");
        if row.0 == "largest_weights" {
            folder.run(&eval).says(&["error[SEC-NN-016]"]);
        } else {
            check(&folder, &eval, row);
        }
    }
}
