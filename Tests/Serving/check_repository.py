"""The repository: index, load, unload, overrides, versions, polling, what cannot be loaded."""

import base64
import json
import shutil
import time

import numpy as np
import tritonclient.http as httpclient

import values
from harness import check, together
from models import add_sub, versioned

ROW = np.zeros((1, 4), np.float32)
PAIR = {"INPUT0": np.ones((1, 16), np.float32), "INPUT1": np.ones((1, 16), np.float32)}


def index(t, ready=False):
    status, _, body = t.server.request("POST", "/v2/repository/index", b'{"ready": true}' if ready else b"")
    return {(m["name"], m.get("version", "")): (m.get("state"), m.get("reason")) for m in json.loads(body)} if status == 200 else {}


def until(condition, seconds=10):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        try:
            if condition():
                return True
        except Exception:  # noqa: BLE001 (not ready yet)
            pass
        time.sleep(0.05)
    return False


def version_of(t, name="versions", version=""):
    return float(values.grpc(t, name, {"INPUT0": ROW}, model_version=version).as_numpy("OUTPUT0")[0, 0])


@check()
def index_of_all(t):
    found = index(t)
    t.equal("a ready model", found.get(("add_sub", "1")), ("READY", None))
    t.equal("each version that is served", sorted(v for n, v in found if n == "versions_all"), ["1", "2", "3"])
    t.equal("latest two", sorted(v for n, v in found if n == "versions_two"), ["2", "3"])
    t.equal("chosen ones", sorted(v for n, v in found if n == "versions_some"), ["1", "3"])
    message = t.grpc.get_model_repository_index()
    t.equal("grpc is the same", sorted((m.name, m.version, m.state) for m in message.models),
            sorted((n, v, s) for (n, v), (s, _) in found.items()))
    t.equal("ready only", index(t, True), found)
    t.answered("an empty object as body", t.server.request("POST", "/v2/repository/index", b"{}"), 200)
    t.expect("no JSON as body", t.server.request("POST", "/v2/repository/index", b"{")[0] >= 400)


@check()
def version_policies(t):
    t.equal("latest is the default", version_of(t), 3)
    t.refused("older ones are not served", lambda: version_of(t, version="2"), "version 2 is not (found|at ready)", "NOT_FOUND")
    t.equal("all", [version_of(t, "versions_all", v) for v in ("1", "2", "3", "")], [1, 2, 3, 3])
    t.equal("two", [version_of(t, "versions_two", v) for v in ("2", "3", "")], [2, 3, 3])
    t.equal("some", [version_of(t, "versions_some", v) for v in ("1", "3", "")], [1, 3, 3])
    t.refused("left out", lambda: version_of(t, "versions_some", "2"), "version 2 is not", "NOT_FOUND")
    result = values.http(t, "versions_all", {"INPUT0": ROW}, model_version="2")
    t.equal("http", (result.get_response()["model_version"], float(result.as_numpy("OUTPUT0")[0, 0])), ("2", 2.0))


@check()
def no_control_in_this_mode(t):
    t.answered("load", t.server.request("POST", "/v2/repository/models/add_sub/load", b""), 503,
               "explicit model load / unload is not allowed")
    t.refused("grpc unload", lambda: t.grpc.unload_model("add_sub"), "explicit model load / unload is not allowed", "UNAVAILABLE")


