"""A Whisper model of 2 MB without training: it says one sentence, whatever it hears. For tests of the real faster-whisper.

Every layer is zero, so that nothing but a token's position reaches the output: position p of the decoder is made equal to the
output row of the p-th token of the sentence. The audio is encoded and ignored. It counts as an English-only model.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import whisper_spec
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

WIDTH = 64
POSITIONS = 448
SPECIAL = "endoftext startoftranscript en translate transcribe startoflm startofprev nospeech notimestamps".split()
END_S = 2.0


def write_canned_whisper(folder: Path, text: str) -> Path:
    """Write the model into ``folder``. A hint, which comes before the sentence, would take up positions of it."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["\u0120" + word for word in text.split()]
    tokenizer = _tokenizer(words)
    tokenizer.save(str(folder / "tokenizer.json"))
    spec = whisper_spec.WhisperSpec(1, 1, 1, 1)
    _silence(spec)
    _recite(spec, tokenizer, words)
    spec.register_vocabulary(sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__))
    config: Any = spec.config
    config.suppress_ids, config.suppress_ids_begin, config.alignment_heads = [], [], [[0, 0]]
    config.lang_ids = [tokenizer.token_to_id("<|en|>")]
    spec.validate()
    spec.optimize()
    spec.save(str(folder))
    return folder


def _tokenizer(words: Sequence[str]) -> Tokenizer:
    # A word is one token with its space, because Whisper may not begin with a space alone.
    tokens = sorted(pre_tokenizers.ByteLevel.alphabet()) + sorted(set(words))
    tokenizer = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(tokens)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(f"<|{name}|>", special=True) for name in SPECIAL])
    tokenizer.add_tokens([AddedToken(f"<|{step * 0.02:.2f}|>") for step in range(1501)])
    return tokenizer


def _silence(spec: Any) -> None:
    """All layers zero."""
    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = _zeros(WIDTH, 80, 3), _zeros(WIDTH)
    encoder.conv2.weight, encoder.conv2.bias = _zeros(WIDTH, WIDTH, 3), _zeros(WIDTH)
    encoder.position_encodings.encodings = _zeros(1500, WIDTH)
    _norm(encoder.layer_norm)
    _norm(decoder.layer_norm)
    for layer in encoder.layer:
        _attention(layer.self_attention, (3, 1))
        _feed_forward(layer.ffn)
    for layer in decoder.layer:
        _attention(layer.self_attention, (3, 1))
        _attention(layer.attention, (1, 2, 1))
        _feed_forward(layer.ffn)


def _recite(spec: Any, tokenizer: Tokenizer, words: Sequence[str]) -> None:
    """The decoder says the words, as one segment."""
    numbers = tokenizer.get_vocab()
    said = ["<|0.00|>", *words, f"<|{END_S:.2f}|>", "<|endoftext|>"]
    ids = [numbers[token] for token in said]
    random = np.random.default_rng(0)
    output, positions = _zeros(tokenizer.get_vocab_size(), WIDTH), _zeros(POSITIONS, WIDTH)
    for token in sorted(set(ids)):
        row = random.choice([-1.0, 1.0], WIDTH).astype(np.float32)
        output[token] = row - row.mean()
    for position in range(POSITIONS):
        positions[position] = output[ids[min(position, len(ids) - 1)]]
    decoder = spec.decoder
    decoder.scale_embeddings = False
    decoder.embeddings.weight = _zeros(tokenizer.get_vocab_size(), WIDTH)
    decoder.position_encodings.encodings = positions
    decoder.projection.weight = output


def _zeros(*shape: int) -> Any:
    return np.zeros(shape, np.float32)


def _norm(spec: Any) -> None:
    spec.gamma, spec.beta = np.ones(WIDTH, np.float32), _zeros(WIDTH)


def _linear(spec: Any, outputs: int) -> None:
    spec.weight, spec.bias = _zeros(outputs, WIDTH), _zeros(outputs)


def _attention(spec: Any, widths: Sequence[int]) -> None:
    _norm(spec.layer_norm)
    for linear, width in zip(spec.linear, widths, strict=True):
        _linear(linear, width * WIDTH)


def _feed_forward(spec: Any) -> None:
    _norm(spec.layer_norm)
    _linear(spec.linear_0, WIDTH)
    _linear(spec.linear_1, WIDTH)
