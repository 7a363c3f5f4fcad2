"""All endpoints: what is served, who may ask for it, and what the documentation tells."""

from __future__ import annotations

from collections.abc import Sequence

from ..figures import health, metrics
from ..open_llm_vtuber import models_info, recognition
from ..stage import door as stage_door
from . import (
    chat,
    completions,
    documentation,
    edits,
    embeddings,
    models,
    responses,
    role_chat,
    sessions,
    speech,
    transcriptions,
)
from .endpoint import Endpoint

ALL: Sequence[Endpoint] = (
    *chat.ENDPOINTS,
    *completions.ENDPOINTS,
    *embeddings.ENDPOINTS,
    *models.ENDPOINTS,
    *responses.ENDPOINTS,
    *role_chat.ENDPOINTS,
    *sessions.ENDPOINTS,
    *edits.ENDPOINTS,
    *speech.ENDPOINTS,
    *transcriptions.ENDPOINTS,
    *recognition.ENDPOINTS,
    *health.ENDPOINTS,
    *metrics.ENDPOINTS,
    *stage_door.ENDPOINTS,
    *models_info.ENDPOINTS,
    *documentation.ENDPOINTS,
)