@check("lifecycle")
def load_and_unload(t):
    t.equal("what was asked for at the start", sorted(n for n, _ in index(t, True)), ["add_sub", "native"])
    t.expect("the rest is listed", ("versions", "") in index(t), index(t))
    for name, client in [("http", t.http), ("grpc", t.grpc)]:
        t.expect(f"{name} not ready before", not client.is_model_ready("versions"))
        client.load_model("versions")
        t.expect(f"{name} ready right after", client.is_model_ready("versions"))
        t.equal(f"{name} answers", version_of(t), 3)
        client.load_model("versions")
        t.equal(f"{name} loaded twice", version_of(t), 3)
        client.unload_model("versions")
        t.expect(f"{name} unloaded", until(lambda: not client.is_model_ready("versions")))  # noqa: B023
        t.expect(f"{name} index says so", until(lambda: index(t).get(("versions", "3")) == ("UNAVAILABLE", "unloaded")), index(t))
        t.refused(f"{name} no inference", lambda: version_of(t), "Request for unknown model: 'versions'", None)
    t.equal("http answers are empty", [t.server.request("POST", f"/v2/repository/models/simple/{v}", b"")[0::2] for v in ("load", "unload")],
            [(200, b"")] * 2)
    t.equal("unloading what is not loaded", t.server.request("POST", "/v2/repository/models/simple/unload", b"")[0], 200)
    t.expect("server stays ready", until(lambda: t.http.is_server_ready()), index(t))


@check("lifecycle")
def what_cannot_be_loaded(t):
    for name in ("nothing", "broken", "other_name", "no_version"):
        answer = t.server.request("POST", f"/v2/repository/models/{name}/load", b"")
        t.expect(f"{name} over http", answer[0] in (400, 500) and b'"error"' in answer[2], answer)
        t.refused(f"{name} over grpc", lambda: t.grpc.load_model(name), f"failed to load '{name}'|.")  # noqa: B023
    t.answered("unknown", t.server.request("POST", "/v2/repository/models/nothing/load", b""), 500,
               "failed to load 'nothing', failed to poll from model repository")
    t.expect("a failed load leaves the others", version_of_pair(t) == 2)
    t.answered("malformed body", t.server.request("POST", "/v2/repository/models/native/load", b"{"), 400, "error")


def version_of_pair(t, output="OUTPUT0"):
    return float(values.grpc(t, "add_sub", PAIR).as_numpy(output)[0, 0])


@check("lifecycle", only="apus")
def where_a_configuration_is_wrong(t):
    answer = t.server.request("POST", "/v2/repository/models/broken/load", b"")
    t.expect("file, line and field", all(w in answer[2] for w in (b"config.pbtxt", b"max_batch_size", b"3")), answer)


@check("lifecycle")
def config_override(t):
    config = t.http.get_model_config("add_sub")
    config["max_batch_size"] = 2
    for key in ("version_policy", "optimization", "instance_group"):
        config.pop(key, None)
    for name, client in [("http", t.http), ("grpc", t.grpc)]:
        client.load_model("add_sub", config=json.dumps(config))
        t.equal(f"{name} in effect", t.http.get_model_config("add_sub")["max_batch_size"], 2)
        t.refused(f"{name} and enforced", lambda: values.grpc(t, "add_sub", {k: np.ones((3, 16), np.float32) for k in PAIR}),
                  "batch-size must be <= 2", "INVALID_ARGUMENT")
        t.equal(f"{name} answers", version_of_pair(t), 2)
    t.http.load_model("add_sub")
    t.equal("a plain load goes back to the file", t.http.get_model_config("add_sub")["max_batch_size"], 8)
    t.http.unload_model("add_sub")
    until(lambda: not t.http.is_model_ready("add_sub"))
    t.http.load_model("add_sub")
    t.refused("no JSON", lambda: t.http.load_model("add_sub", config="{nothing"), ".")
    t.refused("unknown field", lambda: t.http.load_model("add_sub", config='{"max_batch_sise": 4}'), ".")
    t.equal("a failed load changes nothing", version_of_pair(t), 2)


