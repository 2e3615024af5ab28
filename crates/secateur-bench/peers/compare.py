"""Times secateur and a peer in turn, and prints medians and their ratio.

    cargo build --release -p secateur-bench -p secateur-cli
    python compare.py matmul                   # f32 and bf16 products, PyTorch
    python compare.py forward                  # blocks shaped like GPT-2 small, 1 x 512 tokens, PyTorch
    python compare.py decode MODEL.gguf        # tokens per second, llama-cpp-python
    python compare.py network FILE.onnx --batch 1 32
                                               # a whole network, onnxruntime
    python compare.py prune MODEL ids.safetensors -- --method wanda --sparsity 0.5
                                               # a whole run: wanda_reference.py and secateur prune

Ratio: how many times faster secateur is. Each pair runs the two one after the other, so that both see
the same machine; the first run of each is left out where a process makes several.
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
RELEASE = ROOT / "target" / "release"


def report(name, ours, theirs, unit="ms", higher=False, digits=1):
    a, b = statistics.median(ours), statistics.median(theirs)
    ratio = a / b if higher else b / a
    spread = lambda v: f"{min(v):.{digits}f} to {max(v):.{digits}f}"
    print(f"{name}: secateur {a:.{digits}f} {unit} ({spread(ours)}), "
          f"peer {b:.{digits}f} {unit} ({spread(theirs)}), "
          f"ratio {ratio:.2f}", flush=True)


def seconds(command):
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(line) for line in out.split()][1:]


def matmul(args):
    import torch

    torch.set_num_threads(args.threads)
    shapes = [(2048, 2048, 2048), (512, 768, 3072)]
    for dtype, kind in (("f32", torch.float32), ("bf16", torch.bfloat16)):
        for rows, inner, columns in shapes:
            x, w = torch.randn(rows, inner).to(kind), torch.randn(columns, inner).to(kind)
            ours, theirs = [], []
            for _ in range(args.pairs):
                shape = [str(n) for n in (rows, inner, columns)]
                ours += seconds([RELEASE / "matmul", *shape, dtype, str(args.runs)])
                theirs += peer(lambda: torch.nn.functional.linear(x, w), args.runs, torch)
            name = f"{dtype} {rows} x {inner} x {columns}"
            report(name, [s * 1e3 for s in ours], [s * 1e3 for s in theirs])


def peer(work, runs, torch):
    times = []
    with torch.inference_mode():
        for _ in range(runs):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
    return times[1:]


def forward(args):
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config()).eval()
    folder = ROOT / "target" / "models" / "gpt2-small-random"
    if not folder.exists():
        model.save_pretrained(folder)
    x = torch.randn(1, 512, 768)

    def blocks():
        y = x
        for block in model.transformer.h:
            y = block(y)
            y = y[0] if isinstance(y, tuple) else y
        return y

    for attention in ("sdpa", "eager"):
        model.set_attn_implementation(attention)
        ours, theirs = [], []
        for _ in range(args.pairs):
            ours += seconds([RELEASE / "forward", folder, "512", str(args.runs)])
            theirs += peer(blocks, args.runs, torch)
        report(f"12 blocks, {attention}", [s * 1e3 for s in ours], [s * 1e3 for s in theirs])


def decode(args):
    import llama_cpp

    llama = llama_cpp.Llama(args.model, n_ctx=256, n_threads=args.threads, verbose=False)
    prompt = "Once upon a time there was"
    ids = llama.tokenize(prompt.encode(), add_bos=False)
    ours, theirs, texts = [], [], []
    for _ in range(args.pairs):
        command = [RELEASE / "secateur", "generate", args.model, "--prompt", prompt, "--max-tokens",
                   str(args.tokens), "--ignore-eos", "--threads", str(args.threads), "--json"]
        out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        ours.append(out["tokens_per_second"])
        llama.reset()
        made, start = [], None
        for token in llama.generate(ids, temp=0.0, repeat_penalty=1.0):
            if start is None:
                start = time.perf_counter()
            made.append(token)
            if len(made) == args.tokens:
                break
        theirs.append((len(made) - 1) / (time.perf_counter() - start))
        texts.append((out["text"], llama.detokenize(made).decode(errors="replace")))
    report("decode", ours, theirs, "tokens/s", higher=True)
    a, b = texts[0]
    same = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    print(f"texts agree on {same} of {len(b)} characters")


def anonymous_peak(process, result):
    """Largest RssAnon of a process, sampled."""
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
            found = re.search(r"RssAnon:\s+(\d+) kB", status)
            result["mb"] = max(result.get("mb", 0), int(found.group(1)) * 1024 / 1e6 if found else 0)
        except OSError:
            pass
        time.sleep(0.02)


def timed(command):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    result = {}
    watch = threading.Thread(target=anonymous_peak, args=(process, result))
    watch.start()
    out, error = process.communicate()
    watch.join()
    if process.returncode:
        sys.exit(f"{command}: {error}")
    return time.perf_counter() - start, result["mb"], out


def prune(args):
    ours, theirs, whole = [], [], []
    for pair in range(args.pairs):
        with tempfile.TemporaryDirectory(dir=args.scratch) as folder:
            command = [RELEASE / "secateur", "prune", args.model, "-o", f"{folder}/out", "--calibration",
                       args.ids, "--threads", str(args.threads), "-q", *args.rest]
            taken, memory, _ = timed(command)
            ours.append(taken)
            print(f"secateur {taken:.1f} s, {memory:.0f} MB anonymous", flush=True)
        options = [word for word in args.rest if not word.startswith("--precision") and word != "bf16"]
        command = [sys.executable, HERE / args.peer, args.model, "--calibration", args.ids,
                   "--threads", str(args.threads), "--json", *options]
        taken, memory, out = timed(command)
        found = re.search(r'"prune_s": ([0-9.]+)', out)
        whole.append(taken)
        theirs.append(float(found.group(1)) if found else taken)
        print(f"peer {taken:.1f} s, of which pruning {theirs[-1]:.1f} s, {memory:.0f} MB anonymous", flush=True)
    report("whole process against whole process", ours, whole, "s")
    report("whole process against the peer's pruning alone", ours, theirs, "s")


def copy(args):
    """Pruning by magnitude against copying the model's files."""
    ours, theirs = [], []
    for _ in range(args.pairs):
        with tempfile.TemporaryDirectory(dir=args.scratch) as folder:
            start = time.perf_counter()
            shutil.copytree(args.model, f"{folder}/copy")
            subprocess.run(["sync", "-f", folder], check=True)
            theirs.append(time.perf_counter() - start)
        with tempfile.TemporaryDirectory(dir=args.scratch) as folder:
            command = [RELEASE / "secateur", "prune", args.model, "-o", f"{folder}/out", "--method",
                       "magnitude", "--sparsity", "0.5", "--threads", str(args.threads), "-q"]
            taken, memory, _ = timed(command)
            ours.append(taken)
            print(f"copy {theirs[-1]:.1f} s, secateur {taken:.1f} s, {memory:.0f} MB anonymous", flush=True)
    report("magnitude against copying", ours, theirs, "s")


