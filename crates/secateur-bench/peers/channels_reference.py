"""Times Torch-Pruning on torchvision networks: dependency graph, importance and cut, without imports and loading.

    python channels_reference.py                               # MobileNetV2 and DenseNet-201, 50 % by L2
    python channels_reference.py --export FOLDER               # writes the same networks as ONNX files, for secateur

secateur's side, stage by stage: cargo run --release -p secateur-neural --example channel_stages -- FILE 0.5
"""

import argparse
import statistics
import time
import warnings
from pathlib import Path

import torch
import torch_pruning
from torchvision import models


def network(name):
    torch.manual_seed(0)
    return getattr(models, name)(weights=None).eval()


def prune(name, sparsity):
    """Seconds for the dependency graph, and for importance and cut."""
    net, x = network(name), torch.randn(1, 3, 224, 224)
    ignored = [module for module in net.modules() if isinstance(module, torch.nn.Linear)]
    start = time.perf_counter()
    importance = torch_pruning.importance.MagnitudeImportance(p=2)
    pruner = torch_pruning.pruner.MagnitudePruner(net, x, importance=importance, pruning_ratio=sparsity,
                                                  ignored_layers=ignored)
    between = time.perf_counter()
    pruner.step()
    return between - start, time.perf_counter() - between


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", default="mobilenet_v2,densenet201")
    parser.add_argument("--sparsity", type=float, default=0.5)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--export", type=Path)
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(args.threads)
    for name in args.networks.split(","):
        if args.export:
            args.export.mkdir(parents=True, exist_ok=True)
            axes = {"x": {0: "batch"}, "y": {0: "batch"}}
            torch.onnx.export(network(name), torch.randn(1, 3, 224, 224), str(args.export / f"{name}.onnx"),
                              dynamo=False, opset_version=17, input_names=["x"], output_names=["y"], dynamic_axes=axes,
                              training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
            continue
        times = [prune(name, args.sparsity) for _ in range(args.runs)]
        graph, cut, whole = (statistics.median(t) for t in ([a for a, _ in times], [b for _, b in times],
                                                            [a + b for a, b in times]))
        print(f"{name:<14} {1e3 * whole:9.1f} ms  (dependency graph {1e3 * graph:.1f}, importance and cut "
              f"{1e3 * cut:.1f}; median of {args.runs}, torch-pruning {torch_pruning.__version__})", flush=True)


if __name__ == "__main__":
    main()
