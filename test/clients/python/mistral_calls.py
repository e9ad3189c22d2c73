"""Mistral's client of Python, which validates whatever it reads."""

import functools
import json

from calls import serve
from mistralai.client import Mistral
from mistralai.client.errors import MistralError
from mistralai.client.utils import BackoffStrategy, RetryConfig
from pydantic import BaseModel


class City(BaseModel):
    city: str
    tags: list[str]


def client_of(call):
    connection = call["connection"]
    # It counts no attempts, but time.
    backoff = RetryConfig("backoff", BackoffStrategy(10, 2000, 1, 10000), False)
    retries = {"retry_config": backoff} if connection["retries"] > 0 else {}
    return Mistral(api_key=connection["apiKey"], server_url=connection["url"], **retries)


@functools.cache
def _kept(**connection):
    return client_of({"connection": connection})


def kept(call):
    """The client of a connection, which programs keep: it takes a while to make one."""
    return _kept(**call["connection"])


def tokens(usage):
    return (usage.prompt_tokens, usage.completion_tokens) if usage else None


def take(message, outcome):
    """A message, or a piece of one: calls come whole."""
    content = message.content or ""
    for part in [content] if isinstance(content, str) else content:
        if isinstance(part, str):
            outcome.add(part)
        elif part.type == "text":
            outcome.add(part.text)
        elif part.type == "thinking":
            for thought in part.thinking:
                outcome.think(thought.text)
        else:
            raise TypeError(f"The client does not know all of {part}.")
    for call in message.tool_calls or []:
        outcome.call(call.id, call.function.name, call.function.arguments)


def take_whole(completion, outcome):
    choice = completion.choices[0]
    take(choice.message, outcome)
    outcome.end(choice.finish_reason, tokens(completion.usage))


def take_event(event, outcome):
    chunk = event.data
    outcome.end(None, tokens(chunk.usage))
    for choice in chunk.choices:
        outcome.end(choice.finish_reason, None)
        take(choice.delta, outcome)


def complete(call, outcome):
    take_whole(kept(call).chat.complete(**call["body"]), outcome)


async def complete_async(call, outcome):
    take_whole(await kept(call).chat.complete_async(**call["body"]), outcome)


def stream(call, outcome):
    with kept(call).chat.stream(**call["body"]) as events:
        for event in events:
            take_event(event, outcome)
            if outcome.is_enough:
                return


async def stream_async(call, outcome):
    async with await kept(call).chat.stream_async(**call["body"]) as events:
        async for event in events:
            take_event(event, outcome)
            if outcome.is_enough:
                return


def vectors(body):
    return {"model": body["model"], "inputs": body["input"]}


def embed(call, outcome):
    with client_of(call) as client:
        return [item.embedding for item in client.embeddings.create(**vectors(call["body"])).data]


async def embed_async(call, outcome):
    async with client_of(call) as client:
        return [item.embedding for item in (await client.embeddings.create_async(**vectors(call["body"]))).data]


def models(call, outcome):
    with client_of(call) as client:
        return [model.id for model in client.models.list().data]


async def models_async(call, outcome):
    async with client_of(call) as client:
        return [model.id for model in (await client.models.list_async()).data]


def parse(call, outcome):
    """The schema of a class, and an object of it."""
    with client_of(call) as client:
        return client.chat.parse(City, **call["body"]).choices[0].message.parsed.model_dump()


async def parse_async(call, outcome):
    async with client_of(call) as client, await client.chat.parse_stream_async(City, **call["body"]) as events:
        async for event in events:
            take_event(event, outcome)
    return City.model_validate_json(outcome.fields["text"]).model_dump()


def fill(call, outcome):
    """What stands between two texts."""
    with client_of(call) as client:
        take_whole(client.fim.complete(**call["body"]), outcome)


async def fill_async(call, outcome):
    async with client_of(call) as client, await client.fim.stream_async(**call["body"]) as events:
        async for event in events:
            take_event(event, outcome)


def describe(error):
    if not isinstance(error, MistralError):
        return {}
    return {"status": error.status_code, "code": json.loads(error.body).get("code")}


serve({name: function for name, function in globals().items() if callable(function)})
