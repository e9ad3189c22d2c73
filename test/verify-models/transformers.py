"""Greedy answers of transformers for a checkpoint's folder, as JSON: ids, and how far the best logit was from the second."""

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = [
    "The capital of France is",
    "Once upon a time there was a fox who",
    "def fibonacci(n):\n    ",
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,",
]
TOKENS = 48

folder = sys.argv[1]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()

cases = []
for number, prompt in enumerate(PROMPTS):
    ids = tokenizer(prompt, return_tensors="pt").input_ids
    greedy, margins = [], []
    with torch.no_grad():
        seen, past = ids, None
        for _ in range(TOKENS):
            out = model(seen, past_key_values=past, use_cache=True)
            best = out.logits[0, -1].float().topk(2)
            greedy.append(int(best.indices[0]))
            margins.append(round(float(best.values[0] - best.values[1]), 6))
            seen, past = best.indices[:1].view(1, 1), out.past_key_values
    cases.append({"name": f"prompt {number}", "prompt": ids[0].tolist(), "greedy": greedy, "margins": margins})

print(json.dumps({"made_with": "transformers eager attention, f32, CPU", "cases": cases}))