def network(args):
    """One file after the other, and for each the two in turn, each in a process of its own. The least time of
    all processes is what a machine that is not idle disturbs least."""
    release = Path(args.binaries)
    for file in args.files:
        for batch in args.batch:
            times, least = {"ours": [], "theirs": []}, {"ours": [], "theirs": []}
            options = ["--batch", str(batch), "--threads", str(args.threads), "--seconds", str(args.seconds), "--json"]
            commands = {"ours": [release / "network", file], "theirs": [sys.executable, HERE / "onnx_latency.py", file]}
            for _ in range(args.pairs):
                for side, command in commands.items():
                    out = subprocess.run([*command, *options], check=True, capture_output=True, text=True).stdout
                    found = json.loads(out)
                    times[side].append(found["seconds"] * 1e3)
                    least[side].append(found["seconds_min"] * 1e3)
            report(f"{Path(file).stem} x {batch}", times["ours"], times["theirs"], digits=3)
            report(f"{Path(file).stem} x {batch}, least", [min(least["ours"])], [min(least["theirs"])], digits=3)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--runs", type=int, default=6, help="runs of a process, the first is left out")
    parser.add_argument("--scratch", default=str(ROOT / "target"), help="where outputs are written")
    commands = parser.add_subparsers(required=True)
    commands.add_parser("matmul").set_defaults(run=matmul)
    commands.add_parser("forward").set_defaults(run=forward)
    command = commands.add_parser("decode")
    command.add_argument("model")
    command.add_argument("--tokens", type=int, default=96)
    command.set_defaults(run=decode)
    command = commands.add_parser("network")
    command.add_argument("files", nargs="+")
    command.add_argument("--batch", type=int, nargs="+", default=[1])
    command.add_argument("--seconds", type=float, default=1.0, help="how long a process goes on")
    command.add_argument("--binaries", default=str(RELEASE), help="where `network` is")
    command.set_defaults(run=network)
    command = commands.add_parser("prune")
    command.add_argument("--peer", default="wanda_reference.py")
    command.add_argument("model")
    command.add_argument("ids")
    command.add_argument("rest", nargs=argparse.REMAINDER)
    command.set_defaults(run=prune)
    command = commands.add_parser("copy")
    command.add_argument("model")
    command.set_defaults(run=copy)
    args = parser.parse_args()
    if getattr(args, "rest", [])[:1] == ["--"]:
        args.rest = args.rest[1:]
    args.run(args)


if __name__ == "__main__":
    main()
