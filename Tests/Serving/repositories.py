"""The servers that the checks run against: flags and models of each profile."""

from models import (ONE_CPU, Model, accumulator, add_sub, batch_teller, controls, ensemble, identity, native,
                    optional_input, pick, ragged, repeat, served, square, versioned, DATATYPES, write)

LABELS = "".join(f"label {i}\n" for i in range(12))


def queue(text):
    return f"dynamic_batching {{ {text} }}\n"


def main_models():
    models = [identity(f"identity_{name.lower()}", name) for name in DATATYPES]
    models += [
        add_sub("simple", "INT32"),
        add_sub("add_sub", labels=LABELS, more=ONE_CPU + queue("")),
        identity("plain", "FP32", batch=0, dims=(2, 2), more=""),
        identity("variable", "FP32", batch=0, dims=(-1, 3, -1)),
        identity("scalar", "FP32", batch=8, dims=(1,), onnx_shape=["batch"], entry="reshape { shape: [ ] }"),
        identity("reshaped", "FP32", batch=8, dims=(4,), onnx_shape=["batch", 2, 2],
                 entry="reshape { shape: [ 2, 2 ] }"),
        identity("strings", "BYTES", batch=0, dims=(-1, -1)),
        identity("large", "FP32", batch=0, dims=(-1,)),
        native("native", "BYTES"), native("native_int32"),
        optional_input("optional"), ragged("ragged"), pick("pick"),
        versioned("versions"), versioned("versions_all", more="version_policy { all { } }\n"),
        versioned("versions_two", more="version_policy { latest { num_versions: 2 } }\n"),
        versioned("versions_some", more="version_policy { specific { versions: [ 1, 3 ] } }\n"),
        repeat(), square(),
        ensemble("pair", [("A", "FP32", [16]), ("B", "FP32", [16])], [("SUM", "FP32", [16]), ("BACK", "FP32", [16])],
                 [("add_sub", {"INPUT0": "A", "INPUT1": "B"}, {"OUTPUT0": "SUM", "OUTPUT1": "difference"}),
                  ("identity_fp32", {"INPUT0": "difference"}, {"OUTPUT0": "BACK"})]),
        ensemble("failing", [("A", "FP32", [4]), ("I", "INT64", [1])], [("OUT", "FP32", [1])],
                 [("pick", {"INPUT0": "A", "INPUT1": "I"}, {"OUTPUT0": "OUT"})], batch=0),
        ensemble("repeated", [("IN", "INT32", [-1]), ("DELAY", "UINT32", [-1]), ("WAIT", "UINT32", [1])],
                 [("OUT", "INT32", [1])],
                 [("repeat", {k: k for k in ("IN", "DELAY", "WAIT")}, {"OUT": "OUT"})], batch=0),
    ]
    return models


def scheduling_models():
    return [
        batch_teller("default"),
        batch_teller("batched", queue("max_queue_delay_microseconds: 300000 preferred_batch_size: [ 4, 8 ]")),
        batch_teller("delayed", queue("max_queue_delay_microseconds: 400000")),
        native("slow", delay=200),
        native("slow_batched", delay=150, more=queue("")),
        native("slow_short_queue", delay=300, more=queue("default_queue_policy { max_queue_size: 2 }"), batch=1),
        native("slow_timeout", delay=300, batch=1, more=queue(
            "default_queue_policy { timeout_action: REJECT default_timeout_microseconds: 100000 "
            "allow_timeout_override: true }")),
        native("slow_delay_policy", delay=200, batch=1, more=queue(
            "default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 50000 }")),
        native("slow_fixed_timeout", delay=300, batch=1, more=queue(
            "default_queue_policy { timeout_action: REJECT allow_timeout_override: false }")),
        native("slow_priority", delay=150, batch=1, more=queue("priority_levels: 3 default_priority_level: 2")),
        native("slow_ordered", delay=50, batch=2, more=queue("preserve_ordering: true")),
        Model("wide", native("wide", delay=200, batch=1).config.replace("count: 1", "count: 3"), None),
        native("cancelled", delay=500, batch=1, more=queue("")),
        ensemble("chain", [("INPUT0", "INT32", [-1])], [("OUTPUT0", "INT32", [-1])],
                 [("slow", {"INPUT0": "INPUT0"}, {"OUTPUT0": "between"}),
                  ("slow_batched", {"INPUT0": "between"}, {"OUTPUT0": "OUTPUT0"})]),
    ]


