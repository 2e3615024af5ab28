//! Configurations that are missing, cannot be, or do not fit the weights.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::Case;
use crate::model::llama;

/// The cases of this file.
pub const CASES: &[Case] = &[
    Case { name: "config_missing", write: missing },
    Case { name: "config_is_a_list", write: |f| with(f, |c| *c = json!([1, 2])) },
    Case { name: "config_is_cut", write: |f| text(f, "{\"model_type\": \"lla") },
    Case { name: "config_nested", write: |f| text(f, &nested()) },
    Case { name: "model_type_missing", write: |f| with(f, |c| c["model_type"] = Value::Null) },
    Case { name: "architecture_unknown", write: |f| with(f, |c| c["model_type"] = json!("mamba")) },
    Case { name: "width_is_a_word", write: |f| with(f, |c| c["hidden_size"] = json!("16")) },
    Case { name: "width_is_negative", write: |f| with(f, |c| c["hidden_size"] = json!(-16)) },
    Case { name: "width_is_huge", write: |f| with(f, |c| c["hidden_size"] = json!(1_u64 << 62)) },
    Case { name: "width_differs", write: |f| with(f, |c| c["hidden_size"] = json!(24)) },
    Case { name: "vocabulary_differs", write: |f| with(f, |c| c["vocab_size"] = json!(33)) },
    Case { name: "more_layers", write: |f| with(f, |c| c["num_hidden_layers"] = json!(1_000_000)) },
    Case { name: "heads_do_not_divide", write: |f| with(f, |c| heads(c, 3, 3)) },
    Case { name: "kv_heads_do_not_divide", write: |f| with(f, |c| heads(c, 4, 3)) },
    Case { name: "heads_of_one_value", write: |f| with(f, |c| heads(c, 16, 16)) },
    Case { name: "head_width_differs", write: |f| with(f, |c| c["head_dim"] = json!(4)) },
    Case { name: "activation_unknown", write: |f| with(f, |c| c["hidden_act"] = json!("snake")) },
    Case { name: "epsilon_is_negative", write: |f| with(f, |c| c["rms_norm_eps"] = json!(-1.0)) },
    Case { name: "rotary_scaling_unknown", write: |f| with(f, |c| c["rope_scaling"] = yarn()) },
    Case {
        name: "llama3_scaling_is_cut",
        write: |f| with(f, |c| c["rope_scaling"] = cut_llama3()),
    },
    Case { name: "window_is_zero", write: |f| with(f, |c| mistral(c, json!(0), 2)) },
    Case { name: "layer_types_are_short", write: |f| with(f, |c| mistral(c, json!(4), 1)) },
    Case { name: "layer_type_unknown", write: |f| with(f, |c| c["layer_types"] = unknown_type(c)) },
    Case { name: "rotary_base_is_zero", write: |f| with(f, |c| c["rope_theta"] = json!(0)) },
    Case { name: "code_of_its_own", write: code },
];

fn cut_llama3() -> Value {
    json!({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0, "high_freq_factor": 1.0})
}

fn mistral(config: &mut Value, window: Value, layers: usize) {
    config["model_type"] = json!("mistral");
    config["sliding_window"] = window;
    config["layer_types"] = json!(vec!["sliding_attention"; layers]);
}

fn unknown_type(config: &mut Value) -> Value {
    mistral(config, json!(4), 2);
    json!(["full_attention", "chunked_attention"])
}

fn with(folder: &Path, change: fn(&mut Value)) -> io::Result<()> {
    let mut model = llama();
    change(&mut model.config);
    model.write(folder)
}

fn text(folder: &Path, text: &str) -> io::Result<()> {
    llama().write(folder)?;
    fs::write(folder.join("model/config.json"), text)
}

fn missing(folder: &Path) -> io::Result<()> {
    llama().write(folder)?;
    fs::remove_file(folder.join("model/config.json"))
}

fn nested() -> String {
    let depth = 100_000;
    format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth))
}

fn heads(config: &mut Value, count: usize, kv: usize) {
    config["num_attention_heads"] = json!(count);
    config["num_key_value_heads"] = json!(kv);
}

fn yarn() -> Value {
    json!({ "rope_type": "yarn", "factor": 4.0 })
}

/// Code beside the model that leaves a mark when it is run.
fn code(folder: &Path) -> io::Result<()> {
    with(folder, |config| {
        config["auto_map"] = json!({ "AutoModelForCausalLM": "modeling_own.Own" });
    })?;
    let script = "import pathlib\npathlib.Path('was_run').touch()\n";
    fs::write(folder.join("model/modeling_own.py"), script)
}
