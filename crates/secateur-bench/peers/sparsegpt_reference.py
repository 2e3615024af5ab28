"""SparseGPT in PyTorch: the peer that secateur's update is measured against.

    python sparsegpt_reference.py MODEL --calibration ids.safetensors --sparsity 0.5 [--perplexity ids.safetensors]
    python sparsegpt_reference.py MODEL --calibration ids.safetensors --pattern 2:4

MODEL and the id files are as for wanda_reference.py, whose walk through the blocks is used.

The rules are those of the published code (Frantar, Alistarh 2023, "SparseGPT"): for each linear
H = 2 X X^T, averaged over the sequences; inputs that are always zero get 1 on the diagonal and weight 0;
0.01 of the mean diagonal is added; U = upper Cholesky factor of the inverse; blocks of 128 columns;
score w^2 / u_jj^2; unstructured: one threshold per block over all rows; N:M: the N smallest of each row and
group, when its first column is reached; the error (w - q) / u_jj goes to all later columns.
"""

import argparse
import json
import math
import time

import torch
import transformers
from transformers import AutoModelForCausalLM

from wanda_reference import (blocks_of, first_inputs, linears_of, perplexity, read_ids, rss_peak_mb, run,
                             sparsity_of)

BLOCK = 128


def hessians(block, inputs, keywords):
    sums, seen, handles = {}, {}, []

    def watch(name):
        def hook(_module, args, _out):
            x = args[0].reshape(-1, args[0].shape[-1]).t().float()
            before = seen.get(name, 0)
            seen[name] = before + 1
            h = sums.setdefault(name, torch.zeros(x.shape[0], x.shape[0]))
            h.mul_(before / (before + 1))
            x = math.sqrt(2 / (before + 1)) * x
            h.add_(x.matmul(x.t()))
        return hook

    for name, linear in linears_of(block).items():
        handles.append(linear.register_forward_hook(watch(name)))
    for hidden in inputs:
        run(block, hidden, keywords)
    for handle in handles:
        handle.remove()
    return sums


def prune_linear(linear, h, sparsity, pattern):
    w = linear.weight.data.clone().float()
    columns = w.shape[1]
    dead = torch.diag(h) == 0
    h[dead, dead] = 1
    w[:, dead] = 0
    diagonal = torch.arange(columns)
    h[diagonal, diagonal] += 0.01 * torch.mean(torch.diag(h))
    u = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(h)), upper=True)
    for first in range(0, columns, BLOCK):
        last = min(first + BLOCK, columns)
        part, square = w[:, first:last].clone(), u[first:last, first:last]
        kept, errors = torch.zeros_like(part), torch.zeros_like(part)
        if pattern is None:
            score = part ** 2 / torch.diag(square).reshape(1, -1) ** 2
            threshold = torch.sort(score.flatten())[0][int(score.numel() * sparsity)]
            cut = score <= threshold
        else:
            cut = torch.zeros_like(part, dtype=torch.bool)
        for i in range(last - first):
            column, d = part[:, i], square[i, i]
            if pattern is not None and i % pattern[1] == 0:
                score = part[:, i:i + pattern[1]] ** 2 / torch.diag(square)[i:i + pattern[1]].reshape(1, -1) ** 2
                cut.scatter_(1, i + torch.topk(score, pattern[0], dim=1, largest=False)[1], True)
            q = column.clone()
            q[cut[:, i]] = 0
            kept[:, i] = q
            error = (column - q) / d
            part[:, i:] -= error.unsqueeze(1).matmul(square[i, i:].unsqueeze(0))
            errors[:, i] = error
        w[:, first:last] = kept
        w[:, last:] -= errors.matmul(u[first:last, last:])
    linear.weight.data = w


def prune_sparsegpt(model, ids, sparsity, pattern):
    blocks = blocks_of(model)
    inputs, keywords = first_inputs(model, blocks, ids)
    for block in blocks:
        for name, h in hessians(block, inputs, keywords).items():
            prune_linear(linears_of(block)[name], h, sparsity, pattern)
        inputs = [run(block, hidden, keywords) for hidden in inputs]


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description="SparseGPT, the PyTorch peer")
    parser.add_argument("model", help="HF directory, llama or gpt_neox")
    parser.add_argument("--method", choices=["sparsegpt"], default="sparsegpt")
    parser.add_argument("--calibration", metavar="IDS", required=True)
    amount = parser.add_mutually_exclusive_group(required=True)
    amount.add_argument("--sparsity", type=float)
    amount.add_argument("--pattern", metavar="N:M", help="cut N of every M inputs")
    parser.add_argument("--perplexity", metavar="IDS")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    transformers.utils.logging.set_verbosity_error()
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32).eval()
    pattern = tuple(int(n) for n in args.pattern.split(":")) if args.pattern else None
    began = time.perf_counter()
    prune_sparsegpt(model, read_ids(args.calibration), args.sparsity, pattern)
    report = {"prune_s": time.perf_counter() - began, "rss_peak_mb": rss_peak_mb(),
              "sparsity_measured": sparsity_of(model)}
    if args.perplexity:
        report["perplexity"] = perplexity(model, read_ids(args.perplexity))
    print(json.dumps(report) if args.json else "\n".join(f"{k:20} {v}" for k, v in report.items()))


if __name__ == "__main__":
    main()