def sequence_models():
    return [
        accumulator("direct", "direct { }"),
        accumulator("oldest", "oldest { max_candidate_sequences: 4 max_queue_delay_microseconds: 1000 }"),
        accumulator("initial_file", "direct { }", initial='initial_state: { name: "file" data_type: TYPE_INT32 '
                    'dims: [ 1 ] data_file: "hundred" }',
                    files={"initial_state/hundred": (100).to_bytes(4, "little")}),
        accumulator("idle", "direct { }", idle=500_000),
        accumulator("one_slot", "direct { }", batch=1, idle=2_000_000),
        controls("controls"), controls("controls_oldest", "oldest { max_candidate_sequences: 4 }"),
        controls("controls_string", correlation="BYTES"),
        controls("controls_int32", correlation="INT32"),
    ]


def cache_models():
    return [native("cached", delay=100, more="response_cache { enable: true }\n"),
            native("uncached", delay=100),
            ensemble("cached_chain", [("INPUT0", "INT32", [-1])], [("OUTPUT0", "INT32", [-1])],
                     [("cached", {"INPUT0": "INPUT0"}, {"OUTPUT0": "OUTPUT0"})], more="response_cache { enable: true }\n")]


def limited_models():
    def limited(name, count):
        model = native(name, delay=150, batch=1)
        return Model(name, model.config.replace(
            "count: 1 kind: KIND_CPU",
            f'count: {count} kind: KIND_CPU rate_limiter {{ resources [ {{ name: "slot" count: 2 }} ] priority: 1 }}'))
    return [limited("limited", 2), limited("limited_too", 1), native("free", delay=10)]


def lifecycle_models():
    warm = """model_warmup [ { name: "zeros" batch_size: 2 count: 3 inputs { key: "INPUT0"
      value { data_type: TYPE_INT32 dims: [ 4 ] zero_data: true } } },
      { name: "file" batch_size: 1 inputs { key: "INPUT0" value { data_type: TYPE_INT32 dims: [ 2 ] input_data_file: "two" } } } ]\n"""
    warmed = native("warmed", more=warm)
    warmed.files = {"warmup/two": (7).to_bytes(4, "little") * 2}
    return [add_sub("add_sub"), add_sub("simple", "INT32"), versioned("versions"), warmed,
            native("slow", delay=400, batch=1), native("native", "BYTES"),
            Model("broken", 'name: "broken"\nplatform: "onnxruntime_onnx"\nmax_batch_size: "eight"\n'),
            Model("other_name", 'name: "another"\nbackend: "identity"\n'),
            served("no_version", None, [("INPUT0", "INT32", [1])], [("OUTPUT0", "INT32", [1])], None,
                   backend='backend: "identity"', versions=()),
            ensemble("parent", [("INPUT0", "BYTES", [-1])], [("OUTPUT0", "BYTES", [-1])],
                     [("native", {"INPUT0": "INPUT0"}, {"OUTPUT0": "OUTPUT0"})])]


def small_models():
    return [add_sub("add_sub"), add_sub("simple", "INT32"), native("native"), repeat(), versioned("versions")]


def poll_models():
    return [versioned("versions", versions=("1",)), native("native")]


# name: (models, flags). The flags are Triton's; "{work}" is a folder for files of the profile.
PROFILES = {
    "main": (main_models, ["--trace-config=triton,file={work}/trace.json", "--trace-config=level=OFF"]),
    "scheduling": (scheduling_models, []),
    "sequences": (sequence_models, []),
    "cache": (cache_models, ["--cache-config=local,size=1048576"]),
    "limited": (limited_models, ["--rate-limit=execution_count", "--rate-limit-resource=slot:2"]),
    "lifecycle": (lifecycle_models, ["--model-control-mode=explicit", "--load-model=add_sub", "--load-model=native"]),
    "poll": (poll_models, ["--model-control-mode=poll", "--repository-poll-secs=1"]),
    "restricted": (small_models, [
        "--http-restricted-api=model-repository,statistics:admin=secret",
        "--grpc-restricted-protocol=model-repository,statistics:admin=secret"]),
    "shared": (small_models, []),
}


def prepare(profile, folder):
    models, flags = PROFILES[profile]
    write(folder / "repository", models())
    return folder / "repository", [flag.replace("{work}", str(folder)) for flag in flags]
