"""Runs the service on FastStream's in-memory broker, or on MQTT_URL when that is set."""

import asyncio
import os

from faststream.mqtt import QoS, TestMQTTBroker
from pydantic import ValidationError

from guests import Guest, HowOften, Visits, broker


async def ask(name: str) -> int:
    answer = await broker.request(HowOften(name=name), "door/how-often", timeout=5, qos=QoS.AT_LEAST_ONCE)
    return Visits.model_validate(await answer.decode()).times


async def in_memory() -> None:
    async with TestMQTTBroker(broker):
        for name in ("Ann", "Ann"):
            await broker.publish(Guest(name=name), "door/guest")
        assert await ask("Ann") == 2
        try:
            await broker.publish({"nmae": "Ann"}, "door/guest")
        except ValidationError:
            print("misspelt field: refused, an exception in the log")
        else:
            raise AssertionError("a misspelt field was taken")


async def on_broker() -> None:
    async with broker:
        await broker.start()
        for name in ("Ann", "nobody", "Ann"):
            await broker.publish(Guest(name=name), "door/guest", qos=QoS.AT_LEAST_ONCE)
        for _ in range(50):
            if await ask("Ann") == 2:
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("Ann was not counted")
        print("exception: logged and acknowledged, the next message is handled")


asyncio.run(on_broker() if os.getenv("MQTT_URL") else in_memory())
