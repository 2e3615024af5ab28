"""Wanda and magnitude pruning in PyTorch: the peer that secateur is measured against.

    python wanda_reference.py MODEL --calibration ids.safetensors --sparsity 0.5 [--perplexity ids.safetensors]
    python wanda_reference.py MODEL --calibration ids.safetensors --pattern 2:4
    python wanda_reference.py MODEL --method magnitude --sparsity 0.5
    python wanda_reference.py MODEL --method dense --perplexity ids.safetensors

MODEL is an HF directory of a llama or gpt_neox model (config.json and safetensors); everything runs in
f32 on the CPU. The id files hold `input_ids` [sequences, tokens]; `name.safetensors` of any other tensor
works with `name.safetensors:tensor`.

The rules are those of the published code (Sun, Liu, Bair, Kolter 2023, "A Simple and Effective Pruning
Approach for Large Language Models"):

- blocks in order; hooks on the dense block collect, for each linear, the running mean over the sequences
  of the sum of squares of each input feature (`scaler_row`); one sequence at a time;
- score |W| * sqrt(scaler_row); unstructured: per row, stable ascending sort, the first int(in * s) go;
  N:M: in each aligned group of M inputs the N smallest go;
- the pruned block runs again to make the inputs of the next one;
- magnitude: per matrix, |w| <= sorted(|w|)[int(n * s)] goes (one weight more than n * s, and all ties).
  With N:M: as above, on |W|;
- only linears inside blocks; embeddings and head stay.

Different from the published code: the groups of N:M are taken in one `topk` and not in a loop over the
columns. The sums are formed as it forms them (torch.norm, squared): another order of summation swaps a few
near ties, and in a deep model each swap changes the inputs of all later blocks.

With --golden the masks (packed bits, row-major, LSB first, 1 = pruned) and norms (sqrt(scaler_row)) of a
reference file are compared; with --prompt also its `logits_last`.
"""

import argparse
import json
import math
import resource
import shutil
import sys
import time
from pathlib import Path

import numpy
import safetensors
import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM


def rss_peak_mb():
    """Peak memory of this process so far, in MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def read_ids(spec):
    path, _, name = spec.partition(".safetensors:")
    tensors = load_file(path + ".safetensors" if name else path)
    return tensors[name or "input_ids"].long()


def blocks_of(model):
    if model.config.model_type == "gpt_neox":
        return model.gpt_neox.layers
    if model.config.model_type == "llama":
        return model.model.layers
    sys.exit(f"model type {model.config.model_type}: only llama and gpt_neox are known here")


def linears_of(block):
    return {name: module for name, module in block.named_modules() if isinstance(module, torch.nn.Linear)}


class Stop(Exception):
    pass


def first_inputs(model, blocks, ids):
    """The inputs of the first block, one sequence at a time, and the keyword arguments every block gets."""
    inputs, keywords = [], {}

    def catch(_module, args, kwargs):
        hidden = args[0] if args else kwargs.pop("hidden_states")
        inputs.append(hidden)
        keywords.update(kwargs)
        raise Stop

    handle = blocks[0].register_forward_pre_hook(catch, with_kwargs=True)
    for row in ids:
        try:
            model(input_ids=row[None], use_cache=False)
        except Stop:
            pass
    handle.remove()
    return inputs, keywords


def run(block, hidden, keywords):
    out = block(hidden, **keywords)
    return out[0] if isinstance(out, tuple) else out


def collect(block, inputs, keywords):
    """scaler_row of every linear of the block: mean over sequences of sum over tokens of x^2."""
    rows, seen, handles = {}, {}, []

    def watch(name):
        def hook(_module, args, _out):
            x = args[0].reshape(-1, args[0].shape[-1]).t()
            before = seen.get(name, 0)
            seen[name] = before + 1
            row = rows.setdefault(name, torch.zeros(x.shape[0]))
            row.mul_(before / (before + 1)).add_(torch.norm(x, p=2, dim=1) ** 2 / (before + 1))
        return hook

    for name, linear in linears_of(block).items():
        handles.append(linear.register_forward_hook(watch(name)))
    for hidden in inputs:
        run(block, hidden, keywords)
    for handle in handles:
        handle.remove()
    return rows


def smallest_per_row(score, sparsity):
    """True where pruned: int(in * sparsity) smallest of each row, lower index first on ties."""
    order = torch.sort(score, dim=-1, stable=True).indices[:, :int(score.shape[1] * sparsity)]
    return torch.zeros_like(score, dtype=torch.bool).scatter_(1, order, True)


def smallest_per_group(score, n, m):
    """True where pruned: the n smallest of each aligned group of m inputs."""
    if score.shape[1] % m:
        sys.exit(f"{score.shape[1]} inputs do not divide into groups of {m}")
    groups = score.reshape(score.shape[0], -1, m)
    order = torch.topk(groups, n, dim=-1, largest=False).indices
    return torch.zeros_like(groups, dtype=torch.bool).scatter_(2, order, True).reshape(score.shape)


def smallest_per_matrix(score, sparsity):
    threshold = torch.sort(score.flatten()).values[int(score.numel() * sparsity)]
    return score <= threshold


def owl_shares(model, ids, sparsity, threshold=5.0, band=0.08):
    """Sparsity of each block after Yin et al. 2023, "OWL": the share of scores past `threshold` means."""
    blocks, outliers = blocks_of(model), []
    inputs, keywords = first_inputs(model, blocks, ids)
    for block in blocks:
        rows = collect(block, inputs, keywords)
        linears = linears_of(block)
        scores = torch.cat([(linears[n].weight.abs() * row.sqrt()).flatten() for n, row in rows.items()])
        outliers.append((scores > threshold * scores.mean()).float().mean().double().item())
        inputs = [run(block, hidden, keywords) for hidden in inputs]
    ratio = torch.tensor(outliers, dtype=torch.float64)
    ratio = (ratio - ratio.min()) / (ratio.max() - ratio.min()) * band * 2
    return (sparsity - (ratio - ratio.mean())).tolist()


def prune_wanda(model, ids, sparsity, pattern, shares=None):
    norms = {}
    blocks = blocks_of(model)
    inputs, keywords = first_inputs(model, blocks, ids)
    for at, block in enumerate(blocks):
        for name, row in collect(block, inputs, keywords).items():
            weight = linears_of(block)[name].weight
            norm = row.sqrt()
            score = weight.abs() * norm
            share = shares[at] if shares else sparsity
            cut = smallest_per_group(score, *pattern) if pattern else smallest_per_row(score, share)
            weight[cut] = 0
            norms[f"layers.{at}.{name}"] = norm
        inputs = [run(block, hidden, keywords) for hidden in inputs]
    return norms


def prune_magnitude(model, sparsity, pattern):
    for block in blocks_of(model):
        for linear in linears_of(block).values():
            score = linear.weight.abs()
            cut = smallest_per_group(score, *pattern) if pattern else smallest_per_matrix(score, sparsity)
            linear.weight[cut] = 0


def perplexity(model, ids):
    """exp(total NLL / total predictions), one window at a time, no prediction of a window's first token."""
    total = 0.0
    for row in ids:
        logits = model(input_ids=row[None], use_cache=False).logits[0, :-1]
        total += torch.nn.functional.cross_entropy(logits, row[1:], reduction="sum").double().item()
    return math.exp(total / (ids.shape[0] * (ids.shape[1] - 1)))


def sparsity_of(model):
    linears = [linear for block in blocks_of(model) for linear in linears_of(block).values()]
    return sum((l.weight == 0).sum().item() for l in linears) / sum(l.weight.numel() for l in linears)


def agreement(model, norms, golden):
    """Share of equal mask bits (all, and of the worst tensor) and the largest relative error of a norm."""
    same = bits = 0
    worst, norm_error = 1.0, None
    for at, block in enumerate(blocks_of(model)):
        for name, linear in linears_of(block).items():
            key = f"layers.{at}.{name}"
            if f"mask.{key}" in golden:
                expected = numpy.unpackbits(golden[f"mask.{key}"].numpy(), bitorder="little")
                got = (linear.weight == 0).flatten().numpy()
                equal = int((expected[:got.size] == got).sum())
                same, bits, worst = same + equal, bits + got.size, min(worst, equal / got.size)
            if f"norm.{key}" in golden and key in norms:
                expected = golden[f"norm.{key}"]
                error = ((norms[key] - expected).abs() / expected.abs().clamp_min(1e-12)).max().item()
                norm_error = max(norm_error or 0.0, error)
    return {"bits": bits, "differing": bits - same, "agreement": same / bits if bits else None,
            "agreement_worst_tensor": worst if bits else None, "norm_relative_error_max": norm_error}


