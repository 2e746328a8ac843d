"""Corrections of code that no number can depend on: they leave keys of runs, maps and studies as they are.

A key holds the digest of every file that all runs share, so that an edit of one makes every run again,
which is days of training; so it is with scores of maps. A line that raised an error for whatever reached it
has made no number; putting it right can change none. Nor can one that is reached only by a plug-in whose own
file, also part of the key, changes with it, or one that only says what the key is made of; nor one that gives
what was given before wherever such numbers ask for it. A file that was corrected so stands here, with what it
was and what it is: as long as it is that, byte for byte, it counts as what it was. Any further edit counts.
"""

from dataclasses import dataclass
from pathlib import Path

from vidattn.bench.system import digests

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Correction:
    """All corrections of one file.

    Attributes:
        file: Its path in the project.
        before: SHA-256 of the file before the first of them.
        after: SHA-256 of the file after the last.
        why: Why no number can have depended on them.
    """

    file: str
    before: str
    after: str
    why: str


CORRECTIONS = (
    Correction(
        file="models/attention/gated.py",
        before="b9b177e8e6c61f44a640ae80cd41777064938f61fff51c6c7191f35f14df4381",
        after="d6562c98a6904f53a19e95c852b02e7fa2f4aba198baf1d085cd81930a05c517",
        why="it names what it is compared with, and computes what it did",
    ),
    Correction(
        file="models/attention/gated_grid.py",
        before="f5043d8ade20ce14e4a03527eff3d40a4bbb801282a4f912248f97f9f350ede1",
        after="558cee9847333dda026ff6319f450c53c077e4eba16af322d873991276e1c58a",
        why="it names what it is compared with, and computes what it did",
    ),
    Correction(
        file="models/attention/l2pa.py",
        before="e85893dc904d7833087099eee725be903bda3916a20a80b859a12c43a974702e",
        after="de3f45132954eeac65ccfe0d58330e3fcd2779df87b840fdfeb8e267686c87bd",
        why="it names what it is compared with, and computes what it did",
    ),
    Correction(
        file="models/graph/encoder.py",
        before="234621a5fbc18301e9dc61c7e0e2ec75197179a5b338edf42e31c772e21047d2",
        after="e83f6166cd0887029b58afc2f0d9b97a59c20b45ff10b0a142f8ea486717bc06",
        why="keras.ops.identity makes an identity matrix: training on folded weights ended in an error here",
    ),
    Correction(
        file="models/graph/flops.py",
        before="b4815d8856bea136c496cc9e6e71efbb93bd0627bd740b86961fe89542eded80",
        after="4792707eae99de4755f8e9b6db02b5cb4d223e068217316abb66e14d75a4aca5",
        why="only EfficientNetB0 has a swish: its own file changed with this one, its runs are made again",
    ),
    Correction(
        file="bench/explain/mosaics.py",
        before="161c7d6ebef139a56ba7aa3a632c18d5199d3504eb56aed436bbf4249031be61",
        after="33a6583ce1447b447af0a89a2e3284d8d0cec3036965151965ce08e2b22b333e",
        why="a frozen network was built without weights, which ended in an error here",
    ),
    Correction(
        file="bench/explain/score_cells.py",
        before="15d26e44ddff99ea3c12f8456610eb96006c2fb3fb48fe1dd6c79a8783c1ab94",
        after="b48c445e6af1871b7337c2e8c466b0e4c5ecb2a6448c3a97c49d7307955667f6",
        why="it says what code the scores are of, with these corrections, and computes none",
    ),
    Correction(
        file="bench/analysis/untrained.py",
        before="ed424b606c0c6dc6a2ef39239cfb507b6efd5f24e4addb7559b2282a817e013e",
        after="cdb723b92c39f94bcc434266a721a1cbf02106385bf09955b4a233e95816dcca",
        why="studies ask it whether an architecture is trained alone, and that is as it was",
    ),
    Correction(
        file="bench/analysis/run_variance.py",
        before="deb0b374320ad7228ba2a655a278d192dd9846100033b105abc5f9a67d2d29ad",
        after="121af8f95d256ecc5c2d6a3e901e0cf27d864b6ac69cb3c7c253d2b01b680f89",
        why="scores of maps ask for the fold term of one model at a time, where the largest set of cells "
        "tested alike is the only one; whatever asks for more is made again",
    ),
    Correction(
        file="bench/analysis/contrasts.py",
        before="5d9c79cd67b5afe29ac4b8c0492670a9e64e14d5555dccf0e03b580981605e08",
        after="cb329653509071cc424796c0fb94e38ff5cae32af6f692afea164e5fefc22c7e",
        why="only sums over cells that share an estimate of run variance changed; maps are of one cell",
    ),
    Correction(
        file="bench/analysis/samples.py",
        before="81931b87ae95fb71e8df02e1ba09a85009faa4b4b03589a4444bedc557702896",
        after="620b5f434517a7a11df485c57bda0e6bb74d1d00d2c08426e6bb0db0f3f3d43d",
        why="a metric that nobody defined counted as top-1, and none was; notes are told of some cells, too",
    ),
    Correction(
        file="bench/analysis/statistics.py",
        before="5a09d02f6ecc2c752ba7506ac48fea21e6c068f53a1cf1892cbadd98cc359f47",
        after="9cb2952ab4b35e9b666a712ba32c8e02e0176d5d3374eda4cf9f89048137c237",
        why="three functions that nothing asked are gone",
    ),
    Correction(
        file="bench/analysis/noise_model.py",
        before="c67514a034b6e8fb1a6c9342cdf1eba39784ed58b1a9515628461fb7f085dc95",
        after="0abd882aea47cf8b2525cad0f26e265a36591b3b5b18c9cf24c3386cad2a8cae",
        why="no warning where an exponential overflows, whose value was right",
    ),
)
BY_FILE = {ROOT / item.file: item for item in CORRECTIONS}


def file_digest(path: Path) -> str:
    """SHA-256 of a source file; of one that was corrected, that of the file before."""
    digest, item = digests.file_digest(path), BY_FILE.get(path)
    return item.before if item and digest == item.after else digest
