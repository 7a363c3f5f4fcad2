"""Everything that sessions share: the mind and the voice, made from the settings, opened once and closed once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial

from ..agents import Agent, QuickAgent, takes_quick
from ..agents.mcp_tools import McpServers
from ..asr.settings import Mode as MicMode
from ..core.clock import loop_ms
from ..core.errors import AllProvidersFailed
from ..core.place import Span
from ..llm import LLM
from ..llm.embeddings import FallbackEmbedder
from ..llm.fallback import FallbackLLM
from ..tts.fallback import FallbackTTS
from ..tts.phrase_cache import CachedTTS
from . import phrases
from .cast import Cast, Part
from .common_phrases import common_phrases
from .conversation import Conversation
from .conversations import Conversations
from .ears import Ears
from .hearing import Hearing
from .minds import make_agent
from .playback import Playback
from .raw_models import raw_models
from .recognisers import opened_recogniser
from .session import Session
from .settings import Settings
from .statistics import Mode, ReplyStatistics
from .streaming import Streaming
from .tool_servers import named_by
from .turn import Turn, TurnSettings
from .turn_taking import TurnTaking
from .warming import Progress, warm

PROBE_EVERY_S = 30.0
LOAD_S = 120.0
"""How long a probe may take that makes a local server load its model."""


class Engine:
    """``async with Engine(settings) as engine`` opens the providers; AllProvidersFailed when no model or no voice opens."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.llm = FallbackLLM([component.create() for component in settings.llm])
        self.voice = CachedTTS(FallbackTTS([component.create() for component in settings.tts]), settings.cache)
        self.quick = _quick(settings)
        """Says the first words of replies; None: there are no quick replies."""
        self.raw_models: Mapping[str, LLM] = raw_models(settings, self.llm)
        """The models that the API offers, by name."""
        self.embedder = _embedder(settings)
        """Makes vectors of texts; None: nobody does."""
        self.tool_servers = McpServers(settings.mcp_servers)
        tools = self.tool_servers.toolbox(named_by(settings.agent))
        self.agent = make_agent(settings, self.llm, self.quick, tools)
        id = settings.character_file.stem if settings.character_file else settings.character.name
        on_stage = Part(id, settings, self.agent, self.llm, self.quick, self.voice, True, tools)
        self.cast = Cast(on_stage, self.tool_servers)
        """Who may be on stage."""
        self.hearing = Hearing(settings)
        self.conversations = Conversations(settings.sessions, keys=settings.gateway.auth.enabled)
        self.statistics = ReplyStatistics()
        self.new_span: Callable[[], Span | None] = lambda: None
        """Where a turn's work stands in a trace; None: nobody keeps traces."""
        self.on_probed: Callable[[], None] = lambda: None
        """Called after each round of probes."""
        self.on_warming: Callable[[Progress], None] = lambda progress: None
        """Called after each phrase that :meth:`warm_phrases` has tried."""
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Engine:
        async with AsyncExitStack() as exits:
            for chain in (self.llm, self.voice):
                exits.push_async_callback(chain.aclose)
                await chain.open()
            if self.quick:
                exits.push_async_callback(self.quick.aclose)
                # Replies do without it, too; it is opened when it is asked again.
                with suppress(AllProvidersFailed):
                    await self.quick.open()
            for chain in self._others:
                exits.push_async_callback(chain.aclose)
                # A caller is told when it asks for one that does not open; it is opened when it is asked again.
                with suppress(AllProvidersFailed):
                    await chain.open()
            exits.push_async_callback(self.cast.aclose)
            exits.push_async_callback(self.hearing.aclose)
            await self.hearing.open()
            exits.push_async_callback(self.conversations.aclose)
            await self.conversations.start()
            exits.push_async_callback(self.tool_servers.aclose)
            await self.tool_servers.open()
            self._exits = exits.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._exits.aclose()

    async def warm_up(self, *, failing_only: bool = False) -> None:
        """Ask providers whether they answer, so that the first turn need not find out. Models may have to be loaded first."""
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(phrases.warm_up), name="load phrase models")
            group.create_task(self.llm.probe_all(LOAD_S, failing_only=failing_only), name="probe models")
            group.create_task(self.voice.probe_all(failing_only=failing_only), name="probe voices")
            if self.quick:
                group.create_task(self.quick.probe_all(LOAD_S, failing_only=failing_only), name="probe quick models")
            for chain in self._others:
                group.create_task(chain.probe_all(LOAD_S, failing_only=failing_only), name="probe those of the API")
            group.create_task(self.cast.probe_all(LOAD_S, failing_only=failing_only), name="probe those of others")

    async def keep_warm(self) -> None:
        """Probe all at once, and failing ones from time to time: a model server started later is found. Never ends."""
        await self.warm_up()
        while True:
            self.on_probed()
            await asyncio.sleep(PROBE_EVERY_S)
            await self.warm_up(failing_only=True)

    async def warm_phrases(self) -> None:
        """Have what is sure to be said ready in the first-choice voice, while no turn needs it; then ends."""
        cache = self.voice.settings
        if cache.enabled and cache.warm:
            phrases = common_phrases(self.settings.character, self.streaming())

            def tell(progress: Progress) -> None:
                self.on_warming(progress)  # whoever is to be told may have changed

            await warm(self.voice, phrases, tell)

    def prepare(self, part: Part | None = None) -> None:
        """A message is about to come for this character (None: the one on stage): connect to whoever will answer it. Returns at
        once."""
        part = part or self.cast.on_stage
        for chain in (part.llm, part.quick, part.voice):
            if chain is not None:
                chain.prepare()

    def llm_for(self, model: str) -> LLM | None:
        """The model that the API offers under this name."""
        return self.raw_models.get(model)

    @property
    def _others(self) -> Sequence[FallbackLLM | FallbackEmbedder]:
        """Chains that only the API asks; those that share the models of ``llm`` are not among them."""
        own = [chain for name in self.settings.models if isinstance(chain := self.raw_models[name], FallbackLLM)]
        return [*own, *([self.embedder] if self.embedder else [])]

    def new_session(
        self,
        name: str,
        history: Conversation | None = None,
        part: Part | None = None,
        max_ahead_ms: float | None = None,
    ) -> Session:
        """A session that goes on with this conversation; None: with one that ends with it. ``part``: who speaks in it; None:
        who is on stage. ``max_ahead_ms``: how much sound is sent and not yet played; None: as the settings say."""
        part = part or self.cast.on_stage
        settings = part.settings
        ahead = settings.playback.max_ahead_ms if max_ahead_ms is None else max_ahead_ms
        return Session(
            name,
            agent=part.agent,
            voice=part.voice,
            character=part.character,
            playback=Playback(part.voice.sample_rate, ahead),
            settings=TurnSettings(
                prefetch=settings.playback.prefetch,
                thresholds=settings.latency.thresholds,
                pauses=settings.playback.pauses,
                session=name,
                new_span=self.new_span,
            ),
            streaming=part.streaming,
            completed=partial(self._count, part.agent),
            history=history,
        )

    @property
    def wake_words(self) -> tuple[str, ...]:
        """What the character answers to."""
        return self.settings.ears.wake_words or (self.settings.character.name,)

    def new_ears(self, session: Session, mode: MicMode, *, half_duplex: bool) -> Ears:
        """What listens to one microphone for a session."""
        turn_taking = TurnTaking(
            self.settings.ears,
            mode=mode,
            language=self.hearing.language,
            wake_words=self.wake_words,
            half_duplex=half_duplex,
        )
        opened = partial(opened_recogniser, self.hearing)
        return Ears(session, self.hearing, turn_taking, opened, prepare=self.prepare)

    def _count(self, agent: Agent, turn: Turn) -> None:
        """Replies spoken to their end are counted; not the opening line, nor those that were begun before they were asked for,
        nor those that were waited for as a whole. So are those to spoken messages, from their final text on, unless they
        were thought of ahead: there the wait that quick replies are to shorten lies before anything is counted."""
        if turn.heard is not None and not turn.whole and not turn.trace.ran_ahead:
            quick = isinstance(agent, QuickAgent) and agent.asks_quick(turn.heard)
            self.statistics.count(Mode.QUICK if quick else Mode.DIRECT, turn.trace)

    def streaming(self) -> Streaming:
        """How the next turn on stage streams."""
        return self.cast.on_stage.streaming()

    @property
    def model_in_use(self) -> str | None:
        """Name of the model that answers next; None when none can."""
        return self.llm.in_use.name if self.llm.in_use else None

    @property
    def voice_in_use(self) -> str | None:
        """Name of the voice that speaks next; None when none can."""
        return self.voice.in_use.name if self.voice.in_use else None

    @property
    def problems(self) -> list[str]:
        """What is wrong with providers, and with the keeping of conversations, at the moment, a line each."""
        now = loop_ms()
        chains = (self.llm, self.voice, *([self.quick] if self.quick else []), *self._others)
        lines = [str(error) for chain in chains for _, _, error in chain.states(now) if error is not None]
        lines += [*self.cast.problems, *self.tool_servers.problems]
        if self.conversations.problem:
            lines.append(self.conversations.problem)
        return list(dict.fromkeys(lines))


def _quick(settings: Settings) -> FallbackLLM | None:
    """The model for quick replies, if the character wants them and its agent gives them."""
    if not settings.character.quick_reply or not takes_quick(settings.agent.provider) or not settings.quick_llm:
        return None
    return FallbackLLM([component.create() for component in settings.quick_llm])


def _embedder(settings: Settings) -> FallbackEmbedder | None:
    return FallbackEmbedder([part.create() for part in settings.embeddings]) if settings.embeddings else None