def logits_difference(model, prompts, golden):
    expected = golden["logits_last"].reshape(len(prompts), -1)
    got = torch.stack([model(input_ids=torch.tensor([p])).logits[0, -1] for p in prompts])
    return (got - expected).abs().max().item()


def save(model, source, folder):
    model.save_pretrained(folder)
    for file in Path(source).glob("tokenizer*"):
        shutil.copy(file, folder)


def arguments():
    parser = argparse.ArgumentParser(description="Wanda and magnitude pruning, the PyTorch peer")
    parser.add_argument("model", help="HF directory, llama or gpt_neox")
    parser.add_argument("--method", choices=["wanda", "magnitude", "dense"], default="wanda")
    parser.add_argument("--calibration", metavar="IDS", help="input_ids [sequences, tokens], for wanda")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--sparsity", type=float, help="share of weights to cut, per row (wanda) or matrix")
    amount.add_argument("--pattern", metavar="N:M", help="cut N of every M inputs")
    parser.add_argument("--owl", action="store_true", help="share the sparsity of wanda out by OWL")
    parser.add_argument("--perplexity", metavar="IDS", help="windows to evaluate after pruning")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--golden", metavar="FILE", help="reference masks and norms to compare with")
    parser.add_argument("--prompt", action="append", default=[], metavar="ID,ID,..",
                        help="a prompt of the golden file's logits_last; once for each row")
    parser.add_argument("--out", metavar="DIR", help="write the pruned model there, f32")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    if args.method == "wanda" and not args.calibration:
        parser.error("wanda needs --calibration")
    if args.method != "dense" and args.sparsity is None and args.pattern is None:
        parser.error("give --sparsity or --pattern")
    args.pattern = tuple(int(n) for n in args.pattern.split(":")) if args.pattern else None
    return args


@torch.no_grad()
def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    report = {"model": Path(args.model).name, "method": args.method, "sparsity": args.sparsity,
              "pattern": ":".join(map(str, args.pattern)) if args.pattern else None, "threads": args.threads,
              "versions": {"torch": torch.__version__, "transformers": transformers.__version__,
                           "safetensors": safetensors.__version__}}

    report["rss_imports_mb"] = rss_peak_mb()
    began = time.perf_counter()
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32).eval()
    report["load_s"] = time.perf_counter() - began
    ids = read_ids(args.calibration) if args.method == "wanda" else None

    began, norms = time.perf_counter(), {}
    if args.method == "wanda":
        shares = owl_shares(model, ids, args.sparsity) if args.owl else None
        report["shares"] = shares
        norms = prune_wanda(model, ids, args.sparsity, args.pattern, shares)
    elif args.method == "magnitude":
        prune_magnitude(model, args.sparsity, args.pattern)
    report["prune_s"] = time.perf_counter() - began
    report["rss_peak_mb"] = rss_peak_mb()
    report["sparsity_measured"] = sparsity_of(model)

    if args.golden:
        golden = load_file(args.golden)
        report["golden"] = agreement(model, norms, golden)
        if args.prompt:
            prompts = [[int(i) for i in p.split(",")] for p in args.prompt]
            report["golden"]["logits_difference_max"] = logits_difference(model, prompts, golden)
    if args.perplexity:
        began = time.perf_counter()
        report["perplexity"] = perplexity(model, read_ids(args.perplexity))
        report["perplexity_s"] = time.perf_counter() - began
    if args.out:
        save(model, args.model, args.out)

    if args.json:
        print(json.dumps(report))
    else:
        for key, value in report.items():
            print(f"{key:20} {value}")


if __name__ == "__main__":
    main()
