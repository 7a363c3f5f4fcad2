"""Open-LLM-VTuber's ``conf.yaml`` and ``characters/*.yaml``, translated into ours.

template = read_template(folder, notes)
made = translated(template, notes, registry, folder="..")
conf_text(made.conf, "conf.yaml"), character_text(made.characters[stem], file)
"""

from .person import Person
from .reading import Template, read_template
from .server import Prompt
from .translating import Translated, translated, with_prompts
from .writing import character_text, conf_text

__all__ = [
    "Person",
    "Prompt",
    "Template",
    "Translated",
    "character_text",
    "conf_text",
    "read_template",
    "translated",
    "with_prompts",
]
