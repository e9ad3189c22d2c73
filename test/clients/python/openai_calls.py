"""OpenAI's client of Python, which is told to validate whatever it reads."""

import functools

import openai
from calls import serve
from pydantic import BaseModel

USAGE = {"stream_options": {"include_usage": True}}


class City(BaseModel):
    city: str
    tags: list[str]


def options(connection, is_strict):
    return {
        "base_url": f"{connection['url']}/v1",
        "api_key": connection["apiKey"],
        "max_retries": connection["retries"],
        "_strict_response_validation": is_strict,
    }


def sync_client(call, is_strict=True):
    return openai.OpenAI(**options(call["connection"], is_strict))


def async_client(call, is_strict=True):
    return openai.AsyncOpenAI(**options(call["connection"], is_strict))


@functools.cache
def _kept(make, **connection):
    return make({"connection": connection})


def kept(make, call):
    """The client of a connection, which programs keep: it takes a while to make one."""
    return _kept(make, **call["connection"])


def tokens(usage):
    return None if usage is None else (usage.prompt_tokens, usage.completion_tokens)


def take(completion, outcome):
    choice = completion.choices[0]
    outcome.fields["text"] = choice.message.content or ""
    outcome.fields["reasoning"] = getattr(choice.message, "reasoning_content", "")
    for call in choice.message.tool_calls or []:
        outcome.call(call.id, call.function.name, call.function.arguments)
    outcome.end(choice.finish_reason, tokens(completion.usage))


class Pieces:
    """Puts the chunks of a stream together, as programs without a helper do."""

    def __init__(self, outcome):
        self.outcome = outcome
        self.calls = {}

    def add(self, chunk):
        self.outcome.end(None, tokens(chunk.usage))
        for choice in chunk.choices:
            self.outcome.end(choice.finish_reason, None)
            self.outcome.think(getattr(choice.delta, "reasoning_content", ""))
            for piece in choice.delta.tool_calls or []:
                call = self.calls.setdefault(piece.index, {"id": piece.id, "name": "", "arguments": ""})
                call["name"] += piece.function.name or ""
                call["arguments"] += piece.function.arguments or ""
            self.outcome.add(choice.delta.content)

    def end(self):
        for call in self.calls.values():
            self.outcome.call(call["id"], call["name"], call["arguments"])


def complete(call, outcome):
    take(kept(sync_client, call).chat.completions.create(**call["body"]), outcome)


async def complete_async(call, outcome):
    take(await kept(async_client, call).chat.completions.create(**call["body"]), outcome)


def stream(call, outcome):
    pieces = Pieces(outcome)
    with kept(sync_client, call).chat.completions.create(**call["body"], **USAGE, stream=True) as chunks:
        for chunk in chunks:
            pieces.add(chunk)
            if outcome.is_enough:
                return
    pieces.end()


async def stream_async(call, outcome):
    pieces = Pieces(outcome)
    async with await kept(async_client, call).chat.completions.create(**call["body"], **USAGE, stream=True) as chunks:
        async for chunk in chunks:
            pieces.add(chunk)
            if outcome.is_enough:
                return
    pieces.end()


def helper(call, outcome):
    with kept(sync_client, call).chat.completions.stream(**call["body"], **USAGE) as events:
        for event in events:
            if event.type == "content.delta":
                outcome.add(event.delta)
            if outcome.is_enough:
                return
        take(events.get_final_completion(), outcome)


async def helper_async(call, outcome):
    async with kept(async_client, call).chat.completions.stream(**call["body"], **USAGE) as events:
        async for event in events:
            if event.type == "content.delta":
                outcome.add(event.delta)
            if outcome.is_enough:
                return
        take(await events.get_final_completion(), outcome)


def take_response(response, outcome):
    for item in response.output:
        if item.type == "reasoning":
            outcome.fields["reasoning"] = "".join(part.text for part in item.content or [])
        if item.type == "function_call":
            outcome.call(item.call_id, item.name, item.arguments)
    outcome.fields["text"] = response.output_text
    usage = response.usage
    has_calls = bool(outcome.fields["calls"])
    ends = {"completed": "tool_calls" if has_calls else "stop", "incomplete": "length"}
    outcome.end(ends.get(response.status), usage and (usage.input_tokens, usage.output_tokens))
    if response.error is not None:
        outcome.fields["failure"] = {"name": "response.failed", "message": response.error.message}


async def response(call, outcome):
    take_response(await kept(async_client, call).responses.create(**call["body"]), outcome)


async def stream_response(call, outcome):
    """Events as they come, every one of which is validated."""
    async with await kept(async_client, call).responses.create(**call["body"], stream=True) as events:
        async for event in events:
            if event.type == "response.output_text.delta":
                outcome.add(event.delta)
            if event.type in ("response.completed", "response.incomplete", "response.failed"):
                take_response(event.response, outcome)
            if outcome.is_enough:
                return


def embed(call, outcome):
    """In base64, which this client asks for by itself, and then takes for invalid if it validates."""
    with sync_client(call, is_strict=False) as client:
        return [item.embedding for item in client.embeddings.create(**call["body"]).data]


async def embed_async(call, outcome):
    async with async_client(call, is_strict=False) as client:
        return [item.embedding for item in (await client.embeddings.create(**call["body"])).data]


def models(call, outcome):
    with sync_client(call) as client:
        return [model.id for model in client.models.list()]


async def models_async(call, outcome):
    async with async_client(call) as client:
        return [model.id async for model in client.models.list()]


def parse(call, outcome):
    """The schema of a class, and an object of it."""
    with sync_client(call) as client:
        completion = client.chat.completions.parse(**call["body"], response_format=City)
        return completion.choices[0].message.parsed.model_dump()


async def parse_async(call, outcome):
    async with async_client(call) as client, client.chat.completions.stream(**call["body"], response_format=City) as events:
        async for event in events:
            if event.type == "content.delta":
                outcome.add(event.delta)
        completion = await events.get_final_completion()
        return completion.choices[0].message.parsed.model_dump()


def text(call, outcome):
    """A text that goes on from another."""
    with sync_client(call) as client:
        completion = client.completions.create(**call["body"])
        outcome.fields["text"] = completion.choices[0].text
        outcome.end(completion.choices[0].finish_reason, tokens(completion.usage))


async def text_async(call, outcome):
    """Its model of a chunk has no place for a reason that is not there yet, as OpenAI itself sends it."""
    async with async_client(call, is_strict=False) as client, await client.completions.create(**call["body"], stream=True) as chunks:
        async for chunk in chunks:
            outcome.end(chunk.choices[0].finish_reason, tokens(chunk.usage))
            outcome.add(chunk.choices[0].text)


def describe(error):
    if isinstance(error, openai.APIResponseValidationError):
        return {"message": f"{error}: {error.__cause__}"}
    if not isinstance(error, openai.APIError):
        return {}
    status = getattr(error, "status_code", None)
    return {"code": error.code, **({} if status is None else {"status": status})}


serve({name: function for name, function in globals().items() if callable(function)})
