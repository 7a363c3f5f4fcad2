"""Makes the recogniser of one microphone from what all share."""

from __future__ import annotations

from collections.abc import Callable

from ..asr.decoding import Failure
from ..asr.end_of_turn import EndOfTurn
from ..asr.hearing import HearingEvent
from ..asr.recogniser import Recogniser
from .detectors import NewActivity
from .hearing import Hearing


def new_recogniser(
    hearing: Hearing,
    activity: NewActivity,
    tell: Callable[[HearingEvent], None],
    failed: Callable[[Failure], None] = lambda failure: None,
) -> Recogniser:
    """``activity`` is what ``hearing.detectors.activity()`` gave. ``tell`` and ``failed`` as in :class:`Recogniser`."""
    return Recogniser(
        hearing.transcribe,
        activity=activity(),
        end_of_turn=EndOfTurn(hearing.settings),
        settings=hearing.settings,
        language=hearing.language,
        tell=tell,
        turn_model=hearing.detectors.turn_model,
        partials=lambda: hearing.asr is not None and hearing.asr.partials,
        failed=failed,
    )


async def opened_recogniser(
    hearing: Hearing,
    tell: Callable[[HearingEvent], None],
    failed: Callable[[Failure], None] = lambda failure: None,
) -> Recogniser:
    """:func:`new_recogniser`, once the detectors are loaded. The recognisers of ``hearing`` may still be loading."""
    return new_recogniser(hearing, await hearing.detectors.activity(), tell, failed)
