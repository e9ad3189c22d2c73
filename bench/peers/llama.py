"""llama.cpp through its C API, with llama-cpp-python as its build and its declarations: `llama.py file threads context sequences`."""

import sys
from time import perf_counter

from serve import answers, serve

out = answers()
import llama_cpp as llama  # noqa: E402 - prints what it finds

SILENT = llama.llama_log_callback(lambda level, text, data: None)
DEFAULT = llama.llama_context_default_params().flash_attn_type


class Context:
    """Keys and values of some sequences, and their computation."""

    def __init__(self, model, threads, context_length, sequences, flash_attention):
        params = llama.llama_context_default_params()
        params.n_ctx = context_length * sequences
        params.n_seq_max = sequences
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = flash_attention
        self.context = llama.llama_init_from_model(model, params)
        if not self.context:
            raise RuntimeError("no context")
        self.memory = llama.llama_get_memory(self.context)
        self.batch = llama.llama_batch_init(params.n_batch, 0, sequences)
        self.batch_size = params.n_batch
        # Which prompts are held, so that decoding goes on from them without computing them anew.
        self.kept = None

    def run(self, rows):
        """Computes rows of (token, position, sequence, wants logits)."""
        for index, (token, position, sequence, logits) in enumerate(rows):
            self.batch.token[index] = token
            self.batch.pos[index] = position
            self.batch.n_seq_id[index] = 1
            self.batch.seq_id[index][0] = sequence
            self.batch.logits[index] = logits
        self.batch.n_tokens = len(rows)
        start = perf_counter()
        if llama.llama_decode(self.context, self.batch) != 0:
            raise RuntimeError("llama_decode failed")
        llama.llama_synchronize(self.context)
        return 1000 * (perf_counter() - start)

    def prompt(self, tokens, sequence):
        ms = 0
        for start in range(0, tokens, self.batch_size):
            end = min(start + self.batch_size, tokens)
            ms += self.run([(1000 + 7 * at + sequence, at, sequence, at == tokens - 1) for at in range(start, end)])
        return ms

    def prefill(self, tokens):
        llama.llama_memory_clear(self.memory, True)
        self.kept = None
        return self.prompt(tokens, 0)

    def decode(self, context, tokens, sequences):
        if self.kept != (context, sequences):
            llama.llama_memory_clear(self.memory, True)
            for sequence in range(sequences):
                self.prompt(context, sequence)
            self.kept = (context, sequences)
        ms = 0
        for at in range(context, context + tokens):
            ms += self.run([(1000 + 11 * at + sequence, at, sequence, True) for sequence in range(sequences)])
        for sequence in range(sequences):
            llama.llama_memory_seq_rm(self.memory, sequence, context, -1)
        return ms


class Engine:
    version = llama.__version__

    def __init__(self, path, *sizes):
        llama.llama_log_set(SILENT, None)
        llama.llama_backend_init()
        start = perf_counter()
        model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
        self.contexts = [Context(model, *sizes, DEFAULT)]
        self.load_ms = 1000 * (perf_counter() - start)
        self.without_flash_attention = lambda: Context(model, *sizes, llama.LLAMA_FLASH_ATTN_TYPE_DISABLED)
        # What was measured once, then which context does it faster.
        self.seen = set()
        self.faster = {}

    def measure(self, work, *sizes):
        """By default first; then both ways are tried and the faster is kept to, which for a long context is not the default."""
        key = (work, *sizes)
        if key in self.faster:
            return getattr(self.faster[key], work)(*sizes)
        if key not in self.seen:
            self.seen.add(key)
            return getattr(self.contexts[0], work)(*sizes)
        if len(self.contexts) == 1:
            self.contexts.append(self.without_flash_attention())
        times = [getattr(context, work)(*sizes) for context in self.contexts]
        self.faster[key] = self.contexts[times.index(min(times))]
        return min(times)

    def prefill(self, tokens):
        return self.measure("prefill", tokens)

    def decode(self, *sizes):
        return self.measure("decode", *sizes)


serve(out, Engine(sys.argv[1], *map(int, sys.argv[2:5])))
