#!/usr/bin/env python3
"""Decodes greedily with a GPT-2 that takes past keys and values: ONNX Runtime, feeding outputs back as
inputs, and Apus, feeding and with a cache in place, in turn, two threads each.

  decode.py --apus .build/release/ApusDecoding --model gpt2_kv.onnx [--tokens 256] [--rounds 3] [--json FILE]

Rates count the tokens after the first, whose run reads the prompt. Tokens are compared. Needs numpy and
onnxruntime.
"""
import argparse
import json
import re
import statistics
import subprocess
import time

import numpy as np
import onnxruntime as ort


def decode_ort(session, prompt, tokens):
    pasts = [node for node in session.get_inputs() if node.name.startswith("past_key_values.")]
    names = [node.name for node in session.get_outputs()]
    past = {n.name: np.zeros((1, n.shape[1], 0, n.shape[3]), np.float32) for n in pasts}
    step, length, found, start = np.array([prompt], np.int64), 0, [], 0.0
    for index in range(tokens):
        total = length + step.shape[1]
        feeds = dict(past, input_ids=step, attention_mask=np.ones((1, total), np.int64),
                     position_ids=np.arange(length, total, dtype=np.int64)[None])
        results = dict(zip(names, session.run(None, feeds)))
        past = {n.name: results["present." + n.name[len("past_key_values."):]] for n in pasts}
        length = total
        found.append(int(results["logits"][0, -1].argmax()))
        step = np.array([[found[-1]]], np.int64)
        if index == 0:
            start = time.perf_counter()
    return (tokens - 1) / (time.perf_counter() - start), found


def decode_apus(binary, model, prompt, tokens, mode):
    text = subprocess.run([binary, model, str(tokens), str(prompt), "2", mode], check=True,
                          capture_output=True, text=True).stdout
    match = re.search(r"([\d.]+) tokens/s, last \[(.*?)\], sum (\d+)", text)
    return float(match[1]), int(match[3])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--apus", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--prompt", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    args = parser.parse_args()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 4
    session = ort.InferenceSession(args.model, options, providers=["CPUExecutionProvider"])
    prompt = [index * 7919 % 20000 + 5 for index in range(args.prompt)]
    rates, sums = {"onnxruntime": [], "feed": [], "cache": []}, set()
    for _ in range(args.rounds):
        rate, found = decode_ort(session, prompt, args.tokens)
        rates["onnxruntime"].append(rate)
        sums.add(sum(found))
        for mode in ("feed", "cache"):
            rate, total = decode_apus(args.apus, args.model, args.prompt, args.tokens, mode)
            rates[mode].append(rate)
            sums.add(total)
    print(f"{args.prompt} + {args.tokens} tokens, {args.rounds} rounds, tokens "
          + ("agree" if len(sums) == 1 else "DIFFER"))
    for name, found in rates.items():
        print(f"{name:12s} median {statistics.median(found):6.2f} tokens/s, best {max(found):6.2f}")
    if args.json:
        with open(args.json, "w") as file:
            json.dump(dict(prompt=args.prompt, tokens=args.tokens, agree=len(sums) == 1,
                           onnxruntime=ort.__version__, tokens_per_second=rates), file, indent=1)


if __name__ == "__main__":
    main()
