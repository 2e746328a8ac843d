"""An archive is damaged, or made to do harm: it is imported whole, or refused by name and leaves nothing."""

import io
import random
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from faults import growth, judge
from faults.case import Case
from faults.judge import Verdict
from vidattn.data.acquire import import_files

SHARE = 30
ENDINGS = (".zip", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz")
CLIP = "v_Archery_g01_c0{}.avi"
OUT = ("../", "/tmp/", "x/../../", "..\\", "C:/", "./../")
Write = Callable[[Path, random.Random, dict[str, bytes]], None]


def inject(case: Case) -> Verdict:
    """Import it as clips of UCF101."""
    draw = case.random
    clips = {CLIP.format(number): draw.randbytes(draw.randint(0, 3000)) for number in range(1, 6)}
    path = case.home / f"clips{draw.choice(ENDINGS)}"
    hostile = draw.random() < 0.35
    if hostile:
        how = draw.choice(sorted(HARM))
        HARM[how](path, draw, clips)
    else:
        how = "damage"
        pack(path, clips)
        path.write_bytes(damaged(path.read_bytes(), draw))
    case.work.mkdir()
    done = case.fork(growth.watched(lambda: brought(path, case.work / "store")))
    verdict = Verdict()
    verdict.notes.append(f"{path.name}: {how}")
    well = judge.ended(verdict, done, [path.name, "clips"])
    if grown := growth.excess(done.text):
        verdict.add("unclear", grown)
    _left(verdict, case, clips, exact=not hostile and path.suffix != ".tar", well=well)
    return verdict


def brought(path: Path, store: Path) -> None:
    """Import, errors as the command line has them."""
    try:
        import_files.import_dataset("ucf101", path, store)
    except (ValueError, OSError, RuntimeError) as error:
        raise SystemExit(f"vidattn: {error}") from None


def _left(verdict: Verdict, case: Case, clips: dict[str, bytes], exact: bool, well: bool) -> None:
    """All clips, or none of them, and nothing elsewhere."""
    raw = case.work / "store/ucf101/raw"
    files = {p: p.read_bytes() for p in case.home.rglob("*") if p.is_file() and p.parent != case.home}
    got = {path.name: content for path, content in files.items() if path.is_relative_to(raw / "clips")}
    for path in files:
        if not path.is_relative_to(raw / "clips"):
            verdict.add("leftovers" if path.is_relative_to(raw) else "wrong", f"{path} was written")
    if not well and got:
        verdict.add("leftovers", f"refused, and {sorted(got)} are there")
    if well and exact and got != clips:
        verdict.add("wrong", f"imported {sorted(got)}, and not all is what was packed")
    if well and not exact and sorted(map(len, got.values())) != sorted(map(len, clips.values())):
        verdict.add("wrong", f"imported {[(name, len(body)) for name, body in got.items()]}")


def pack(path: Path, members: dict[str, bytes], infos: tuple = ()) -> None:
    """An archive of the kind that its name says; `infos` are further members of a tar or zip."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
            for name, body in [*members.items(), *infos]:
                stream.writestr(name, body)
        return
    mode = {".tar": "w", ".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}[path.suffix]
    with tarfile.open(path, mode) as stream:
        for name, body in [*members.items(), *infos]:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(body) if info.isreg() else 0
            stream.addfile(info, io.BytesIO(body))


def damaged(data: bytes, draw: random.Random) -> bytes:
    """Bits flipped, a piece lost, zeroed or twice, the end lost or longer."""
    how, at = (
        draw.choice(("flip", "flip", "cut", "lose", "zeros", "twice", "more")),
        draw.randrange(len(data)),
    )
    piece = draw.randint(1, 600)
    if how == "flip":
        changed = bytearray(data)
        for _ in range(draw.randint(1, 4)):
            changed[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        return bytes(changed)
    return {
        "cut": data[:at],
        "lose": data[:at] + data[at + piece :],
        "zeros": data[:at] + bytes(min(piece, len(data) - at)) + data[at + piece :],
        "twice": data[:at] + data[at : at + piece] + data[at:],
        "more": data + draw.randbytes(piece),
    }[how]


def _outside(path: Path, draw: random.Random, clips: dict[str, bytes]) -> None:
    pack(path, clips, ((draw.choice(OUT) + CLIP.format(9), b"evil"),))


def _link(path: Path, draw: random.Random, clips: dict[str, bytes]) -> None:
    """A link, or a device, and a member that would be written through it."""
    if path.suffix == ".zip":
        info = zipfile.ZipInfo(CLIP.format(9))
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        return pack(path, clips, ((info, b"/etc/passwd"),))
    info = tarfile.TarInfo(draw.choice(("x", CLIP.format(9))))
    info.type = draw.choice((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE))
    info.linkname = draw.choice(("/tmp", "..", "../../evil"))
    return pack(path, clips, ((info, b""), ("x/evil.avi", b"evil")))


def _bomb(path: Path, draw: random.Random, clips: dict[str, bytes]) -> None:
    """Far more than its size, at once or in an archive inside."""
    zeros = {CLIP.format(9): bytes(6 * 2**20)}  # beside any clips more than they may be packed
    if path.suffix == ".tar" or draw.random() < 0.5:  # a plain tar of zeros is as large as they are
        inner = path.with_name("inner.zip")
        pack(inner, zeros)
        zeros = {f"part{number}.zip": inner.read_bytes() for number in range(3)}
        inner.unlink()
    pack(path, {**clips, **zeros})


def _long(path: Path, draw: random.Random, clips: dict[str, bytes]) -> None:
    """Names, or attributes of names, that no disk or memory takes."""
    if path.suffix == ".zip" or draw.random() < 0.3:
        return pack(path, clips, (("n" * draw.choice((300, 5000, 60_000)) + ".avi", b"1"),))
    info = tarfile.TarInfo("x")
    info.type = draw.choice(
        (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_SPARSE)
    )
    info.size = draw.choice((2**31, 2**33 - 1, 2**24))
    pack(path.with_name("c.tar"), clips)
    whole = info.tobuf(tarfile.GNU_FORMAT) + path.with_name("c.tar").read_bytes()
    path.with_name("c.tar").unlink()
    mode = {".tar": "w", ".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}[path.suffix]
    with tarfile.open(path, mode) as stream:
        stream.fileobj.write(whole)
    return None


def _clash(path: Path, draw: random.Random, clips: dict[str, bytes]) -> None:
    """Names that stand for two things."""
    name = CLIP.format(1)
    extra = draw.choice(((f"{name}/x.avi", b"1"), (f"other/{name}", b"other bytes"), (name.upper(), b"2")))
    pack(path, clips, (extra,))


def _nested(path: Path, draw: random.Random, clips: dict[str, bytes]) -> None:
    """Archives inside: with odd names, damaged, or of a name that is there already."""
    inner = path.with_name("inner.zip")
    pack(inner, {CLIP.format(9): b"nine"})
    body = inner.read_bytes()
    inner.unlink()
    name = draw.choice(("...zip", ".zip", "..tar", "a/...zip", "..zip", "x.tar.gz"))
    pack(path, clips, ((name, body if draw.random() < 0.5 else damaged(body, draw)),))


def _lies(path: Path, draw: random.Random, clips: dict[str, bytes]) -> None:
    """Another kind than its name, nothing in it, or text."""
    other = path.with_name(f"o{draw.choice(ENDINGS)}")
    pack(other, draw.choice((clips, {})))
    content = draw.choice((other.read_bytes(), b"<html>log in first</html>", b"", zlib.compress(b"x" * 999)))
    other.unlink()
    path.write_bytes(content)


HARM: dict[str, Write] = {
    "outside": _outside,
    "link": _link,
    "bomb": _bomb,
    "long": _long,
    "clash": _clash,
    "nested": _nested,
    "lies": _lies,
}
