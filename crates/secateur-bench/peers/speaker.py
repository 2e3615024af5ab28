"""What scikit-learn reaches with Gaussian mixtures: speed of scoring and training, golden values.

    speaker.py scoring [--secateur PROGRAM]
    speaker.py training [--secateur PROGRAM]
    speaker.py golden > mixture.json

`scoring` prints Gaussians a second on 630 speakers of 32 Gaussians in 24 dimensions and 300 frames
(`score_samples`, one thread), `training` the seconds for 126 models of 546 frames each. Random
frames are of the same making, not the same numbers, as ours. With `--secateur`, the
program `speaker` of secateur-bench runs in turn and ratios of medians are printed. `golden` prints mixtures before and after some iterations, and
log-likelihoods, which the tests of secateur-speaker read.
"""

import argparse
import json
import statistics
import subprocess
import time
import warnings

import numpy as np
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits


def mixture(weights, means, variances):
    model = GaussianMixture(len(weights), covariance_type="diag")
    model.weights_, model.means_, model.covariances_ = weights, means, variances
    model.precisions_cholesky_ = 1.0 / np.sqrt(variances)
    return model


def scoring_once(state={}):
    if not state:
        rng = np.random.default_rng(1)
        state["frames"] = 3.0 * rng.standard_normal((300, 24))
        state["models"] = [
            mixture(np.full(32, 1 / 32), 3.0 * rng.standard_normal((32, 24)), 0.5 + rng.random((32, 24)))
            for _ in range(630)
        ]
    start = time.perf_counter()
    for model in state["models"]:
        model.score_samples(state["frames"])
    return 630 * 32 * 300 / (time.perf_counter() - start)


def people():
    """Frames as speech has them: each speaker goes slowly through twelve clouds that overlap."""
    rng = np.random.default_rng(2)
    for _ in range(126):
        centers = 3.0 * rng.standard_normal((12, 24))
        path = np.repeat(rng.integers(12, size=91), 6)[:546]
        drift = np.cumsum(rng.standard_normal((546, 24)), axis=0) * 0.1
        yield centers[path] + drift + 2.0 * rng.standard_normal((546, 24))


def training_once(state={}):
    if not state:
        state["people"] = list(people())
    start = time.perf_counter()
    for frames in state["people"]:
        GaussianMixture(
            32, covariance_type="diag", max_iter=30, tol=1e-3, reg_covar=0.1, random_state=0
        ).fit(frames)
    return time.perf_counter() - start


def ours(program, what, threads):
    done = subprocess.run(
        [program, what, str(threads)], capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[0])


def compare(what, once, program, larger_is_better):
    unit = "Gaussians/s" if larger_is_better else "s"
    theirs, own = [], {1: [], 2: []}
    for _ in range(5):
        theirs.append(once())
        if program:
            for threads in own:
                own[threads].append(ours(program, what, threads))
    peer = statistics.median(theirs)
    print(f"scikit-learn, one thread: {peer:.4g} {unit} ({min(theirs):.4g} to {max(theirs):.4g})")
    for threads, values in own.items():
        if values:
            value = statistics.median(values)
            ratio = value / peer if larger_is_better else peer / value
            spread = f"{min(values):.4g} to {max(values):.4g}"
            print(f"secateur, {threads} threads: {value:.4g} {unit} ({spread}), {ratio:.1f} times")


def golden():
    rng = np.random.default_rng(3)
    clouds = 2.0 * rng.standard_normal((4, 3))
    frames = clouds[rng.integers(4, size=60)] + rng.standard_normal((60, 3))
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    means = frames[:4].copy()
    variances = 0.5 + rng.random((4, 3))
    start = mixture(weights, means, variances)
    shown = lambda m: {
        "weights": m.weights_.tolist(),
        "means": m.means_.ravel().tolist(),
        "variances": m.covariances_.ravel().tolist(),
        "log_likelihoods": m.score_samples(frames).tolist(),
    }
    steps = []
    for iterations in (1, 5, 20):
        model = GaussianMixture(
            4, covariance_type="diag", max_iter=iterations, tol=0.0, reg_covar=1e-3,
            weights_init=weights, means_init=means, precisions_init=1.0 / variances,
        ).fit(frames)
        steps.append({"iterations": iterations, **shown(model)})
    import sklearn

    made = {
        "made_by": f"scikit-learn {sklearn.__version__}, speaker.py golden",
        "regularization": 1e-3,
        "width": 3,
        "frames": frames.ravel().tolist(),
        "start": shown(start),
        "steps": steps,
    }
    print(json.dumps(made, indent=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["scoring", "training", "golden"])
    parser.add_argument("--secateur", help="the program `speaker` of secateur-bench")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.what == "golden":
        return golden()
    with threadpool_limits(1):
        if given.what == "scoring":
            compare("scoring", scoring_once, given.secateur, True)
        else:
            compare("training", training_once, given.secateur, False)


if __name__ == "__main__":
    main()
