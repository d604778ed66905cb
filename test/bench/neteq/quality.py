"""How speech through Opus sounds (PESQ, wide band, 1 to 4.64) after a jitter buffer, and after WebRTC's NetEQ, over the same traces.

usage: quality.py --neteq DIR/neteq_sim --speech speech16k.s16 --packets packets.bin --traces DIR [KIND...] -- COMMAND...
COMMAND is called as in compare.py, with the packets (packets.cjs makes them) as one argument more. Ten seconds at a time are held
against the speech, shifted by the median delay of those ten seconds. Needs: pip install numpy scipy pesq
"""
import argparse
import glob
import os
import subprocess
import sys
import tempfile

import numpy as np
from pesq import pesq
from scipy.signal import resample_poly

from compare import STABLE

RATE = 16000
# In seconds.
FIRST, PIECE = 5, 10
KINDS = ["gamma_mild", "gamma_heavy", "ge5", "ge15", "reorder5"]


def score(sound, log, speech):
    d = np.genfromtxt(log, delimiter=",", names=True)
    scores = []
    for start in range(FIRST, len(sound) // RATE - PIECE, PIECE):
        delay = np.median(d["delay_ms"][start * 100:(start + PIECE) * 100])
        first = int((start * 1000 - delay) * RATE / 1000)
        said = speech[np.arange(first, first + PIECE * RATE) % len(speech)]
        heard = sound[start * RATE:(start + PIECE) * RATE]
        scores.append(pesq(RATE, said, heard.astype(np.int16), "wb"))
    return float(np.mean(scores))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("neteq", "speech", "packets", "traces"):
        p.add_argument("--" + name, required=True)
    p.add_argument("rest", nargs=argparse.REMAINDER)
    a = p.parse_args()
    split = a.rest.index("--")
    kinds, subject = a.rest[:split] or KINDS, a.rest[split + 1:]
    speech = np.fromfile(a.speech, "<i2")

    def neteq(trial):
        return lambda trace, out, log: [a.neteq, trace, a.speech, str(RATE), out, log, "20", "0", "0", trial, "0", "opus", a.packets]

    peers = {
        # NetEQ plays Opus at 48 kHz.
        "neteq": (neteq(""), 3),
        "stable": (neteq(STABLE), 3),
        "ours": (lambda trace, out, log: subject + [trace, a.speech, str(RATE), out, log, a.packets], 1),
    }
    print(f"{'trace':<14}" + "".join(f"{name:>8}" for name in peers))
    for kind in kinds:
        line = f"{kind:<14}"
        for command, times in peers.values():
            scores = []
            for trace in sorted(glob.glob(os.path.join(a.traces, glob.escape(kind) + ".*.txt"))):
                with tempfile.TemporaryDirectory() as t:
                    out, log = os.path.join(t, "out.s16"), os.path.join(t, "log.csv")
                    subprocess.run(command(trace, out, log), check=True, capture_output=True)
                    sound = np.fromfile(out, "<i2")
                    if times > 1:
                        sound = np.clip(resample_poly(sound.astype(float), 1, times), -32768, 32767)
                    scores.append(score(sound, log, speech))
            line += f"{np.mean(scores):>8.2f}"
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
