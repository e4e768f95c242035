"""llama.cpp's own HTTP server, for chat or for embeddings.

  llm.py chat  --port PORT --model FILE.gguf --name NAME [--template FILE.jinja]
  llm.py embed --port PORT --model FILE.gguf --name NAME
"""
import argparse
import os
import signal

import xllamacpp as llama

CONTEXT, SLOTS = 8192, 2  # tokens in all, shared by conversations at a time
KEPT = 256  # MiB at most of conversations that are not going on
LOOP = 8  # tokens; shorter repeats are what people say, and what calls of tools are made of
TEXT = 512  # tokens of one text to embed
# All wait for the slowest, which with a thread on each core is the one that stands back for the rest of the machine.
THREADS = max(1, (os.cpu_count() or 2) - 1)

flags = argparse.ArgumentParser()
flags.add_argument("work", choices=["chat", "embed"])
flags.add_argument("--port", type=int, required=True)
flags.add_argument("--model", required=True)
flags.add_argument("--name", required=True)
flags.add_argument("--template", help="how a conversation is written for this model; without, as the model says itself")
settings = flags.parse_args()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])  # waited for below; inherited by the server's threads

params = llama.CommonParams()
params.model.path, params.model_alias = settings.model, {settings.name}
params.hostnames, params.port = [os.environ.get("ENGINES_BIND") or "127.0.0.1"], settings.port
params.ui, params.endpoint_slots, params.verbosity = False, False, 2  # no page, nobody's conversation, warnings only
params.cors_origins, params.cors_origins_explicit = "http://127.0.0.1", True  # a page of somebody else may not read
params.cpuparams_batch.n_threads = THREADS
small = os.path.getsize(settings.model) < 300e6  # one thread a token is as fast then, and leaves a core to the rest
params.cpuparams.n_threads = 1 if small else THREADS
if settings.work == "embed":
    params.embedding, params.n_parallel = True, 1
    params.n_ctx = params.n_batch = params.n_ubatch = TEXT
    params.pooling_type = llama.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
else:
    params.n_ctx, params.n_parallel, params.use_jinja = CONTEXT, SLOTS, True
    params.cache_ram_mib, params.kv_unified = KEPT, True  # one conversation may have all of the context
    if small:  # such a model falls into loops: what repeats more than LOOP tokens becomes unlikely
        params.sampling.dry_multiplier, params.sampling.dry_allowed_length = 0.8, LOOP
    if settings.template:
        with open(settings.template) as f:
            params.chat_template = f.read()
server = llama.Server(params)
signal.sigwait([signal.SIGTERM, signal.SIGINT])
os._exit(0)
