"""mistral.rs by its Python package: `mistral.py file threads context sequences`; RAYON_NUM_THREADS says how many threads."""

import os
import sys
from importlib.metadata import version
from time import perf_counter

from serve import answers, serve

out = answers()
from mistralrs import CompletionRequest, Runner, Which  # noqa: E402 - what it prints is no answer

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
PAIRS = [left + right for left in LETTERS for right in LETTERS]


class Engine:
    version = version("mistralrs")

    def __init__(self, path, _threads, _context_length, sequences):
        folder, name = os.path.split(path)
        start = perf_counter()
        self.runner = Runner(Which.GGUF(folder, name), max_seqs=sequences)
        self.load_ms = 1000 * (perf_counter() - start)
        self.prompts = 0

    def answer(self, tokens, max_tokens, seed):
        # A space is a token, and so is each pair of letters.
        prompt = "".join(" " + PAIRS[(7 * word + 13 * seed) % len(PAIRS)] for word in range(tokens // 2))
        request = CompletionRequest(prompt=prompt, model="default", max_tokens=max_tokens, temperature=0, ignore_eos=True)
        usage = self.runner.send_completion_request(request).usage
        if (usage.prompt_tokens, usage.completion_tokens) != (tokens, max_tokens):
            raise RuntimeError(f"other work was done: {usage.prompt_tokens}, {usage.completion_tokens}")
        return usage

    def prefill(self, tokens):
        self.prompts += 1
        return 1000 * self.answer(tokens, 1, self.prompts).total_prompt_time_sec

    def decode(self, context, tokens, _sequences):
        # The first token belongs to the prompt.
        return 1000 * self.answer(context, tokens + 1, -1).total_completion_time_sec


serve(out, Engine(sys.argv[1], *map(int, sys.argv[2:5])))
