"""The Python side of serve.ts."""

import json
import os
import sys


def answers():
    """What the engine prints goes to stderr; the answers alone go to stdout."""
    stream = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return stream


def serve(out, engine):
    """Says that the model is loaded, then answers requests until the input ends."""
    print(json.dumps({"version": engine.version, "loadMs": engine.load_ms}), file=out)
    for line in sys.stdin:
        request = json.loads(line)
        if request["measure"] == "prefill":
            ms = engine.prefill(request["tokens"])
        else:
            ms = engine.decode(request["context"], request["tokens"], request["sequences"])
        print(json.dumps({"ms": ms}), file=out)
