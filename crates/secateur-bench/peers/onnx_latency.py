"""Times an ONNX file in onnxruntime on the CPU.

    python onnx_latency.py FILE.onnx [--batch N] [--threads N] [--seconds S] [--json]

Open axes are 1 but for the first, which is the batch. Prints what `network` of secateur-bench prints.
"""

import argparse
import json
import time


def latency(file, batch=1, threads=2, seconds=2.0):
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    inputs = {}
    for value in session.get_inputs():
        shape = [n if isinstance(n, int) else 1 for n in value.shape]
        shape[0] = batch
        values = numpy.arange(numpy.prod(shape)) * 7919 % 977 / 488.5 - 1
        inputs[value.name] = values.astype(numpy.float32).reshape(shape)
    times = []
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds or len(times) < 6:
        start = time.perf_counter()
        session.run(None, inputs)
        times.append(time.perf_counter() - start)
    times = sorted(times[1:])
    at = lambda share: times[int((len(times) - 1) * share)]
    return {"batch": batch, "threads": threads, "runs": len(times), "seconds": at(0.5),
            "seconds_10": at(0.1), "seconds_90": at(0.9), "seconds_min": times[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = latency(args.file, args.batch, args.threads, args.seconds)
    if args.json:
        print(json.dumps(found))
    else:
        ms = {name: 1e3 * found[name] for name in ("seconds", "seconds_10", "seconds_90", "seconds_min")}
        print(f"{args.file} x {args.batch}: {ms['seconds']:.3f} ms ({ms['seconds_10']:.3f} to "
              f"{ms['seconds_90']:.3f}, least {ms['seconds_min']:.3f}), {found['runs']} runs")


if __name__ == "__main__":
    main()
