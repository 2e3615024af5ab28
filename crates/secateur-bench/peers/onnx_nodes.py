"""Runs the node tests that come with the onnx package, and says which of them secateur passes.

    cargo build --release -p secateur-onnx --example run_node
    python onnx_nodes.py                      # a table by operator, then every failure
    python onnx_nodes.py --only Conv,Resize   # of some operators
    python onnx_nodes.py --issue              # of the operators that secateur must have

The tests are made by the package itself, written to target/node-tests, and run in one process. Numbers are
compared by the tolerances of each test; results at work are f32, i64 or boolean, so the type is not compared,
but integers and conditions must be the same.

Versions: secateur reads opset 13 to 23. A test of an older or newer opset is run under one of these where its
operator has the same inputs, outputs and attributes there (with the same defaults, those that the test sets
aside): then newer versions add types only. Other tests count as "other version". Strings, sequences, optional
and complex values, and floats and integers below 16 and 8 bits are out of scope, as are other domains.

An "expanded" test has an operator written out as the function it stands for, by other operators.
"""

import argparse
import collections
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

ROOT = Path(__file__).resolve().parents[3]
OPSETS = (13, 23)
ISSUE = """Conv ConvTranspose Gemm MatMul BatchNormalization LayerNormalization GroupNormalization
InstanceNormalization Relu LeakyRelu PRelu Clip Sigmoid HardSigmoid HardSwish Tanh Erf Gelu Softmax Add Sub Mul Div
Pow Sqrt Exp Neg Where MaxPool AveragePool GlobalAveragePool ReduceMean ReduceSum ReduceMax Concat Split Slice Gather
Reshape Flatten Squeeze Unsqueeze Transpose Expand Pad Resize Identity Cast CastLike Constant ConstantOfShape Shape
Size Range Not And Or Equal Less Greater Min Max Abs Floor Round Sign ArgMax Trilu ScatterND GatherElements
QuantizeLinear DequantizeLinear Dropout DepthToSpace Attention RMSNormalization RotaryEmbedding""".split()
IN_SCOPE = {
    TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE, TensorProto.BOOL,
    TensorProto.INT8, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64,
    TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64,
}


def in_scope(model):
    graph = model.graph
    if any(node.domain not in ("", "ai.onnx") for node in graph.node):
        return False
    tensors = [t.data_type for t in graph.initializer]
    for node in graph.node:
        tensors += [a.t.data_type for a in node.attribute if a.HasField("t")]
    for value in (*graph.input, *graph.output):
        if not value.type.HasField("tensor_type"):
            return False
        tensors.append(value.type.tensor_type.elem_type)
    return all(t in IN_SCOPE for t in tensors)


def schema(op, version):
    try:
        return onnx.defs.get_schema(op, version, "")
    except onnx.defs.SchemaError:
        return None


def same_meaning(node, version, other):
    """Whether a node of one version is the same under another: its schema says so but for types."""
    a, b = schema(node.op_type, version), schema(node.op_type, other)
    if a is None or b is None:
        return False
    if a.since_version == b.since_version:
        return True
    names = lambda values: [value.name for value in values]
    used = {attribute.name for attribute in node.attribute}
    default = lambda s: {k: v.default_value.SerializeToString() for k, v in s.attributes.items() if k not in used}
    shared = set(default(a)) & set(default(b))
    return (names(a.inputs), names(a.outputs)) == (names(b.inputs), names(b.outputs)) \
        and used <= set(b.attributes) and all(default(a)[k] == default(b)[k] for k in shared)


def every_node(graph):
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from every_node(inner)


def version_for(model):
    """An opset of ours under which the model means the same."""
    version = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 1)
    if OPSETS[0] <= version <= OPSETS[1]:
        return version
    near = range(OPSETS[0], OPSETS[1] + 1) if version < OPSETS[0] else range(OPSETS[1], OPSETS[0] - 1, -1)
    for other in near:
        if all(same_meaning(node, version, other) for node in every_node(model.graph)):
            return other
    return None


def base(name):
    return name.split("_expanded")[0]


def write(folder, case, version):
    folder.mkdir(parents=True)
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for opset in model.opset_import:
        if opset.domain in ("", "ai.onnx"):
            opset.version = version
    model.ir_version = min(model.ir_version, 11)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    given = [value for value in case.data_sets[0][0]]
    for at, (info, value) in enumerate(zip(model.graph.input, given)):
        tensor = value if isinstance(value, TensorProto) else numpy_helper.from_array(np.asarray(value))
        tensor.name = info.name
        (folder / f"input_{at}.pb").write_bytes(tensor.SerializeToString())


