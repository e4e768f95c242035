"""Counts who came, and answers how often."""

import asyncio
import os
from collections import Counter
from typing import Annotated

from faststream import FastStream
from faststream.mqtt import MQTTBroker, QoS
from pydantic import BaseModel, ConfigDict, Field


class Guest(BaseModel):
    """Says that somebody came."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1)]


class HowOften(BaseModel):
    """Asks how often somebody came; Visits answers."""

    name: Annotated[str, Field(min_length=1)]


class Visits(BaseModel):
    name: str
    times: int


url = os.getenv("MQTT_URL") or "mqtt://127.0.0.1:1883"
broker = MQTTBroker(url, client_id="guests", clean_session=False, session_expiry_interval=60)
app = FastStream(broker)
times: Counter[str] = Counter()


@broker.subscriber("door/guest", qos=QoS.AT_LEAST_ONCE)
async def came(guest: Guest) -> None:
    if guest.name == "nobody":
        raise RuntimeError("nobody came")
    times[guest.name] += 1


@broker.subscriber("door/how-often", qos=QoS.AT_LEAST_ONCE)
async def how_often(question: HowOften) -> Visits:
    return Visits(name=question.name, times=times[question.name])


if __name__ == "__main__":
    asyncio.run(app.run())
