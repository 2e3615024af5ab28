"""Writes reference.json: cepstra of python_speech_features 0.6 for a signal of whole numbers.

Run: python reference.py   (needs python_speech_features==0.6, numpy, scipy)
"""

import json
from pathlib import Path

import numpy
from python_speech_features import base


def signal(count):
    """Pulses and a quadratic residue, loud and quiet by turns; the test has the same."""
    samples = []
    for n in range(count):
        value = (n * n * 7 + n * 31) % 20011 - 10000 + (n % 137) * 60
        samples.append(value if (n // 1600) % 3 != 2 else value // 256)
    return numpy.array(samples, dtype=numpy.float64)


CASES = {
    # The defaults.
    "default": dict(rate=16000, count=8123, window=0.025, hop=0.010, nfft=512, filters=24,
                    low=0, high=None, pre=0.97, cepstra=12, loudness=False, lifter=0,
                    slopes=1, window_slopes=2),
    # Every parameter another.
    "other": dict(rate=8000, count=8000, window=0.032, hop=0.008, nfft=512, filters=20,
                  low=100, high=3800, pre=0.95, cepstra=13, loudness=True, lifter=22,
                  slopes=2, window_slopes=3),
    # The transform is chosen by the window: 441 samples of 22050 Hz lie in 512 points.
    "odd_rate": dict(rate=22050, count=6000, window=0.020, hop=0.0101, nfft=512, filters=26,
                     low=20, high=8000, pre=0.0, cepstra=19, loudness=False, lifter=0,
                     slopes=0, window_slopes=2),
}


def frames(case):
    x = signal(case["count"])
    shape = dict(samplerate=case["rate"], winlen=case["window"], winstep=case["hop"],
                 nfilt=case["filters"], nfft=case["nfft"], lowfreq=case["low"],
                 highfreq=case["high"], preemph=case["pre"], winfunc=numpy.hamming)
    rows = base.mfcc(x, numcep=case["cepstra"] + 1, ceplifter=case["lifter"],
                     appendEnergy=False, **shape)
    if not case["loudness"]:
        rows = rows[:, 1:]
    parts = [rows]
    for _ in range(case["slopes"]):
        parts.append(base.delta(parts[-1], case["window_slopes"]))
    return numpy.hstack(parts), base.fbank(x, **shape)[1]


out = {"reference": "python_speech_features 0.6"}
for name, case in CASES.items():
    rows, energies = frames(case)
    count = len(rows)
    picked = sorted({0, 1, 2, 3, count // 2, count - 3, count - 2, count - 1})
    out[name] = {
        "frames": count,
        "rows": {str(at): rows[at].tolist() for at in picked},
        "sums": rows.sum(axis=0).tolist(),
        "energies": energies.tolist(),
    }
path = Path(__file__).with_name("reference.json")
path.write_text(json.dumps(out, indent=1) + "\n")
