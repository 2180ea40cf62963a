"""The console page in a headless browser: it shows, tries, loads and unloads models, and keeps to access rules.

    check_console.py --apus PATH --browser /usr/bin/chromium [--pictures FOLDER]

Needs the packages playwright and onnx, and a Chromium. Exits 1 and says what differs; with --pictures, screenshots
of both themes and of a narrow window are left to look at.
"""

import argparse
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import onnx
from onnx import TensorProto, helper
from playwright.sync_api import sync_playwright

FAILURES = []


def check(name, found):
    print(("ok   " if found else "FAIL ") + name)
    if not found:
        FAILURES.append(name)


def model(folder, name, nodes, inputs, outputs):
    """Writes one model into a repository."""
    path = folder / name / "1"
    path.mkdir(parents=True)
    info = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, name, [info(*i) for i in inputs], [info(*o) for o in outputs])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path / "model.onnx")


def repository(folder):
    number, text = TensorProto.INT32, TensorProto.STRING
    model(folder, "add", [helper.make_node("Add", ["A", "B"], ["SUM"])],
          [("A", number, [4]), ("B", number, [4])], [("SUM", number, [4])])
    model(folder, "picture", [helper.make_node("ReduceMean", ["IMAGE"], ["MEAN"], axes=[2, 3], keepdims=0)],
          [("IMAGE", TensorProto.FLOAT, [1, 3, 16, 16])], [("MEAN", TensorProto.FLOAT, [1, 3])])
    model(folder, "text", [helper.make_node("Identity", ["IN"], ["OUT"])],
          [("IN", text, [1])], [("OUT", text, [1])])
    (folder / "broken" / "1").mkdir(parents=True)
    (folder / "broken" / "1" / "model.onnx").write_text("no model")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def start(apus, folder, *flags):
    """A server; returns its process and address."""
    port = free_port()
    process = subprocess.Popen(
        [apus, "serve", f"--model-repository={folder}", "--model-control-mode=explicit", "--load-model=*",
         "--exit-on-error=false", "--strict-readiness=false", f"--http-port={port}", "--allow-grpc=false",
         "--allow-metrics=false", "--drain-delay-secs=0", *flags], stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/"
    for _ in range(200):
        try:
            urllib.request.urlopen(address + "v2/health/live", timeout=1)
            return process, address
        except OSError:
            time.sleep(0.05)
    process.kill()
    sys.exit("the server does not start")


def use(page, address, pictures):
    messages = []
    page.on("console", lambda m: messages.append(m.text))
    page.on("pageerror", lambda e: messages.append(str(e)))
    page.goto(address)
    page.wait_for_selector("#rows td b")
    check("models are listed", page.locator("#rows tr").count() == 4)
    check("a model that fails says why", "not an ONNX model" in page.inner_text("#rows"))
    check("the server is ready", page.inner_text("#state") == "ready")
    page.select_option("#model", "add")
    page.wait_for_selector('textarea[aria-label="values of B"]')
    page.fill('textarea[aria-label="values of A"]', "[1, 2, -3, 2147483647]")
    page.click("#try button.primary")
    page.wait_for_selector("#answer pre")
    check("numbers are tried", page.inner_text("#answer pre") == "1, 2, -3, 2147483647")
    page.fill('textarea[aria-label="values of A"]', "[1,")
    page.click("#try button.primary")
    page.wait_for_selector("#answer .notice")
    check("a mistake is told", page.inner_text("#answer .notice").startswith("A: "))
    page.select_option("#model", "text")
    page.wait_for_selector('textarea[aria-label="values of IN"]')
    page.fill('textarea[aria-label="values of IN"]', "grüße <b>")
    page.click("#try button.primary")
    page.wait_for_selector("#answer pre")
    check("texts are tried, and are no markup", page.inner_text("#answer pre") == '"grüße <b>"')
    page.select_option("#model", "picture")
    page.wait_for_selector('input[type="file"]')
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="#f00"/></svg>'
    page.set_input_files('input[type="file"]',
                         files=[{"name": "red.png", "mimeType": "image/png", "buffer": red(page, drawing)}])
    page.wait_for_timeout(500)
    page.click("#try button.primary")
    page.wait_for_selector("#answer pre")
    check("pictures are tried", page.inner_text("#answer pre") == "1, 0, 0")
    page.click('button[aria-label="Config add"]')
    check("a configuration is shown", '"max_batch_size"' in page.inner_text("#detailtext"))
    page.click("#detail button")
    page.click('button[aria-label="Unload add"]')
    page.wait_for_selector('button[aria-label="Load add"]')
    page.click('button[aria-label="Load add"]')
    page.wait_for_selector('button[aria-label="Unload add"]')
    check("models are unloaded and loaded", True)
    page.wait_for_timeout(4500)
    if pictures:
        for theme in ("first", "second"):
            page.screenshot(path=pictures / f"console-{theme}.png", full_page=True)
            page.click("#theme")
        page.set_viewport_size({"width": 400, "height": 900})
        page.screenshot(path=pictures / "console-narrow.png", full_page=True)
    check(f"the browser has nothing to say {messages}", not messages)


def red(page, drawing):
    """A PNG made of a drawing by the browser itself."""
    data = page.evaluate(
        """async (text) => {
          const image = new Image();
          image.src = 'data:image/svg+xml,' + encodeURIComponent(text);
          await image.decode();
          const canvas = document.createElement('canvas');
          canvas.width = canvas.height = 64;
          canvas.getContext('2d').drawImage(image, 0, 0);
          const blob = await new Promise((done) => canvas.toBlob(done));
          return [...new Uint8Array(await blob.arrayBuffer())];
        }""", drawing)
    return bytes(data)


def use_restricted(page, address):
    page.goto(address)
    page.wait_for_selector("#notice:not([hidden])")
    check("what is restricted is told", "restricted" in page.inner_text("#notice"))
    check("and not shown", page.locator("#rows td b").count() == 0)
    page.click("#access")
    page.fill("#headername", "admin-key")
    page.fill("#headervalue", "secret")
    page.click('#accessdialog button[value="save"]')
    page.wait_for_selector("#rows td b")
    check("with the header it is", page.locator("#rows tr").count() == 4)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apus", required=True)
    parser.add_argument("--browser", required=True)
    parser.add_argument("--pictures", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as play:
        folder = pathlib.Path(name)
        repository(folder)
        browser = play.chromium.launch(executable_path=arguments.browser, args=["--no-sandbox"])
        for flags, steps in (([], lambda page, at: use(page, at, arguments.pictures)),
                             (["--http-restricted-api=model-repository,statistics:admin-key=secret"], use_restricted)):
            process, address = start(arguments.apus, folder, *flags)
            try:
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.set_default_timeout(10_000)
                steps(page, address)
                page.close()
            finally:
                process.terminate()
                process.wait(20)
        browser.close()
    sys.exit(bool(FAILURES))


main()
