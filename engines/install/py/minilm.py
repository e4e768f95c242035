"""A sentence encoder of the BERT family, from the files its makers publish to a GGUF file for llama.cpp.

  minilm.py FOLDER OUT.gguf     FOLDER has config.json, tokenizer.json and model.safetensors
"""
import json
import pathlib
import struct
import sys

import gguf
import numpy

LAYER = {"attention.self.query": "attn_q", "attention.self.key": "attn_k", "attention.self.value": "attn_v",
         "attention.output.dense": "attn_output", "attention.output.LayerNorm": "attn_output_norm",
         "intermediate.dense": "ffn_up", "output.dense": "ffn_down", "output.LayerNorm": "layer_output_norm"}
TOP = {"embeddings.word_embeddings": "token_embd", "embeddings.position_embeddings": "position_embd",
       "embeddings.token_type_embeddings": "token_types", "embeddings.LayerNorm": "token_embd_norm"}
KINDS = {"F32": "<f4", "F16": "<f2"}


def tensors(raw):
    """Name and values of each tensor of a safetensors file."""
    size = struct.unpack("<Q", raw[:8])[0]
    for name, t in json.loads(raw[8 : 8 + size]).items():
        if name != "__metadata__" and t["dtype"] in KINDS:
            a, b = t["data_offsets"]
            yield name, numpy.frombuffer(raw[8 + size + a : 8 + size + b], KINDS[t["dtype"]]).reshape(t["shape"])


def describe(out, config):
    out.add_name("all-MiniLM-L6-v2"), out.add_license("apache-2.0")
    out.add_context_length(config["max_position_embeddings"]), out.add_embedding_length(config["hidden_size"])
    out.add_feed_forward_length(config["intermediate_size"]), out.add_block_count(config["num_hidden_layers"])
    out.add_head_count(config["num_attention_heads"]), out.add_layer_norm_eps(config["layer_norm_eps"])
    out.add_causal_attention(False), out.add_pooling_type(gguf.PoolingType.MEAN), out.add_file_type(gguf.LlamaFileType.MOSTLY_F16)


def add_words(out, tokenizer, types):
    ids, special = tokenizer["model"]["vocab"], {t["content"] for t in tokenizer["added_tokens"]}
    words, kinds = [], []
    for word in sorted(ids, key=ids.get):
        if word in special:
            words.append(word), kinds.append(gguf.TokenType.UNKNOWN if word == "[UNK]" else gguf.TokenType.CONTROL)
        else:  # llama.cpp marks the start of a word, WordPiece marks the rest of it
            words.append(word[2:] if word.startswith("##") else "\u2581" + word), kinds.append(gguf.TokenType.NORMAL)
    out.add_tokenizer_model("bert"), out.add_tokenizer_pre("default"), out.add_token_list(words), out.add_token_types(kinds)
    out.add_token_type_count(types)
    for add, word in ((out.add_unk_token_id, "[UNK]"), (out.add_sep_token_id, "[SEP]"), (out.add_pad_token_id, "[PAD]"),
                      (out.add_mask_token_id, "[MASK]"), (out.add_bos_token_id, "[CLS]"), (out.add_eos_token_id, "[SEP]")):
        add(ids[word])


def add_tensors(out, raw, layers):
    names = TOP | {f"encoder.layer.{i}.{a}": f"blk.{i}.{b}" for i in range(layers) for a, b in LAYER.items()}
    for name, values in tensors(raw):
        stem, _, part = name.rpartition(".")
        if stem in names:
            half = values.ndim == 2 and names[stem] not in ("position_embd", "token_types")
            out.add_tensor(f"{names[stem]}.{part}", values.astype(numpy.float32).astype(numpy.float16 if half else numpy.float32))


folder = pathlib.Path(sys.argv[1])
config = json.loads((folder / "config.json").read_bytes())
out = gguf.GGUFWriter(sys.argv[2], "bert")
describe(out, config)
add_words(out, json.loads((folder / "tokenizer.json").read_bytes()), config["type_vocab_size"])
add_tensors(out, (folder / "model.safetensors").read_bytes(), config["num_hidden_layers"])
out.write_header_to_file(), out.write_kv_data_to_file(), out.write_tensors_to_file(), out.close()
