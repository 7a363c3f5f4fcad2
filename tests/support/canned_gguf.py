"""A language model of 4 MB without training: it says sentences like those it is given. For tests of a real llama.cpp.

Attention and feed-forward are zero, each token is its own embedding, and the output layer is the logarithm of a bigram table.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

WIDTH = 512
_FIRST_WORD = 259


def write_canned_gguf(path: Path, sentences: Sequence[str]) -> None:
    """Write the model. The sentences may hold about 250 different words."""
    texts = [["\u2581" + word for word in sentence.split()] for sentence in sentences]
    words = sorted({word for text in texts for word in text})
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "\u2581", *words]
    if len(tokens) > WIDTH:
        raise ValueError(f"{len(words)} different words are too many")
    writer = gguf.GGUFWriter(str(path), "llama")
    _write_shape(writer, len(tokens))
    _write_tokens(writer, tokens)
    _write_weights(writer, _bigrams(tokens, texts))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _bigrams(tokens: list[str], texts: list[list[str]]) -> NDArray[np.float64]:
    """How likely each token (column) follows each other one (row)."""
    index = {token: number for number, token in enumerate(tokens)}
    starts = sorted({index[text[0]] for text in texts})
    counts = np.full((len(tokens), len(tokens)), 1e-6)
    for text in texts:
        for one, other in pairwise(text):
            counts[index[one], index[other]] += 1
        counts[index[text[-1]], starts] += 0.25
        counts[index[text[-1]], 2] += 1
    for number in range(_FIRST_WORD + 1):
        counts[number, starts] += 1
    return counts / counts.sum(1, keepdims=True)


def _write_shape(writer: gguf.GGUFWriter, vocabulary: int) -> None:
    writer.add_context_length(2048)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(32)
    writer.add_head_count(8)
    writer.add_head_count_kv(1)
    writer.add_rope_dimension_count(WIDTH // 8)
    writer.add_layer_norm_rms_eps(1e-8)
    writer.add_vocab_size(vocabulary)


def _write_tokens(writer: gguf.GGUFWriter, tokens: list[str]) -> None:
    kind = gguf.TokenType
    others = len(tokens) - _FIRST_WORD
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token.encode() for token in tokens])
    writer.add_token_scores([0.0] * 3 + [-1000.0] * 256 + [-1.0 - max(0, number - 1) for number in range(others)])
    writer.add_token_types([kind.UNKNOWN, kind.CONTROL, kind.CONTROL] + [kind.BYTE] * 256 + [kind.NORMAL] * others)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.add_chat_template("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:")


def _write_weights(writer: gguf.GGUFWriter, bigrams: NDArray[np.float64]) -> None:
    size = len(bigrams)
    output = np.zeros((size, WIDTH), np.float32)
    output[:, :size] = np.log(bigrams).T / np.sqrt(WIDTH)
    shapes = {"attn_q": (WIDTH, WIDTH), "attn_k": (WIDTH // 8, WIDTH), "attn_v": (WIDTH // 8, WIDTH)}
    shapes |= {"attn_output": (WIDTH, WIDTH), "ffn_gate": (32, WIDTH), "ffn_up": (32, WIDTH), "ffn_down": (WIDTH, 32)}
    tensors = {"token_embd": np.eye(size, WIDTH, dtype=np.float32), "output": output}
    tensors |= {name: np.ones(WIDTH, np.float32) for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm")}
    tensors |= {f"blk.0.{name}": np.zeros(shape, np.float32) for name, shape in shapes.items()}
    for name, tensor in tensors.items():
        writer.add_tensor(f"{name}.weight", tensor)
