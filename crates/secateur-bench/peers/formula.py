"""What pyoperon and gplearn reach with formulas: speed of evaluation, error at equal time.

    formula.py values
    formula.py search TRAIN.csv TEST.csv --target NAME --time 10 --seeds 10 [--secateur PROGRAM]

`values` prints tree nodes a second on 819 rows (one thread). `search` runs each tool on the training
rows with two threads and formulas of at most 63 nodes, and prints the error in the other rows; with
`--secateur` each seed of a peer is followed by one of ours.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time

import numpy as np


def values():
    import pyoperon as op

    rng = np.random.default_rng(1)
    x = (0.5 + rng.random((819, 9))).astype(np.float32)
    dataset = op.Dataset(np.asfortranarray(x))
    inputs = [v.Hash for v in dataset.Variables if v.Name != "X9"]
    from pyoperon.sklearn import SymbolicRegressor

    symbols = "add,sub,mul,div,constant,variable"
    for name, allowed in {"+ - * /": symbols, "+ - * / exp ln": symbols + ",exp,log"}.items():
        problem = op.Problem(dataset)
        problem.ConfigurePrimitiveSet(SymbolicRegressor._init_primitive_config(allowed))
        primitives = problem.PrimitiveSet
        creator = op.BalancedTreeCreator(primitives, inputs, 0.0)
        random = op.RandomGenerator(2)
        trees = [creator(random, int(20 + k % 41), 0, 10) for k in range(500)]
        nodes = sum(tree.Length for tree in trees)
        rows = op.Range(0, 819)
        result = np.zeros((len(trees), 819), dtype=np.float32)
        times = []
        for _ in range(15):
            start = time.perf_counter()
            op.EvaluateTrees(trees, dataset, rows, result, 1)
            times.append(time.perf_counter() - start)
        rate = nodes * 819 / statistics.median(times)
        print(f"pyoperon, {name}: {rate:.3e} nodes a second, one thread, float32")

    from gplearn.functions import _function_map as functions
    from gplearn._program import _Program

    arithmetic = [functions[n] for n in ("add", "sub", "mul", "div")]
    state = np.random.RandomState(3)
    x = 0.5 + rng.random((819, 8))
    arities = {2: arithmetic}
    programs = []
    while len(programs) < 100:
        program = _Program(
            function_set=arithmetic, arities=arities, init_depth=(4, 6), init_method="grow",
            n_features=8, const_range=(-1.0, 1.0), metric=None, p_point_replace=0.05,
            parsimony_coefficient=0.0, random_state=state,
        )
        if 20 <= program.length_ <= 60:
            programs.append(program)
    nodes = sum(p.length_ for p in programs)
    times = []
    for _ in range(7):
        start = time.perf_counter()
        for program in programs:
            program.execute(x)
        times.append(time.perf_counter() - start)
    rate = nodes * 819 / statistics.median(times)
    print(f"gplearn, + - * /: {rate:.3e} nodes a second, one thread, float64")


def rmse(found, target):
    return float(np.sqrt(np.mean((np.asarray(found) - target) ** 2)))


def operon(train, test, seconds, seed):
    from pyoperon.sklearn import SymbolicRegressor

    model = SymbolicRegressor(
        allowed_symbols="add,sub,mul,div,exp,log,sqrt,constant,variable",
        max_length=63, max_time=int(seconds), max_evaluations=10**9, generations=10**6,
        optimizer_iterations=5, n_threads=2, random_state=seed, objectives=["r2", "length"],
        population_size=1000, pool_size=1000, tournament_size=3, epsilon=1e-5,
        reinserter="keep-best", symbolic_mode=False, model_selection_criterion="mean_squared_error",
    )
    model.fit(*(part.astype(np.float32) for part in train))
    found = model.predict(test[0].astype(np.float32))
    return rmse(found, test[1]), model.model_.Length


def gplearn(train, test, seconds, seed):
    from gplearn.genetic import SymbolicRegressor

    model = SymbolicRegressor(
        population_size=1000, generations=1, function_set=("add", "sub", "mul", "div", "log", "sqrt"),
        parsimony_coefficient=0.001, n_jobs=2, random_state=seed, warm_start=True, verbose=0,
    )
    start = time.perf_counter()
    best = None
    while time.perf_counter() - start < seconds:
        model.fit(*train)
        program = model._program
        if program.length_ <= 63 and (best is None or program.raw_fitness_ <= best[0]):
            best = (program.raw_fitness_, rmse(model.predict(test[0]), test[1]), program.length_)
        model.set_params(generations=model.generations + 1)
    return best[1], best[2]


def ours(program, paths, target, seconds, seed):
    with tempfile.TemporaryDirectory() as folder:
        formula = f"{folder}/f.json"
        command = [program, "formula", "fit", paths[0], "--target", target, "--time", f"{seconds}s",
                   "--seed", str(seed), "-o", formula, "--patience", "1000000", "-q"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        command = [program, "formula", "eval", formula, "--data", paths[1], "--json"]
        found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return found["rmse"], found["size"]


def search(args):
    import pandas

    def part(path):
        table = pandas.read_csv(path)
        return table.drop(columns=[args.target]).to_numpy(), table[args.target].to_numpy()

    train, test = part(args.train), part(args.test)
    tools = {"pyoperon": operon, "gplearn": gplearn}
    found = {name: [] for name in [*tools, "secateur"]}
    for seed in range(1, args.seeds + 1):
        for name in args.tools.split(","):
            found[name].append(tools[name](train, test, args.time, seed))
        if args.secateur:
            paths = (args.train, args.test)
            found["secateur"].append(ours(args.secateur, paths, args.target, args.time, seed))
        line = [f"{name} {runs[-1][0]:.3f} ({runs[-1][1]})" for name, runs in found.items() if runs]
        print(f"seed {seed}: " + ", ".join(line), flush=True)
    for name, runs in found.items():
        if runs:
            errors = sorted(run[0] for run in runs)
            print(f"{name}: median rmse {statistics.median(errors):.3f}, {errors[0]:.3f} to {errors[-1]:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(required=True)
    commands.add_parser("values").set_defaults(run=lambda _: values())
    command = commands.add_parser("search")
    command.add_argument("train")
    command.add_argument("test")
    command.add_argument("--target", required=True)
    command.add_argument("--time", type=float, default=10)
    command.add_argument("--seeds", type=int, default=10)
    command.add_argument("--tools", default="pyoperon,gplearn")
    command.add_argument("--secateur")
    command.set_defaults(run=search)
    args = parser.parse_args()
    args.run(args)


main()
