"""What goes with keeping an embedding."""

from __future__ import annotations

from typing import cast

from groundwork_core.embeddings.ports import EmbeddingsWork
from groundwork_core.embeddings.resource import NewEmbedding
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks


class EmbeddingWriteHooks(NoWriteHooks[EmbeddingsWork]):
    """A model is known, and its index there, before its first vector comes."""

    def before_create(self, new: Input, work: EmbeddingsWork) -> None:
        """Learn the model. Raises Invalid: there are too many."""
        embedding = cast("NewEmbedding", new)
        work.embeddings.learn_model(embedding.model, len(embedding.vector))
