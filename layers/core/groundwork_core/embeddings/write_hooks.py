"""Hooks that run when embeddings are written."""

from __future__ import annotations

from typing import cast

from groundwork_core.embeddings.ports import EmbeddingsWork
from groundwork_core.embeddings.resource import NewEmbedding
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks


class EmbeddingWriteHooks(NoWriteHooks[EmbeddingsWork]):
    """Registers a model and creates its index before its first vector is stored."""

    def before_create(self, new: Input, work: EmbeddingsWork) -> None:
        """Register the model. Raises Invalid when there are too many models."""
        embedding = cast("NewEmbedding", new)
        work.embeddings.learn_model(embedding.model, len(embedding.vector))
