"""Answers lines of JSON, each a call to a client, with lines of JSON: pieces of text while they come, and the outcome."""

import asyncio
import functools
import json
import sys
import threading


class Outcome:
    """What a program has at the end of a call, whether it went well or not."""

    def __init__(self, on_piece, leave_after):
        self.fields = {"text": "", "reasoning": "", "calls": [], "pieces": 0}
        self._on_piece = on_piece
        self._leave_after = leave_after

    def add(self, text):
        """A piece of text came."""
        if text:
            self.fields["text"] += text
            self.fields["pieces"] += 1
            self._on_piece(text)

    def think(self, text):
        self.fields["reasoning"] += text or ""

    def call(self, id, name, arguments):
        """A call of a tool, whose arguments are JSON or parsed already."""
        parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
        self.fields["calls"].append({"id": id, "name": name, "arguments": parsed})

    def end(self, finish_reason, usage):
        """Why it ended and what it took, as far as a piece says so."""
        if finish_reason is not None:
            self.fields["finishReason"] = finish_reason
        if usage is not None:
            prompt_tokens, completion_tokens = usage
            self.fields["usage"] = {"promptTokens": prompt_tokens, "completionTokens": completion_tokens}

    @property
    def is_enough(self):
        """Whether the loop is to be left."""
        return self._leave_after is not None and self.fields["pieces"] >= self._leave_after


async def _answer(client, call, write):
    id = call["id"]
    outcome = Outcome(lambda text: write({"id": id, "piece": text}), call.get("leaveAfter"))
    value = None
    try:
        function = client[call["call"]]
        if asyncio.iscoroutinefunction(function):
            value = await function(call, outcome)
        else:
            value = await asyncio.to_thread(function, call, outcome)
    except (Exception, asyncio.CancelledError) as error:
        outcome.fields["failure"] = {"name": type(error).__name__, "message": str(error), **client["describe"](error)}
    write({"id": id, "outcome": outcome.fields, "value": value})


def _never_begun(call, write, task):
    """A task that is cancelled before its turn has not answered."""
    if task.cancelled():
        failure = {"name": "CancelledError", "message": ""}
        write({"id": call["id"], "outcome": {**Outcome(None, None).fields, "failure": failure}})


async def _serve(client):
    loop = asyncio.get_running_loop()
    lines = asyncio.Queue()

    def read():
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, None)

    def write(answer):
        # One line at a time, from whichever thread.
        with lock:
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()

    lock = threading.Lock()
    threading.Thread(target=read, daemon=True).start()
    tasks = {}
    while (line := await lines.get()) is not None:
        call = json.loads(line)
        if "cancel" in call:
            tasks[call["cancel"]].cancel()
        else:
            task = tasks[call["id"]] = asyncio.create_task(_answer(client, call, write))
            task.add_done_callback(functools.partial(_never_begun, call, write))


def serve(client):
    """Answers until there is nothing more to answer. A client is its calls by name, and how it describes an error."""
    asyncio.run(_serve(client))
