"""Writes small cases of single operators, with the outputs of ONNX Runtime, for the tests of secateur-onnx.

    python operator_cases.py ../../../fixtures/operators.json

Values are multiples of 1/8, so that the file stays small and says exactly what was fed.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

OPSET = 21
RANDOM = np.random.default_rng(0)


def floats(*shape, low=-2.0, high=2.0):
    return (np.round(RANDOM.uniform(low, high, shape) * 8) / 8).astype(np.float32)


def positive(*shape):
    return floats(*shape, low=0.25, high=3.0)


def ints(*values, shape=None):
    array = np.array(values, np.int64)
    return array if shape is None else array.reshape(shape)


def truth(*shape):
    return RANDOM.integers(0, 2, shape).astype(bool)


def image(c=2, h=5, w=4, n=2):
    return floats(n, c, h, w)


def cases():
    x = image
    two = dict(kernel_shape=[2, 2])
    three = dict(kernel_shape=[3, 3])
    yield "Conv", [x(), floats(3, 2, 3, 3), floats(3)], dict(**three, pads=[1, 0, 1, 1])
    yield "Conv", [x(), floats(3, 2, 2, 2)], dict(**two, strides=[2, 1], dilations=[2, 1])
    yield "Conv", [x(4), floats(6, 2, 3, 3), floats(6)], dict(**three, group=2, pads=[1, 1, 1, 1])
    yield "Conv", [x(3), floats(3, 1, 3, 3)], dict(**three, group=3, auto_pad="SAME_UPPER", strides=[2, 2])
    yield "Conv", [floats(1, 2, 7), floats(2, 2, 3)], dict(kernel_shape=[3], auto_pad="SAME_LOWER")
    yield "Conv", [floats(1, 2, 3, 4, 3), floats(2, 2, 2, 2, 2)], dict(kernel_shape=[2, 2, 2])
    yield "ConvTranspose", [x(), floats(2, 3, 3, 3), floats(3)], dict(**three, strides=[2, 2], output_padding=[1, 1])
    yield "ConvTranspose", [x(4), floats(4, 2, 2, 2)], dict(**two, group=2, strides=[2, 2], pads=[1, 0, 0, 1])
    yield "Gemm", [floats(3, 4), floats(4, 5), floats(5)], dict(alpha=0.5, beta=2.0)
    yield "Gemm", [floats(4, 3), floats(5, 4), floats(3, 1)], dict(transA=1, transB=1)
    yield "MatMul", [floats(2, 1, 3, 4), floats(3, 4, 2)], {}
    yield "MatMul", [floats(4), floats(4, 3)], {}
    yield "BatchNormalization", [x(), positive(2), floats(2), floats(2), positive(2)], dict(epsilon=0.01)
    yield "LayerNormalization", [floats(2, 3, 4), floats(3, 4), floats(3, 4)], dict(axis=-2, epsilon=0.01)
    yield "LayerNormalization", [floats(2, 3, 4), floats(4)], {}
    yield "GroupNormalization", [x(4), floats(4), floats(4)], dict(num_groups=2, epsilon=0.01)
    yield "InstanceNormalization", [x(), floats(2), floats(2)], dict(epsilon=0.01)
    for op in ("Relu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Erf", "Neg", "Abs", "Floor", "Round", "Sign", "Exp",
               "Identity", "LeakyRelu", "Gelu"):
        yield op, [floats(2, 5)], {}
    yield "Gelu", [floats(2, 5)], dict(approximate="tanh")
    yield "HardSigmoid", [floats(2, 5)], dict(alpha=0.4, beta=0.25)
    yield "LeakyRelu", [floats(2, 5)], dict(alpha=0.25)
    yield "Sqrt", [positive(2, 5)], {}
    yield "PRelu", [x(), floats(2, 1, 1)], {}
    yield "Clip", [floats(2, 5), np.float32(-0.5), np.float32(1.25)], {}
    yield "Softmax", [floats(2, 3, 4)], dict(axis=1)
    for op in ("Add", "Sub", "Mul", "Div", "Min", "Max"):
        yield op, [floats(2, 3, 4), positive(3, 1)], {}
    yield "Pow", [positive(2, 3), floats(3)], {}
    for op in ("Equal", "Less", "Greater"):
        yield op, [ints(1, 2, 3, 4, shape=(2, 2)), ints(2, 2)], {}
    for op in ("And", "Or"):
        yield op, [truth(2, 3), truth(3)], {}
    yield "Not", [truth(2, 3)], {}
    yield "Where", [truth(2, 3), floats(3), floats(2, 1)], {}
    yield "MaxPool", [x()], dict(**three, strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1)
    yield "MaxPool", [x()], dict(**two, dilations=[2, 1])
    yield "AveragePool", [x()], dict(**three, pads=[1, 1, 1, 1])
    yield "AveragePool", [x()], dict(**two, strides=[2, 2], pads=[1, 0, 1, 0], count_include_pad=1)
    yield "GlobalAveragePool", [x()], {}
    yield "ReduceMean", [x(), ints(1, -1)], dict(keepdims=0)
    yield "ReduceSum", [x(), ints(2)], {}
    yield "ReduceMax", [x(), ints(0)], {}
    yield "Concat", [floats(2, 1, 3), floats(2, 2, 3)], dict(axis=-2)
    yield "Split", [floats(2, 5), ints(2, 3)], dict(axis=1), 2
    yield "Slice", [floats(4, 5), ints(-1, 1), ints(-9, 9), ints(0, 1), ints(-2, 2)], {}
    yield "Gather", [floats(4, 3), ints(0, -1, 2, 2, shape=(2, 2))], dict(axis=0)
    yield "GatherElements", [floats(3, 3), ints(0, 2, -1, 1, shape=(2, 2))], dict(axis=1)
    yield "ScatterND", [floats(4, 3), ints(1, 3, shape=(2, 1)), floats(2, 3)], {}
    yield "Reshape", [floats(2, 3, 4), ints(0, -1, 2, 2)], {}
    yield "Flatten", [floats(2, 3, 4)], dict(axis=2)
    yield "Squeeze", [floats(2, 1, 3, 1), ints(1)], {}
    yield "Unsqueeze", [floats(2, 3), ints(0, -1)], {}
    yield "Transpose", [floats(2, 3, 4)], dict(perm=[2, 0, 1])
    yield "Expand", [floats(3, 1), ints(2, 1, 4)], {}
    yield "Pad", [floats(2, 3), ints(1, 0, 0, 2), np.float32(0.5)], {}
    yield "Pad", [floats(3, 4), ints(1, 2, 1, 1)], dict(mode="reflect")
    yield "Pad", [floats(3, 4), ints(0, 2, 1, 0)], dict(mode="edge")
    yield "Resize", [x(), None, np.array([1, 1, 2, 1.5], np.float32)], dict(mode="nearest")
    yield "Resize", [x(), None, None, ints(2, 2, 7, 3)], dict(mode="linear", coordinate_transformation_mode="half_pixel")
    yield "Resize", [x(), None, None, ints(2, 2, 8, 8)], dict(mode="cubic", cubic_coeff_a=-0.5)
    yield "Cast", [floats(2, 3)], dict(to=TensorProto.INT64)
    yield "Shape", [floats(2, 3, 4)], dict(start=1)
    yield "Size", [floats(2, 3, 4)], {}
    yield "Range", [np.int64(1), np.int64(9), np.int64(3)], {}
    yield "ArgMax", [floats(3, 4)], dict(axis=1, keepdims=0)
    yield "Trilu", [floats(3, 4), np.int64(1)], dict(upper=0)
    yield "QuantizeLinear", [floats(2, 3), np.float32(0.25), np.uint8(7)], {}
    yield "Dropout", [floats(2, 3)], {}
    yield "DepthToSpace", [floats(1, 8, 2, 3)], dict(blocksize=2, mode="CRD")
    yield "DepthToSpace", [floats(1, 8, 2, 3)], dict(blocksize=2)


def written(array):
    kind = {"float32": "f32", "int64": "i64", "bool": "bool", "uint8": "u8"}[str(array.dtype)]
    values = array.reshape(-1).tolist()
    if kind == "f32":
        values = [float(np.format_float_positional(np.float32(v), unique=True)) for v in values]
    return {"type": kind, "shape": list(array.shape), "values": values}


def main():
    found = []
    for op, inputs, attributes, *outputs in cases():
        count = outputs[0] if outputs else 1
        arrays = [None if value is None else np.asarray(value) for value in inputs]
        names = ["" if value is None else f"x{at}" for at, value in enumerate(arrays)]
        node = helper.make_node(op, names, [f"y{at}" for at in range(count)], **attributes)
        kinds = lambda value: helper.np_dtype_to_tensor_dtype(value.dtype)
        infos = [helper.make_tensor_value_info(name, kinds(value), value.shape)
                 for name, value in zip(names, arrays) if value is not None]
        graph = helper.make_graph([node], "case", infos,
                                  [onnx.ValueInfoProto(name=name) for name in node.output])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
        session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        results = session.run(None, {name: value for name, value in zip(names, arrays) if name})
        found.append({"op": op, "attributes": attributes, "inputs": [v if v is None else written(v) for v in arrays],
                      "outputs": [written(np.asarray(value)) for value in results]})
    head = {"source": f"ONNX Runtime {ort.__version__}", "opset": OPSET}
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in found)
    with open(sys.argv[1], "w") as file:
        file.write(json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n")
    print(len(found), "cases")


if __name__ == "__main__":
    main()