def read(path):
    tensor = TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(tensor)


def difference(folder, case):
    """What is wrong with the results of a test, if anything is."""
    infos = case.model.graph.output
    for at, (info, want) in enumerate(zip(infos, case.data_sets[0][1])):
        if isinstance(want, TensorProto):
            want = numpy_helper.to_array(want)
        want, got = np.asarray(want), read(folder / f"result_{at}.pb")
        if want.shape != got.shape:
            return f"{info.name} has shape {list(got.shape)}, not {list(want.shape)}"
        kind = info.type.tensor_type.elem_type
        if kind in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16):
            loose = {TensorProto.FLOAT16: 2e-3, TensorProto.BFLOAT16: 2e-2}.get(kind, 0.0)
            rtol, atol = max(case.rtol or 1e-3, loose), max(case.atol or 1e-7, loose * 0.1, 1e-6)
            want, got = want.astype(np.float64), got.astype(np.float64)
            if not np.allclose(got, want, rtol=rtol, atol=atol, equal_nan=True):
                with np.errstate(invalid="ignore"):
                    return f"{info.name} differs by {np.nanmax(np.abs(got - want)):.3g}"
        elif kind == TensorProto.BOOL:
            if not np.array_equal(got.astype(bool), want):
                return f"{info.name} differs in {np.sum(got.astype(bool) != want)} of {want.size}"
        elif not np.array_equal(got.astype(want.dtype), want):
            return f"{info.name} differs in {np.sum(got.astype(want.dtype) != want)} of {want.size} integers"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="operators, separated by commas")
    parser.add_argument("--issue", action="store_true", help="the operators that secateur must have")
    parser.add_argument("--no-expanded", action="store_true", help="leave out operators written as functions")
    parser.add_argument("--target", type=Path, default=Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")))
    parser.add_argument("--quiet", action="store_true", help="operators that are not all passed only")
    args = parser.parse_args()
    np.random.seed(0)
    warnings.simplefilter("ignore")
    from onnx.backend.test.case.node import collect_testcases

    cases = collect_testcases(None)
    operators = {c.name: c.model.graph.node[0].op_type for c in cases if "_expanded" not in c.name}
    wanted = set(args.only.split(",")) if args.only else set(ISSUE) if args.issue else None
    folder = args.target / "node-tests"
    shutil.rmtree(folder, ignore_errors=True)
    table = collections.defaultdict(collections.Counter)
    found, rows = {}, []
    for case in cases:
        expanded = "_expanded" in case.name
        op = operators.get(base(case.name), case.model.graph.node[0].op_type)
        if (wanted is not None and op not in wanted) or (expanded and args.no_expanded):
            continue
        row = f"{op} (expanded)" if expanded else op
        if not in_scope(case.model):
            table[row]["out of scope"] += 1
            continue
        version = version_for(case.model)
        if version is None:
            table[row]["other version"] += 1
            continue
        write(folder / case.name, case, version)
        found[case.name] = (row, case)
    runner = args.target / "release" / "examples" / "run_node"
    lines = subprocess.run([runner, folder], check=True, capture_output=True, text=True).stdout.splitlines()
    for line in lines:
        name, outcome, why = line.split("\t")
        row, case = found.pop(name)
        if outcome == "ran":
            why = difference(folder / name, case)
            outcome = "failed" if why else "passed"
        word = {"opaque": "not ours"}.get(outcome, outcome)
        table[row][word] += 1
        if word != "passed":
            rows.append(f"{word:9} {row}: {name}: {why}")
    if found:
        sys.exit(f"no result for {sorted(found)}")
    words = ("passed", "failed", "not ours", "other version", "out of scope")
    print(f"{'operator':38}" + "".join(f"{word:>15}" for word in words))
    print_rows = sorted(table.items())
    total = {False: collections.Counter(), True: collections.Counter()}
    for row, counts in print_rows:
        total["(expanded)" in row].update(counts)
        if not args.quiet or counts["failed"] or counts["not ours"]:
            print(f"{row:38}" + "".join(f"{counts[word] or '':>15}" for word in words))
    for expanded, counts in total.items():
        name = "total, expanded" if expanded else "total"
        print(f"{name:38}" + "".join(f"{counts[word]:>15}" for word in words))
    print("\n".join(sorted(rows)))


if __name__ == "__main__":
    main()
