"""Turns a llama GGUF file into an HF directory in f32, for peers that read no GGUF.

    python dequantize_gguf.py FILE.gguf OUT_DIR

Writes config.json and model.safetensors. The order of the rows of q and k that GGUF uses for its rotary
embedding is undone; a tied head is left out. The tokenizer is not written.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import numpy
from gguf import GGUFReader
from gguf.quants import dequantize
from safetensors.numpy import save_file

BLOCK = {
    "attn_q.weight": "self_attn.q_proj.weight",
    "attn_k.weight": "self_attn.k_proj.weight",
    "attn_v.weight": "self_attn.v_proj.weight",
    "attn_output.weight": "self_attn.o_proj.weight",
    "ffn_gate.weight": "mlp.gate_proj.weight",
    "ffn_up.weight": "mlp.up_proj.weight",
    "ffn_down.weight": "mlp.down_proj.weight",
    "attn_norm.weight": "input_layernorm.weight",
    "ffn_norm.weight": "post_attention_layernorm.weight",
}
OUTSIDE = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}


def hf_name(name):
    if name in OUTSIDE:
        return OUTSIDE[name]
    match = re.fullmatch(r"blk\.(\d+)\.(.+)", name)
    if match and match[2] in BLOCK:
        return f"model.layers.{match[1]}.{BLOCK[match[2]]}"
    sys.exit(f"tensor {name}: not one of a plain llama model")


def unpermute(weight, heads):
    """Undoes GGUF's row order of q and k: from pairs side by side to two halves of each head."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def main():
    parser = argparse.ArgumentParser(description="llama GGUF to an f32 HF directory")
    parser.add_argument("file")
    parser.add_argument("out", type=Path)
    args = parser.parse_args()

    reader = GGUFReader(args.file)

    def value(key, default=None):
        field = reader.get_field(key)
        return default if field is None else field.contents()

    if value("general.architecture") != "llama":
        sys.exit(f"architecture {value('general.architecture')}: only llama is known here")
    if value("llama.rope.scaling.type", "none") != "none":
        sys.exit("rope scaling is not handled here")
    heads = value("llama.attention.head_count")
    heads_kv = value("llama.attention.head_count_kv", heads)

    weights = {}
    for tensor in reader.tensors:
        array = dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32, copy=False)
        if tensor.name.endswith("attn_q.weight"):
            array = unpermute(array, heads)
        elif tensor.name.endswith("attn_k.weight"):
            array = unpermute(array, heads_kv)
        weights[hf_name(tensor.name)] = numpy.ascontiguousarray(array)

    embedding = weights["model.embed_tokens.weight"]
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": embedding.shape[0],
        "hidden_size": value("llama.embedding_length"),
        "intermediate_size": value("llama.feed_forward_length"),
        "num_hidden_layers": value("llama.block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": heads_kv,
        "max_position_embeddings": value("llama.context_length"),
        "rms_norm_eps": value("llama.attention.layer_norm_rms_epsilon"),
        "rope_theta": value("llama.rope.freq_base", 10000.0),
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": "lm_head.weight" not in weights,
        "bos_token_id": value("tokenizer.ggml.bos_token_id"),
        "eos_token_id": value("tokenizer.ggml.eos_token_id"),
        "torch_dtype": "float32",
    }
    # The metadata is f32; the shortest decimal keeps 1e-05 from becoming 9.99999974e-06.
    for key in ("rms_norm_eps", "rope_theta"):
        config[key] = float(str(numpy.float32(config[key])))
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_file(weights, args.out / "model.safetensors", metadata={"format": "pt"})
    print(f"{len(weights)} tensors, {sum(w.size for w in weights.values())} parameters")


if __name__ == "__main__":
    main()
