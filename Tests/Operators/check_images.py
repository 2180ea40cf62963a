#!/usr/bin/env python3
"""Decodes pictures that Pillow writes, of many kinds and sizes, with ImageDecoder and compares.

  check_images.py --runner .build/release/apus-conformance

Every pixel must be Pillow's; JPEG too, whose decoder follows libjpeg's arithmetic. Only JPEG 2000 by real wavelets may
differ by one. Needs onnx and Pillow.
"""
import argparse
import io
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image


def pictures():
    """Yields a name and the bytes of a file."""
    rng = np.random.RandomState(3)
    for height, width in ((1, 1), (2, 3), (8, 8), (17, 33), (40, 25)):
        smooth = np.add.outer(np.arange(height) * 5, np.arange(width) * 7)
        pixels = np.stack([smooth % 256, smooth * 3 % 256, rng.randint(0, 256, smooth.shape)], 2)
        colour = Image.fromarray(pixels.astype(np.uint8))
        grey = colour.convert("L")
        size = f"{height}x{width}"
        for kind, image in (("colour", colour), ("grey", grey)):
            for subsampling in ((0, 1, 2) if kind == "colour" else (0,)):
                for options in ({}, {"progressive": True}, {"quality": 15}, {"optimize": True}):
                    yield (f"jpeg {kind} {size} {subsampling} {options}", image, "JPEG",
                           {"subsampling": subsampling, **options} if kind == "colour" else options)
            yield f"png {kind} {size}", image, "PNG", {}
            yield f"bmp {kind} {size}", image, "BMP", {}
            yield f"pnm {kind} {size}", image, "PPM", {}
            for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
                yield f"tiff {compression} {kind} {size}", image, "TIFF", {"compression": compression}
        yield f"jpeg restarts {size}", colour, "JPEG", {"restart_marker_blocks": 1}
        for mode in ("P", "1"):
            for form in ("PNG", "BMP", "TIFF"):
                yield f"{form} {mode} {size}", colour.convert(mode), form, {}
        yield f"png alpha {size}", colour.convert("RGBA"), "PNG", {}
        yield f"png few colours {size}", colour.quantize(4), "PNG", {"bits": 2}
        for kind, image in (("colour", colour), ("grey", grey)):
            for options in waves(height, width):
                yield f"jpeg2000 {kind} {size} {options}", image, "JPEG2000", options
        yield f"jpeg2000 alpha {size}", colour.convert("RGBA"), "JPEG2000", {}
        yield f"webp {size}", colour, "WEBP", {}
        yield f"webp lossless {size}", colour, "WEBP", {"lossless": True}


def waves(height, width):
    """Options of JPEG 2000: wavelets, tiles, progressions, layers, block and precinct sizes."""
    yield {"num_resolutions": 1}
    yield {"no_jp2": True, "num_resolutions": 3}
    for order in ("LRCP", "RLCP", "RPCL", "PCRL", "CPRL"):
        yield {"progression": order, "num_resolutions": 3, "quality_layers": [40, 10, 0], "codeblock_size": (4, 8)}
    for irreversible in (False, True):
        yield {"irreversible": irreversible, "mct": 0, "num_resolutions": 2}
        yield {"irreversible": irreversible, "num_resolutions": 3, "quality_layers": [20]}
        yield {"irreversible": irreversible, "num_resolutions": 3, "precinct_size": (16, 8), "codeblock_size": (8, 8)}
        if min(height, width) > 8:
            yield {"irreversible": irreversible, "num_resolutions": 2, "tile_size": (16, 8), "offset": (3, 1), "tile_offset": (1, 0)}
            yield {"irreversible": irreversible, "num_resolutions": 2, "tile_size": (7, 13)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runner", required=True)
    options = parser.parse_args()
    formats = {"RGB": "RGB", "BGR": "RGB", "Grayscale": "L"}
    wrong = 0
    with tempfile.TemporaryDirectory() as work:
        jobs = []
        for index, (name, image, form, settings) in enumerate(pictures()):
            stream = io.BytesIO()
            try:
                image.save(stream, form, **settings)
            except OSError:
                continue  # not every option goes with every size
            data = np.frombuffer(stream.getvalue(), np.uint8)
            pixel_format = list(formats)[index % 3]
            wanted = np.array(Image.open(stream).convert("RGB"))
            if pixel_format == "BGR":
                wanted = wanted[:, :, ::-1]
            if pixel_format == "Grayscale":
                wanted = np.array(Image.fromarray(wanted).convert("L"))[:, :, None]
            folder = os.path.join(work, str(index))
            os.makedirs(os.path.join(folder, "test_data_set_0"))
            node = helper.make_node("ImageDecoder", ["x"], ["y"], pixel_format=pixel_format)
            graph = helper.make_graph(
                [node], "picture", [helper.make_tensor_value_info("x", TensorProto.UINT8, [None])],
                [helper.make_tensor_value_info("y", TensorProto.UINT8, [None, None, None])])
            onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9),
                      os.path.join(folder, "model.onnx"))
            with open(os.path.join(folder, "test_data_set_0", "input_0.pb"), "wb") as file:
                file.write(numpy_helper.from_array(data, "x").SerializeToString())
            jobs.append((name, pixel_format, folder, wanted))
        listing = os.path.join(work, "list")
        with open(listing, "w", encoding="utf-8") as file:
            for _, _, folder, _ in jobs:
                file.write(f"{folder}\t{folder}/out\n")
        subprocess.run([options.runner, "--mode", "reference", "--batch", listing],
                       capture_output=True, timeout=600)
        for name, pixel_format, folder, wanted in jobs:
            path = os.path.join(folder, "out", "test_data_set_0", "output_0.pb")
            if not os.path.exists(path):
                print(f"{name} {pixel_format}: no result")
                wrong += 1
                continue
            with open(path, "rb") as file:
                found = numpy_helper.to_array(TensorProto.FromString(file.read()))
            if found.shape != wanted.shape:
                print(f"{name} {pixel_format}: shape {found.shape} for {wanted.shape}")
                wrong += 1
                continue
            worst = np.abs(found.astype(int) - wanted).max(initial=0)
            # Real wavelets are computed in another precision.
            if worst > ("irreversible': True" in name):
                print(f"{name} {pixel_format}: differs by up to {worst}")
                wrong += 1
    print(f"{len(jobs) - wrong} of {len(jobs)} pictures agree")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
