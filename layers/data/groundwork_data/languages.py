"""Detect the language of a text with py3langid's model, which is in its wheel.

Only the model file is used. The package's own code needs numpy, which is more than 50 MB of an
image; the few sums of one text do not need it.
"""

from __future__ import annotations

import ast
import lzma
import math
import shutil
import struct
import tempfile
import unicodedata
import zipfile
from array import array
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO

SURE = 0.9
"""Smallest probability, among all languages that the model knows."""
TEXT_CHARACTERS = 4_000
"""Characters that are read; more text does not change the detected language."""
_BYTES = 256
_FLOAT16_BYTES = 2
_NPY_HEADER = struct.Struct("<8sH")
_UCS4_BYTES = 4


def detect_language(text: str) -> str | None:
    """Return the language of a text (ISO 639-1), or None if it is uncertain."""
    found, probability = most_probable(text[:TEXT_CHARACTERS])
    return found if probability >= SURE else None


def most_probable(text: str) -> tuple[str, float]:
    """Return the most probable language of a text, and its probability among all languages."""
    return _model().most_probable(text)


@dataclass(frozen=True)
class _Model:
    """Naive Bayes over byte sequences that an automaton finds.

    Attributes:
        languages: A name may come twice: two scripts of one language.
        weights: For each feature, a weight of each language; float16.
        priors: For each language.
        rows: Rows of the automaton: the next state for each byte.
        row_of: Row of each state.
        feature_of: Feature that ends in a state, or -1.
    """

    languages: list[str]
    weights: bytes
    priors: array[float]
    rows: array[int]
    row_of: array[int]
    feature_of: array[int]

    def most_probable(self, text: str) -> tuple[str, float]:
        encoded = _normalized(text)
        scores = list(self.priors)
        features = self._features(encoded)
        if not features:
            scores = [0.0] * len(scores)
        row = struct.Struct(f"<{len(scores)}e")
        for feature, count in features.items():
            found = row.unpack_from(self.weights, feature * row.size)
            weight = math.log1p(count)
            scores = [score + weight * each for score, each in zip(scores, found, strict=True)]
        # The root keeps probabilities of long texts comparable to those of short ones.
        scale = 1.0 / math.sqrt(len(encoded) or 1)
        highest = max(scores)
        shares = [math.exp((score - highest) * scale) for score in scores]
        total = math.fsum(shares)
        probabilities: dict[str, float] = {}
        for name, share in zip(self.languages, shares, strict=True):
            probabilities[name] = probabilities.get(name, 0.0) + share / total
        return max(probabilities.items(), key=lambda one: one[1])

    def _features(self, encoded: bytes) -> Counter[int]:
        rows, row_of, feature_of = self.rows, self.row_of, self.feature_of
        state, found = 0, []
        for byte in encoded:
            state = rows[row_of[state] * _BYTES + byte]
            found.append(feature_of[state])
        features = Counter(found)
        features.pop(-1, None)
        return features


def _normalized(text: str) -> bytes:
    lowered = text.lower() if text.isupper() else text
    return unicodedata.normalize("NFC", lowered).encode("utf-8", "surrogatepass")


@cache
def _model() -> _Model:
    package = find_spec("py3langid")
    if package is None or package.origin is None:
        message = "py3langid is not installed: its model detects languages"
        raise RuntimeError(message)
    file = Path(package.origin).parent / "data" / "model.npz.xz"
    # A temporary file, so that the memory never holds all of it.
    with tempfile.TemporaryFile() as unpacked:
        with lzma.open(file) as packed:
            shutil.copyfileobj(packed, unpacked)
        return _read(unpacked)


def _read(unpacked: IO[bytes]) -> _Model:
    with zipfile.ZipFile(unpacked) as arrays:
        names = _array(arrays, "classes")
        characters = int(names.kind.lstrip("<>|U"))
        return _Model(
            languages=[
                name.decode("utf-32-le").rstrip("\0")
                for (name,) in struct.iter_unpack(f"{characters * _UCS4_BYTES}s", names.data)
            ],
            weights=_array(arrays, "ptc", "<f2").data,
            priors=array("f", _array(arrays, "pc", "<f4").data),
            rows=_numbers(arrays, "nextmove"),
            row_of=_numbers(arrays, "nextmove_row"),
            feature_of=_numbers(arrays, "out_feat"),
        )


@dataclass(frozen=True)
class _Npy:
    """The kind (numpy's name, such as `<f4`) and bytes of an array in numpy's file format."""

    kind: str
    data: bytes


def _array(arrays: zipfile.ZipFile, name: str, kind: str = "") -> _Npy:
    content = arrays.read(f"{name}.npy")
    _, length = _NPY_HEADER.unpack_from(content)
    header = ast.literal_eval(content[_NPY_HEADER.size : _NPY_HEADER.size + length].decode())
    found = str(header["descr"])
    if header["fortran_order"] or (kind and found != kind):
        message = f"py3langid's model has another layout: {name} is {header}"
        raise RuntimeError(message)
    return _Npy(found, content[_NPY_HEADER.size + length :])


_TYPES = {"<u2": "H", "<u4": "I", "<i4": "i"}


def _numbers(arrays: zipfile.ZipFile, name: str) -> array[int]:
    found = _array(arrays, name)
    return array(_TYPES[found.kind], found.data)
