"""Loads a directory with stock transformers, in f32, and writes what the model says.

    python load_in_transformers.py DIR --write golden.safetensors [--rows 2 --length 40 --seed 0]
    python load_in_transformers.py DIR --write golden.safetensors --ids ids.safetensors

Writes `input_ids` i64 [rows, length] and `logits` f32 [rows, length, vocabulary] (for a model without a
language-model head, such as BERT, `last_hidden_state`). Then

    secateur verify DIR --expect golden.safetensors --tolerance 1e-4

compares. Ends with an error if a tensor is missing, unknown or of the wrong shape.
"""

import argparse
import sys

import numpy
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description="load a directory with transformers and write its logits")
    parser.add_argument("directory")
    parser.add_argument("--write", required=True, metavar="FILE", help="golden.safetensors to write")
    parser.add_argument("--rows", type=int, default=2)
    parser.add_argument("--length", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ids", metavar="FILE", help="take input_ids from this safetensors file")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    transformers.utils.logging.disable_progress_bar()

    config = AutoConfig.from_pretrained(args.directory)
    causal = any("CausalLM" in a or "LMHead" in a for a in config.architectures or ["CausalLM"])
    model, info = (AutoModelForCausalLM if causal else AutoModel).from_pretrained(
        args.directory, dtype=torch.float32, output_loading_info=True)
    wrong = {kind: keys for kind, keys in info.items() if keys}
    if wrong:
        sys.exit(f"the directory and the model differ: {wrong}")

    if args.ids:
        ids = load_file(args.ids)["input_ids"].long()
    else:
        rng = numpy.random.default_rng(args.seed)
        ids = torch.from_numpy(rng.integers(0, config.vocab_size, (args.rows, args.length), dtype=numpy.int64))
    name = "logits" if causal else "last_hidden_state"
    out = getattr(model.eval()(input_ids=ids), name).float().contiguous()
    save_file({"input_ids": ids.contiguous(), name: out}, args.write)
    print(f"{type(model).__name__}, transformers {transformers.__version__}, torch {torch.__version__}: "
          f"{name} {list(out.shape)}")


if __name__ == "__main__":
    main()
