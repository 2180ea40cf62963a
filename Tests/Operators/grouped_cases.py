"""GroupQueryAttention with its caches; run by check_onnxruntime.py."""

import numpy as np


def add(case, reals, codes, random):
    heads, shared, size = 4, 2, 16
    tables = [reals(16, size // 2), reals(16, size // 2)]

    def inputs(batch, steps, past, total, lengths=None):
        cache = [reals(batch, shared, past, size), reals(batch, shared, past, size)]
        last = np.array([total - 1] * batch if lengths is None else lengths, np.int32)
        return [reals(batch, steps, heads * size), reals(batch, steps, shared * size),
                reals(batch, steps, shared * size), *cache, last, np.array(total, np.int32)]

    counts = {"num_heads": heads, "kv_num_heads": shared}
    case("GroupQueryAttention", inputs(2, 4, 0, 4), 3, **counts)
    case("GroupQueryAttention", inputs(2, 1, 5, 6), 3, **counts)
    case("GroupQueryAttention", inputs(2, 1, 5, 6) + tables, 3, do_rotary=1, **counts)
    case("GroupQueryAttention", inputs(2, 4, 0, 4) + tables, 3, do_rotary=1, rotary_interleaved=1, **counts)
    case("GroupQueryAttention", inputs(1, 1, 5, 6), 3, local_window_size=3, **counts)
    case("GroupQueryAttention", inputs(1, 6, 0, 6), 3, local_window_size=3, softcap=2.0, **counts)
    case("GroupQueryAttention", inputs(1, 6, 0, 6), 3, smooth_softmax=1, **counts)
    case("GroupQueryAttention", inputs(1, 3, 4, 7), 3, scale=0.2, **counts)
    packed = reals(2, 4, (heads + 2 * shared) * size)
    case("GroupQueryAttention", [packed, None, None, *inputs(2, 4, 0, 4)[3:], *tables], 3, do_rotary=1, **counts)
    # Entries of different length: what lies behind an entry's keys is nobody's business.
    case("GroupQueryAttention", inputs(2, 1, 5, 6, [5, 3]) + tables, 3, do_rotary=1, judged=1, **counts)
    sinks = [None] * 4 + [reals(heads)]
    case("GroupQueryAttention", inputs(1, 6, 0, 6) + sinks, 1, **counts)
    bias = [None] * 3 + [reals(2, heads, 4, 4)]
    case("GroupQueryAttention", inputs(2, 4, 0, 4) + bias, 1, **counts)
    for mode in [1, 2]:
        case("GroupQueryAttention", inputs(2, 4, 0, 4), 4, qk_output=mode, **counts)
        case("GroupQueryAttention", inputs(1, 3, 4, 7), 4, qk_output=mode, softcap=2.0, local_window_size=3, **counts)
        case("GroupQueryAttention", inputs(2, 4, 0, 4) + bias, 4, qk_output=mode, smooth_softmax=1, **counts)
    # A cache with more room than the call needs.
    case("GroupQueryAttention", inputs(1, 1, 9, 6), 4, judged=1, qk_output=2, **counts)

    def coded(batch, steps, past, total, kind, bits, **attributes):
        query, key, value, *_, last, length = inputs(batch, steps, past, total)
        dtype, width = (np.int8, size) if bits == 8 else (np.uint8, size // 2)
        cache = [codes(batch, shared, past, width, dtype=dtype) for _ in range(2)]
        shape = [1] if kind == "PER_TENSOR" else [1, shared, 1, size]
        scales = [(0.02 if bits == 8 else 0.3) * (0.5 + random.random(shape, np.float32)) for _ in range(2)]
        case("GroupQueryAttention", [query, key, value, *cache, last, length] + [None] * 5 + scales, 3, steps=1,
             k_quant_type=kind, v_quant_type=kind, kv_cache_bit_width=bits, **counts, **attributes)

    for kind in ["PER_TENSOR", "PER_CHANNEL"]:
        for bits in [4, 8]:
            coded(2, 1, 5, 6, kind, bits, rtol=1e-3, atol=1e-3)
            coded(1, 3, 4, 7, kind, bits, rtol=1e-3, atol=1e-3)
    # A cache that drops the oldest positions by itself. Rows behind those that it keeps are not compared.
    for steps, before, capacity, window in [(1, 5, 4, 3), (1, 2, 4, 3), (3, 5, 4, 3), (6, 0, 4, 3), (5, 7, 8, 3), (4, 4, 4, 4)]:
        entry = inputs(1, steps, capacity, before + steps)
        case("GroupQueryAttention", entry, 3, judged=1, local_window_size=window, sliding_window_cache=1, **counts)
        case("GroupQueryAttention", entry + [None] * 3 + [reals(1, heads, steps, before + steps)], 3, judged=1,
             local_window_size=window, sliding_window_cache=1, **counts)
        kept, slack = before + steps, capacity - window + 1
        kept -= slack * max(-(-(kept - capacity) // slack), 0)
        if kept == capacity:
            case("GroupQueryAttention", entry, 3, local_window_size=window, sliding_window_cache=1, **counts)
    case("GroupQueryAttention", inputs(2, 1, 4, 9, [8, 5]), 3, judged=1, local_window_size=3, sliding_window_cache=1, **counts)
    coded(1, 1, 4, 9, "PER_TENSOR", 8, judged=1, local_window_size=4, sliding_window_cache=1, rtol=1e-3, atol=1e-3)
