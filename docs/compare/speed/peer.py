"""A system under test for kit/bench in Python, with FastStream or the client of py-tars.

    pip install -r requirements.txt
    go run ../../../kit/bench -cells '(in|out) qos. 350B x1$' -peer 'faststream=python3 peer.py faststream'

The second wants packages/tars-core/src of a checkout of py-tars in PYTHONPATH: `-peer 'py-tars=python3 peer.py py-tars'`.
"""

import asyncio
import json
import logging
import os
import resource
import sys
import time
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

from pydantic import BaseModel, Field

spec = json.loads(os.environ["BENCH_SPEC"])


class Say(BaseModel):
    """The message of all measurements."""

    message_id: str
    text: Annotated[str, Field(min_length=1)]
    voice: str | None = None
    lang: str = "en"
    utt_id: str | None = None
    style: str | None = None
    stt_ts: float | None = None
    system_announce: bool | None = None


class Envelope(BaseModel):
    """What travels around it."""

    id: str
    type: str
    ts: float
    source: str
    data: Say


def sealed(text: str) -> Envelope:
    data = Say(message_id=uuid4().hex, text=text, utt_id="utt-1")
    return Envelope(id=uuid4().hex, type="bench.out", ts=time.time(), source="bench", data=data)


def prose() -> str:
    n = spec["Size"] - len(sealed("-").model_dump_json())
    return ("The quick brown fox jumps over the lazy dog. " * (n // 45 + 1))[:n]


class System:
    """Counts what was handled, and obeys the lines of its standard input."""

    handled = 0
    goal = -1

    def report(self) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu = int((used.ru_utime + used.ru_stime) * 1e9)
        line = {"At": datetime.now(UTC).isoformat(), "CPU": cpu, "Mallocs": 0, "Bytes": 0,
                "RSS": used.ru_maxrss << 10, "Handled": self.handled}
        print(json.dumps(line), flush=True)

    def took(self) -> None:
        self.handled += 1
        if self.handled == self.goal:
            self.report()

    async def send(self, publish, n: int) -> None:
        left, text = iter(range(n)), prose()

        async def one() -> None:
            for _ in left:
                await publish(text)

        await asyncio.gather(*(one() for _ in range(spec["Publishers"])))
        self.report()

    async def obey(self, publish) -> None:
        """publish sends one message with a text. Ends with the standard input."""
        loop, lines = asyncio.get_running_loop(), asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        self.report()
        while line := await lines.readline():
            order, _, arg = line.decode().strip().partition(" ")
            if order == "await":
                self.goal = self.handled + int(arg)
            self.report()
            if order == "send":
                await self.send(publish, int(arg))


async def faststream(system: System) -> None:
    from faststream.mqtt import MQTTBroker, QoS

    qos = QoS(spec["QoS"])
    broker = MQTTBroker(spec["URL"], client_id="bench-faststream", logger=None)

    @broker.subscriber("bench/in", qos=qos)
    async def come(m: Envelope) -> None:
        system.took()

    async with broker:
        await broker.start()
        await system.obey(lambda text: broker.publish(sealed(text), "bench/out", qos=qos))


async def pytars(system: System) -> None:
    from tars.adapters.mqtt_client import MQTTClient

    async def come(payload: bytes) -> None:
        Envelope.model_validate_json(payload)
        system.took()

    async def publish(text: str) -> None:
        data = Say(message_id=uuid4().hex, text=text, utt_id="utt-1")
        await client.publish_event("bench/out", "bench.out", data, qos=spec["QoS"])

    logging.getLogger("mqtt").setLevel(logging.ERROR)  # it warns of ten publications at once
    client = MQTTClient(spec["URL"], "bench-pytars")
    await client.connect()
    await client.subscribe("bench/in", come, qos=spec["QoS"])
    await system.obey(publish)
    await client.shutdown()


peers = {"faststream": faststream, "py-tars": pytars}

if __name__ == "__main__":
    asyncio.run(peers[sys.argv[1]](System()))
