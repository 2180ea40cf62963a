#!/usr/bin/env bash
# Unit tests, C kernels, operators, custom operators and pictures against other programs, hostile
# models, the server through Triton's clients and against malformed requests, manifests, scikit-learn
# pipelines, random graphs, the official ONNX suite, real networks and edited models against ONNX Runtime.
# The unit tests replay the fuzz targets; libFuzzer itself is for Fuzz/run.sh by hand, and so are the
# console in a browser (Tests/Console), packages (Scripts/package.sh --check) and Tests/Serving/soak.py.
# --quick runs the unit tests alone. What the tests need is fetched into ignored folders.
set -euo pipefail
cd "$(dirname "$0")/.."
quick=0
[ "${1:-}" = "--quick" ] && quick=1
# One configuration for everything; the server stands behind a trait.
flags=(-c release -Xswiftc -enable-testing --traits Server)
step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

step "build, release"
swift build "${flags[@]}" --build-tests

step "unit tests"
swift test "${flags[@]}" --skip-build
if [ $quick = 1 ]; then exit 0; fi

step "C kernels"
for script in Tests/CKernels/*.sh; do ROUNDS=400 sh "$script"; done

step "Python environment (.venv)"
if [ ! -x .venv/bin/python ]; then
  python3 -m venv .venv
  .venv/bin/pip install --quiet onnx==1.23.2 onnxruntime==1.31.1 numpy==2.4.6
fi

# Environments made before may lack these.
.venv/bin/python -c "import skl2onnx, sklearn, PIL" 2> /dev/null \
  || .venv/bin/pip install --quiet scikit-learn==1.9.1 skl2onnx==1.20.0 pillow==13.0.0
.venv/bin/python -c "import tritonclient.http, tritonclient.grpc, ml_dtypes" 2> /dev/null \
  || .venv/bin/pip install --quiet "tritonclient[http,grpc]==2.73.0" ml_dtypes==0.5.4
.venv/bin/python -c "import kubernetes_validate, yaml" 2> /dev/null \
  || .venv/bin/pip install --quiet kubernetes-validate==1.37.0 pyyaml==6.0.3

binary=$(swift build "${flags[@]}" --show-bin-path)

step "operators against ONNX Runtime"
for mode in reference engine; do
  .venv/bin/python Tests/Operators/check_onnxruntime.py "$binary/apus-conformance" --mode "$mode"
done

step "custom operators from a library"
.venv/bin/python Tests/Plugins/check_plugins.py --apus "$binary/apus" --work .test-data/plugins

step "pictures against Pillow"
.venv/bin/python Tests/Operators/check_images.py --runner "$binary/apus-conformance"

step "hostile models: exit code, time and memory"
.venv/bin/python Tests/Hostile/run.py --apus "$binary/apus"

step "the server through Triton's clients"
.venv/bin/python Tests/Serving/check_serving.py --apus "$binary/apus"

step "malformed requests"
.venv/bin/python Tests/Serving/fuzz_serving.py --apus "$binary/apus" --count 500

step "manifests for Kubernetes and KServe"
.venv/bin/python Tests/Packaging/check_manifests.py

step "scikit-learn pipelines"
timeout 600 .venv/bin/python Tests/MachineLearning/check_sklearn.py \
  --runner "$binary/apus-conformance" --at-least 84

step "random graphs against ONNX Runtime"
.venv/bin/python Tests/RandomGraphs/check_random_graphs.py "$binary/apus-conformance"

tools=../shared/conformance
if [ ! -d "$tools" ]; then
  echo "skipped: the ONNX suite and the networks need $tools"
  exit 0
fi

step "the official ONNX suite: by definition, as optimised plan, through an engine file"
mkdir -p .test-data
[ -d .test-data/suite ] || .venv/bin/python "$tools/make_suite.py" -o .test-data/suite > /dev/null
for mode in reference optimized engine; do
  .venv/bin/python "$tools/run_suite.py" --suite .test-data/suite -j 2 -q --timeout 240 \
    -o ".test-data/$mode.json" -- "$binary/apus-conformance" --mode "$mode" \
    > ".test-data/$mode.log" || true
  tail -n 1 ".test-data/$mode.log"
  python3 Scripts/check_conformance.py ".test-data/$mode.json" \
    Tests/Conformance/expected_passes.txt
done

step "the table of operators"
.venv/bin/python -W ignore Scripts/support_matrix.py --check \
  --apus "$binary/apus" --runner "$binary/apus-conformance" --suite .test-data/suite

step "the suite with constant operands"
if [ ! -d .test-data/baked ]; then
  .venv/bin/python "$tools/make_baked.py" --suite .test-data/suite -o .test-data/baked.new
  .venv/bin/python "$tools/make_baked.py" --suite .test-data/suite -o .test-data/baked.new --all
  mv .test-data/baked.new .test-data/baked
fi
for mode in reference optimized engine; do
  .venv/bin/python "$tools/run_suite.py" --suite .test-data/baked --folder node-baked \
    --folder node-all-constant -j 2 -q -o ".test-data/baked-$mode.json" \
    -- "$binary/apus-conformance" --mode "$mode" > ".test-data/baked-$mode.log" || true
  tail -n 1 ".test-data/baked-$mode.log"
  python3 Scripts/check_conformance.py ".test-data/baked-$mode.json" --all-but
done

step "the suite in older versions of its operators"
for mode in reference engine; do
  .venv/bin/python Tests/Operators/check_opsets.py .test-data/suite "$binary/apus-conformance" \
    --mode "$mode"
done

step "networks against ONNX Runtime"
if [ ! -d .test-data/networks ]; then
  mkdir -p .test-data/networks.new
  for name in resnet50 mobilenet_v3_large efficientnet_b0 t5_cross_kv t5_decoder_kv t5_encoder; do
    .venv/bin/python ../shared/models/materialize.py -o .test-data/networks.new \
      "../shared/models/$name.graph.onnx"
  done
  mv .test-data/networks.new .test-data/networks
fi
.venv/bin/python "$tools/networks_agree.py" --apus "$binary/apus" --nets .test-data/networks \
  --work .test-data/agree
.venv/bin/python "$tools/networks_agree.py" --apus "$binary/apus" --nets .test-data/networks \
  --work .test-data/agree --extra=--via-engine
step "edited models against ONNX Runtime"
if [ ! -d .test-data/transformers ]; then
  mkdir -p .test-data/transformers.new
  for name in gpt2_nocache siamese_uie_text vit_b_16; do
    "$binary/apus" materialize "../shared/models/$name.graph.onnx" \
      ".test-data/transformers.new/$name.onnx"
  done
  mv .test-data/transformers.new .test-data/transformers
fi
.venv/bin/python Tests/Surgery/check_surgeon.py --apus "$binary/apus" --work .test-data/surgery \
  .test-data/networks/t5_encoder.onnx .test-data/networks/mobilenet_v3_large.onnx \
  .test-data/transformers/*.onnx
step "done"
