"""Wake words over the Wyoming protocol, on microWakeWord.

A client sends detect with names, or none for all, then audio. Each word that is heard is a detection; audio-stop
without one is not-detected.
"""
import argparse
import asyncio
import os
from importlib.metadata import version

from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model
from wyoming.audio import AudioChunk, AudioChunkConverter, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.info import Attribution, Describe, Info, WakeModel, WakeProgram
from wyoming.server import AsyncEventHandler, AsyncServer
from wyoming.wake import Detect, Detection, NotDetected

WINDOW = 320  # bytes of 10 ms, what the features are made of
QUIET = 1.0  # seconds after a word in which it is not heard again
WORDS = {model.value: MicroWakeWord.from_builtin(model).wake_word for model in Model}
INFO = Info(wake=[WakeProgram(
    name="microwakeword", description="Wake words on microWakeWord", installed=True, version=version("pymicro-wakeword"),
    attribution=Attribution(name="Kevin Ahrendt", url="https://www.kevinahrendt.com/"),
    models=[WakeModel(name=name, phrase=phrase, languages=["en"], installed=True, version="2", description=phrase,
                      attribution=Attribution(name="Kevin Ahrendt", url="https://www.kevinahrendt.com/")) for name, phrase in WORDS.items()])]).event()


class Listener(AsyncEventHandler):
    """One client."""

    def __init__(self, *args):
        super().__init__(*args)
        self.converter = AudioChunkConverter(rate=16000, width=2, channels=1)
        self.names, self.words = list(WORDS), None

    def listen_for(self, names):
        self.close()
        self.names = [n for n in names if n in WORDS] if names else list(WORDS)

    def close(self):
        for word in (self.words or {}).values():
            word.close()
        self.words = None

    async def disconnect(self):
        self.close()

    def begin(self):
        if self.words is None:
            self.words = {n: MicroWakeWord.from_builtin(Model(n)) for n in self.names}
        self.features, self.rest, self.at = MicroWakeWordFeatures(), b"", 0.0
        self.heard, self.last = False, {}
        for word in self.words.values():
            word.reset()

    async def handle_event(self, event: Event) -> bool:
        if Describe.is_type(event.type):
            await self.write_event(INFO)
        elif Detect.is_type(event.type):
            names = Detect.from_event(event).names or []
            if unknown := [n for n in names if n not in WORDS]:
                await self.write_event(Event("error", {"text": f"no wake word {', '.join(unknown)} (have {', '.join(WORDS)})", "code": "unknown-model"}))
            self.listen_for(names)
        elif AudioStart.is_type(event.type):
            self.begin()
        elif AudioChunk.is_type(event.type):
            if self.words is None:
                self.begin()
            await self.hear(self.converter.convert(AudioChunk.from_event(event)).audio)
        elif AudioStop.is_type(event.type) and not self.heard:
            await self.write_event(NotDetected().event())
        return True

    async def hear(self, audio):
        audio, at = self.rest + audio, 0
        while at + WINDOW <= len(audio):
            for features in self.features.process_streaming(audio[at : at + WINDOW]):
                for name, word in self.words.items():
                    if word.process_streaming(features) and self.at - self.last.get(name, -QUIET) >= QUIET:
                        self.heard, self.last[name] = True, self.at
                        await self.write_event(Detection(name=name, timestamp=int(self.at * 1000)).event())
            at, self.at = at + WINDOW, self.at + 0.01
        self.rest = audio[at:]


async def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--port", type=int, required=True)
    settings = flags.parse_args()
    await AsyncServer.from_uri(f"tcp://{os.environ.get('ENGINES_BIND') or '127.0.0.1'}:{settings.port}").run(Listener)


asyncio.run(main())