@check("lifecycle", only="apus")
def file_override(t):
    """Files in the request make up the model's directory."""
    model = versioned("x").onnx_model("7").SerializeToString()
    config = json.dumps({"platform": "onnxruntime_onnx", "max_batch_size": 8,
                         "input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [4]}],
                         "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [4]}]})
    for name, client in [("http", t.http), ("grpc", t.grpc)]:
        client.load_model("from_files", config=config, files={"file:1/model.onnx": model})
        t.equal(f"{name} serves it", version_of(t, "from_files"), 7)
        client.unload_model("from_files")
        t.expect(f"{name} unloads it", until(lambda: not client.is_model_ready("from_files")))  # noqa: B023
    t.refused("files without config", lambda: t.http.load_model("from_files", files={"file:1/model.onnx": model}), "config")
    t.refused("a path that climbs out", lambda: t.http.load_model("evil", config=config, files={"file:../../evil/model.onnx": model}), ".")
    t.expect("nothing was written there", not (t.server.repository.parent.parent / "evil").exists())
    body = {"parameters": {"config": config, "file:1/model.onnx": "not base64!"}}
    t.expect("no base64", t.server.request("POST", "/v2/repository/models/from_files/load", json.dumps(body).encode())[0] >= 400)
    body["parameters"]["file:1/model.onnx"] = base64.b64encode(b"no model").decode()
    t.expect("no model", t.server.request("POST", "/v2/repository/models/from_files/load", json.dumps(body).encode())[0] >= 400)


@check("lifecycle")
def dependents(t):
    t.http.load_model("parent")
    t.expect("an ensemble loads with its parts", t.http.is_model_ready("parent"))
    x = np.array([[b"a\0", b""]], np.object_)
    t.same_array("and answers", values.grpc(t, "parent", {"INPUT0": x}).as_numpy("OUTPUT0"), x)
    t.http.unload_model("parent", unload_dependents=True)
    t.expect("its parts go with it", until(lambda: not t.http.is_model_ready("parent")))
    t.http.load_model("native")


@check("lifecycle")
def unload_with_requests_in_flight(t):
    t.http.load_model("slow")
    t.grpc.is_server_live()
    found = together(lambda: values.grpc(t, "slow", {"INPUT0": np.array([[5]], np.int32)}).as_numpy("OUTPUT0").tolist(),
                     lambda: time.sleep(0.1) or httpclient.InferenceServerClient(t.server.http_url).unload_model("slow"))
    t.equal("is answered", found[0], [[5]])
    t.expect("and then unloaded", until(lambda: index(t).get(("slow", "1"), ("", ""))[0] == "UNAVAILABLE"), index(t))


@check("lifecycle")
def reload_under_load(t):
    """The version that serves goes on until the new one is ready: no request fails."""
    t.grpc.is_server_live()
    stop = time.monotonic() + 1.5
    errors = []

    def requests():
        count = 0
        while time.monotonic() < stop:
            try:
                if version_of_pair(t) != 2:
                    errors.append("wrong")
                count += 1
            except Exception as error:  # noqa: BLE001
                errors.append(error)
        return count

    def loads():
        client = httpclient.InferenceServerClient(t.server.http_url)
        count = 0
        while time.monotonic() < stop - 0.2:
            (t.server.repository / "add_sub/config.pbtxt").touch()
            client.load_model("add_sub")
            count += 1
        return count
    found = together(requests, requests, loads)
    t.equal("errors", errors[:3], [])
    t.expect("loads and requests", found[0] > 10 and found[2] > 1, found)


@check("lifecycle")
def warm_up(t):
    t.http.load_model("warmed")
    t.expect("ready", t.http.is_model_ready("warmed"))
    found = t.http.get_inference_statistics("warmed")["model_stats"][0]
    t.expect("counts as no request or as all of its own", found["inference_stats"]["success"]["count"] in (0, 7), found)
    t.equal("its config", [w["name"] for w in t.http.get_model_config("warmed")["model_warmup"]], ["zeros", "file"])


@check("lifecycle")
def new_versions_and_removed_ones(t):
    t.http.load_model("versions")
    folder = t.server.repository / "versions"
    versioned("versions", versions=("9",)).write(t.server.repository)
    t.http.load_model("versions")
    t.equal("a new version is served", version_of(t), 9)
    time.sleep(0.1)
    shutil.rmtree(folder / "9")
    t.http.load_model("versions")
    t.equal("and gone again", version_of(t), 3)
    (folder / "0010").mkdir()
    (folder / "notes").mkdir()
    t.http.load_model("versions")
    t.equal("other folders do not matter", version_of(t), 3)


@check("lifecycle")
def statistics_of_unloaded(t):
    t.http.load_model("simple")
    t.http.unload_model("simple")
    until(lambda: not t.http.is_model_ready("simple"))
    t.refused("not available", lambda: t.http.get_inference_statistics("simple"), "not available", 400)


@check("own", only="apus")
def files_changed_under_a_served_model(t):
    """What is overwritten or cut in place does not reach into a model that serves."""
    from models import Model, constant, graph, helper
    def doubled(name, factor):
        weight = np.full((1024, 1024), 0, np.float32)
        np.fill_diagonal(weight, factor)
        return Model(name, 'platform: "onnxruntime_onnx"\n', graph(
            [helper.make_node("MatMul", ["x", "w"], ["y"])], [("x", "FP32", ["rows", 1024])], [("y", "FP32", ["rows", 1024])],
            [constant("w", weight)]))
    server = t.server.start([doubled("doubled", 2), versioned("versions")], ["--model-control-mode=explicit", "--load-model=*"])
    path = server.repository / "doubled/1/model.onnx"
    x = np.ones((1, 1024), np.float32)

    def answer():
        with httpclient.InferenceServerClient(server.http_url) as client:
            return client.infer("doubled", values.inputs(httpclient, {"x": x})).as_numpy("y")
    try:
        t.close_to("before", answer(), 2 * x)
        with open(path, "r+b") as file:
            file.seek(1000)
            file.write(bytes(2_000_000))
        t.close_to("overwritten", answer(), 2 * x)
        path.write_bytes(b"")
        t.close_to("cut to nothing", answer(), 2 * x)
        t.expect("a load then is refused", server.request("POST", "/v2/repository/models/doubled/load", b"")[0] >= 400)
        t.close_to("and what serves goes on", answer(), 2 * x)
        config = server.repository / "versions/config.pbtxt"
        network = server.repository / "versions/3/model.onnx"
        text, model, end = config.read_text(), network.read_bytes(), time.monotonic() + 2

        def rewrite():
            while time.monotonic() < end:
                config.write_text(text + "#" * 200_000)
                config.write_text(text)
                network.write_bytes(model + bytes(500_000))
                network.write_bytes(model)

        def load():
            while time.monotonic() < end and server.process.poll() is None:
                server.request("POST", "/v2/repository/models/versions/load", b"")
        together(rewrite, load, load, load)
        t.expect("files rewritten while they are read", server.process.poll() is None, server.process.poll())
    finally:
        t.equal("exit code", server.stop(), 0)


@check("poll")
def polling(t):
    t.equal("at the start", version_of(t), 1)
    versioned("versions", versions=("2",)).write(t.server.repository)
    t.expect("a new version is found", until(lambda: version_of(t) == 2))
    add_sub("added").write(t.server.repository)
    t.expect("a new model is found", until(lambda: t.http.is_model_ready("added")))
    shutil.rmtree(t.server.repository / "versions/2")
    t.expect("a removed version goes", until(lambda: version_of(t) == 1))
    shutil.rmtree(t.server.repository / "added")
    t.expect("a removed model goes", until(lambda: not t.http.is_model_ready("added")))
    config = t.server.repository / "native/config.pbtxt"
    text = config.read_text()
    time.sleep(1.1)
    config.write_text(text.replace("max_batch_size: 8", "max_batch_size: 3"))
    t.expect("a changed configuration is taken", until(lambda: t.http.get_model_config("native")["max_batch_size"] == 3))
    time.sleep(1.1)
    config.write_text("nonsense {")
    time.sleep(2)
    t.expect("a broken one leaves what serves", t.http.is_model_ready("native"))
    t.answered("no load in this mode", t.server.request("POST", "/v2/repository/models/native/load", b""), 503,
               "explicit model load / unload is not allowed if polling is enabled")
    config.write_text(text)
