"""The avatar speaks by itself when its client says that nothing has happened for a while (``ai-speak-signal``).

The client decides when; here it is seen to that this interrupts nobody, that it is not too often, and that it is counted like
anything else that is said to a model. Nobody has said the cue aloud, so only the reply is remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...core.clock import loop_ms
from ...core.types import UserInput
from ...orchestrator.languages import primary
from . import server_messages as told
from .attention import occupied
from .client import Client, Handler
from .client_messages import AiSpeakSignal
from .pictures import images_of

_CUES: Final = {
    "en": "(Nobody has said anything for a while. Say something of your own accord, in one or two sentences: a thought, or a "
    "question that goes on from the conversation. Do not mention the silence or this note.)",
    "zh": "（已经有一会儿没人说话了。请主动说一两句话：一个想法，或者接着之前的话题提个问题。"
    "不要提到沉默，也不要提到这条提示。）",
    "ja": "（しばらく誰も話していません。自分から一、二文で話してください。"
    "思いついたことでも、これまでの話の続きの質問でもかまいません。沈黙やこの指示には触れないでください。）",
    "ko": "(한동안 아무도 말하지 않았습니다. 먼저 한두 문장으로 말을 꺼내세요. "
    "떠오른 생각이나 앞의 대화에 이어지는 질문이면 됩니다. 침묵이나 이 안내문은 언급하지 마세요.)",
    "de": "(Seit einer Weile hat niemand etwas gesagt. Sag von dir aus etwas, in ein bis zwei Sätzen: einen Gedanken oder "
    "eine Frage, die an das Gespräch anknüpft. Erwähne weder die Stille noch diesen Hinweis.)",
    "fr": "(Personne n'a parlé depuis un moment. Dis quelque chose de toi-même, en une ou deux phrases : une pensée, ou une "
    "question qui prolonge la conversation. Ne mentionne ni le silence ni cette note.)",
    "es": "(Hace un rato que nadie dice nada. Di algo por iniciativa propia, en una o dos frases: una idea, o una pregunta "
    "que continúe la conversación. No menciones el silencio ni esta nota.)",
    "ru": "(Уже некоторое время никто ничего не говорит. Скажи что-нибудь сам, одно-два предложения: мысль или вопрос "
    "в продолжение разговора. Не упоминай ни молчание, ни эту подсказку.)",
}


def cue_for(language: str, prompt: str | None) -> str:
    """What the model is told; ``prompt`` is the operator's own."""
    return prompt or _CUES.get({"cmn": "zh", "yue": "zh"}.get(primary(language), primary(language)), _CUES["en"])


async def _speak_up(client: Client, message: AiSpeakSignal, request_id: str | None) -> None:
    """Where it may not, nothing happens: their clients ask again. What is refused does not count. Raises what ``client.say``
    does."""
    images = images_of(message.images)
    initiative = client.initiative

    def may_not() -> bool:
        return _busy(client) or not initiative.may(loop_ms())

    if may_not():
        return
    text = cue_for(client.part.character.language, client.settings.proactive_prompt)
    cue = UserInput(text, images=images, remembered=False, disable_quick_response=True)
    if client.group is None:
        wants = await client.answer(cue, unless=may_not)  # where viewers share it, another one may have asked meanwhile
    else:
        wants = client.group.speak_up(client, cue)
    if wants:
        initiative.speaks(loop_ms())
        client.send(told.full_text(told.WANTS_TO_SPEAK))


def _busy(client: Client) -> bool:
    """Whether somebody would be interrupted: in a group, at any of its clients."""
    group, now = client.group, loop_ms()
    if group is None:
        return occupied(client, now)
    return not group.quiet.is_set() or any(occupied(member, now) for member in group.members)


HANDLERS: Mapping[type, Handler] = {AiSpeakSignal: _speak_up}
