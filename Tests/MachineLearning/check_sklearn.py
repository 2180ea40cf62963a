#!/usr/bin/env python3
"""Exports scikit-learn pipelines with skl2onnx, runs them with Apus and compares with scikit-learn.

  check_sklearn.py --runner .build/release/apus-conformance [--mode engine] [--at-least N] [--only TEXT] [-v]

Prints a line for each pipeline that does not agree and, last, how many agree. Exits 1 if fewer than
--at-least do, or if one runs and gives something else: pipelines may lack operators, they may not be
wrong. Needs scikit-learn, skl2onnx and onnx.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
from onnx import numpy_helper

warnings.filterwarnings("ignore")

from sklearn import datasets, decomposition, ensemble, feature_extraction, gaussian_process  # noqa: E402
from sklearn import impute, isotonic, linear_model, naive_bayes, neighbors, neural_network  # noqa: E402,F401
from sklearn import pipeline, preprocessing, svm, tree  # noqa: E402
from sklearn import cluster, compose, multioutput  # noqa: E402
from skl2onnx import to_onnx  # noqa: E402
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType  # noqa: E402

make_attribute = onnx.helper.make_attribute


def make_plain_attribute(key, value, *rest, **more):
    """Protobuf refuses the truth values that skl2onnx puts among integers."""
    if isinstance(value, (list, tuple, np.ndarray)) and any(
            isinstance(entry, (bool, np.bool_)) for entry in value):
        value = [int(entry) for entry in value]
    return make_attribute(key, value, *rest, **more)


onnx.helper.make_attribute = make_plain_attribute


def numeric():
    iris = datasets.load_iris()
    x = iris.data.astype(np.float32)
    three = iris.target
    two = (three == 1).astype(np.int64)
    names = np.array(["setosa", "versicolor", "virginica"])[three]
    # Away from split points, so that single precision decides like double.
    rng = np.random.RandomState(0)
    test = (x[::5] + rng.uniform(-0.043, 0.043, x[::5].shape)).astype(np.float32)
    y = (x @ np.array([1, -2, 0.5, 3]) + np.sin(x[:, 0])).astype(np.float64)
    holed = x.copy()
    holed[rng.rand(*x.shape) < 0.1] = np.nan
    holed_test = test.copy()
    holed_test[rng.rand(*test.shape) < 0.2] = np.nan
    return x, three, two, names, y, test, holed, holed_test


def pipelines():
    """Yields name, fitted model, inputs as arrays, options of the export, methods to compare."""
    x, three, two, names, y, test, holed, holed_test = numeric()
    classify = ["predict", "predict_proba"]
    classifiers = {
        "tree": tree.DecisionTreeClassifier(max_depth=4, random_state=0),
        "forest": ensemble.RandomForestClassifier(20, max_depth=5, random_state=0),
        "extra trees": ensemble.ExtraTreesClassifier(20, max_depth=5, random_state=0),
        "bagging": ensemble.BaggingClassifier(n_estimators=5, random_state=0),
        "gradient boosting": ensemble.GradientBoostingClassifier(n_estimators=15, random_state=0),
        "hist gradient boosting": ensemble.HistGradientBoostingClassifier(max_iter=15),
        "ada boost": ensemble.AdaBoostClassifier(n_estimators=8, random_state=0),
        "logistic": linear_model.LogisticRegression(max_iter=500),
        "linear discriminant": pipeline.make_pipeline(
            decomposition.PCA(3, random_state=0), linear_model.LogisticRegression()),
        "svc": svm.SVC(probability=True, random_state=0),
        "svc polynomial": svm.SVC(kernel="poly", degree=2, probability=True, random_state=0),
        "nu svc": svm.NuSVC(probability=True, random_state=0),
        "gaussian bayes": naive_bayes.GaussianNB(),
        "neighbours": neighbors.KNeighborsClassifier(5),
        "perceptron": neural_network.MLPClassifier(hidden_layer_sizes=(8,), max_iter=300, random_state=0),
        "gaussian process": gaussian_process.GaussianProcessClassifier(random_state=0),
        "voting": ensemble.VotingClassifier(
            [("a", linear_model.LogisticRegression()), ("b", tree.DecisionTreeClassifier(max_depth=3))],
            voting="soft", flatten_transform=False),
    }
    no_map = {"zipmap": False}
    for name, model in classifiers.items():
        for kind, target in (("three", three), ("two", two), ("names", names)):
            if kind == "names" and name not in ("tree", "forest", "svc", "logistic"):
                continue
            if name == "gaussian process" and kind != "two":
                continue
            yield f"{name} {kind}", model.fit(x, target), {"X": test}, no_map, classify
    yield ("svc decisions", svm.SVC(decision_function_shape="ovo").fit(x, three), {"X": test},
           no_map, ["predict"])
    yield ("linear svc", svm.LinearSVC().fit(x, three), {"X": test}, None, ["predict"])
    yield ("zip map", linear_model.LogisticRegression(max_iter=500).fit(x, three), {"X": test}, {},
           classify)
    yield ("zip map of names", tree.DecisionTreeClassifier(max_depth=4).fit(x, names), {"X": test},
           {}, classify)
    yield ("holes in hist gradient boosting",
           ensemble.HistGradientBoostingClassifier(max_iter=15).fit(holed, three), {"X": holed_test},
           no_map, classify)
    regressors = {
        "tree": tree.DecisionTreeRegressor(max_depth=5, random_state=0),
        "forest": ensemble.RandomForestRegressor(20, max_depth=6, random_state=0),
        "extra trees": ensemble.ExtraTreesRegressor(20, max_depth=6, random_state=0),
        "gradient boosting": ensemble.GradientBoostingRegressor(n_estimators=20, random_state=0),
        "hist gradient boosting": ensemble.HistGradientBoostingRegressor(max_iter=20),
        "linear": linear_model.LinearRegression(),
        "ridge": linear_model.Ridge(),
        "lasso": linear_model.Lasso(0.01),
        "svr": svm.SVR(),
        "svr linear": svm.SVR(kernel="linear"),
        "nu svr sigmoid": svm.NuSVR(kernel="sigmoid"),
        "neighbours": neighbors.KNeighborsRegressor(4),
        "gaussian process": gaussian_process.GaussianProcessRegressor(
            gaussian_process.kernels.RBF() + gaussian_process.kernels.WhiteKernel()),
        "perceptron": neural_network.MLPRegressor(hidden_layer_sizes=(8,), max_iter=300, random_state=0),
        "poisson": linear_model.PoissonRegressor(),
    }
    for name, model in regressors.items():
        target = np.abs(y) + 1 if name == "poisson" else y
        yield f"{name} regression", model.fit(x, target), {"X": test}, None, ["predict"]
    several = np.stack([y, -y, y * y], 1)
    yield ("forest of several targets",
           ensemble.RandomForestRegressor(10, max_depth=5, random_state=0).fit(x, several),
           {"X": test}, None, ["predict"])
    transforms = {
        "standard scaler": preprocessing.StandardScaler(),
        "min max scaler": preprocessing.MinMaxScaler(),
        "robust scaler": preprocessing.RobustScaler(),
        "max abs scaler": preprocessing.MaxAbsScaler(),
        "normalizer l1": preprocessing.Normalizer("l1"),
        "normalizer l2": preprocessing.Normalizer("l2"),
        "binarizer": preprocessing.Binarizer(threshold=2.5),
        "polynomial": preprocessing.PolynomialFeatures(2),
        "pca": decomposition.PCA(2, random_state=0),
        "truncated svd": decomposition.TruncatedSVD(2, random_state=0),
        "k bins": preprocessing.KBinsDiscretizer(4, encode="ordinal"),
    }
    for name, model in transforms.items():
        yield name, model.fit(x), {"X": test}, None, ["transform"]
    yield "k means", cluster.KMeans(3, n_init=2, random_state=0).fit(x), {"X": test}, None, ["predict"]
    yield ("imputer", impute.SimpleImputer().fit(holed), {"X": holed_test}, None, ["transform"])
    yield ("imputer of constants", impute.SimpleImputer(strategy="constant", fill_value=-7.0).fit(holed),
           {"X": holed_test}, None, ["transform"])
    yield ("isolation forest", ensemble.IsolationForest(n_estimators=10, random_state=0).fit(x), {"X": test}, None,
           ["predict"])
    yield "one class svm", svm.OneClassSVM().fit(x), {"X": test}, None, ["predict"]
    words = np.array([["red", "s"], ["green", "m"], ["blue", "l"], ["red", "m"]])
    unseen = np.array([["blue", "s"], ["green", "l"], ["pink", "m"]])
    yield ("one-hot encoder of strings",
           preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(words),
           {"X": unseen}, None, ["transform"])
    whole = np.array([[1, 5], [2, 6], [3, 5], [1, 7]], np.int64)
    yield ("one-hot encoder of integers",
           preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(whole),
           {"X": np.array([[3, 7], [9, 5]], np.int64)}, None, ["transform"])
    yield ("ordinal encoder", preprocessing.OrdinalEncoder().fit(words), {"X": words[::-1]}, None,
           ["transform"])
    yield ("label encoder", preprocessing.LabelEncoder().fit(names), {"X": names[::9]}, None,
           ["transform"])
    texts = ["The quick brown fox", "jumps over the lazy dog.", "the dog sleeps; the fox runs!",
             "quick quick quick", "nothing in common, 42"]
    for name, model in {
            "counts of words": feature_extraction.text.CountVectorizer(),
            "counts of pairs": feature_extraction.text.CountVectorizer(ngram_range=(1, 2)),
            "tf-idf": feature_extraction.text.TfidfVectorizer(),
            "tf-idf without stop words": feature_extraction.text.TfidfVectorizer(
                stop_words=["the", "in"]),
            "tf-idf of characters": feature_extraction.text.TfidfVectorizer(
                analyzer="char", ngram_range=(2, 3)),
    }.items():
        yield name, model.fit(texts), {"X": np.array(texts)}, None, ["transform"]
    labels = np.array([0, 1, 1, 0, 0])
    text_model = pipeline.make_pipeline(
        feature_extraction.text.TfidfVectorizer(), linear_model.LogisticRegression())
    yield ("text classifier", text_model.fit(texts, labels), {"X": np.array(texts)}, no_map, classify)


def export(model, inputs, options):
    types = []
    for name, array in inputs.items():
        shape = [None, array.shape[1]] if array.ndim == 2 else [None]
        kind = {"f": FloatTensorType, "i": Int64TensorType}.get(array.dtype.kind, StringTensorType)
        types.append((name, kind(shape)))
    if any(type(step).__name__.endswith("Vectorizer")
           for step in getattr(model, "named_steps", {"": model}).values()):
        types = [("X", StringTensorType([None]))]
    settings = {"zipmap": False} if options == {"zipmap": False} else None
    return to_onnx(model, initial_types=types, options={id(model): settings} if settings else None,
                   target_opset={"": 18, "ai.onnx.ml": 3})


def write_case(folder, proto, inputs):
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data)
    onnx.save(proto, os.path.join(folder, "model.onnx"))
    for index, value in enumerate(proto.graph.input):
        array = inputs[value.name]
        if array.dtype.kind in "US":
            array = array.astype(object)
        tensor = numpy_helper.from_array(array, value.name)
        with open(os.path.join(data, f"input_{index}.pb"), "wb") as file:
            file.write(tensor.SerializeToString())


def read_output(path, info):
    content = open(path, "rb").read()
    if info.type.WhichOneof("value") == "sequence_type":
        sequence = onnx.SequenceProto.FromString(content)
        rows = numpy_helper.to_list(sequence)
        return np.array([[float(row[key]) for key in sorted(row)] for row in rows])
    return numpy_helper.to_array(onnx.TensorProto.FromString(content))


def disagreement(found, wanted):
    wanted = np.asarray(wanted.toarray() if hasattr(wanted, "toarray") else wanted)
    found = np.asarray(found)
    if wanted.dtype.kind in "USO":
        found = np.array([v.decode() if isinstance(v, bytes) else str(v) for v in found.ravel()])
        return "" if (found == wanted.ravel()).all() else f"{found[:5]} for {wanted.ravel()[:5]}"
    if found.size != wanted.size:
        return f"shape {found.shape} for {wanted.shape}"
    found = found.reshape(wanted.shape).astype(np.float64)
    error = np.abs(found - wanted) - 1e-3 * np.abs(wanted)
    worst = float(np.max(error, initial=0))
    return "" if worst <= 2e-4 else f"differs by {worst:.3g}"


def check(runner, mode, work, name, model, inputs, options, methods):
    """A reason for disagreement, or an empty string."""
    try:
        proto = export(model, inputs, options)
    except Exception as error:  # What skl2onnx cannot export is not ours to answer for.
        return "skipped", f"not exported: {str(error)[:90]}"
    folder = os.path.join(work, name.replace(" ", "_"))
    write_case(folder, proto, inputs)
    out = os.path.join(folder, "out")
    run = subprocess.run([runner, "--mode", mode, folder, out], capture_output=True, text=True,
                         timeout=60)
    if run.returncode != 0:
        message = (run.stderr.strip().splitlines() or ["no message"])[-1][:300]
        return "unsupported" if run.returncode == 3 else "failed", message
    values = next(iter(inputs.values()))
    for index, method in enumerate(methods):
        found = read_output(os.path.join(out, "test_data_set_0", f"output_{index}.pb"),
                            proto.graph.output[index])
        reason = disagreement(found, getattr(model, method)(values))
        if reason:
            return "failed", f"{method} {reason}"
    return "agrees", ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runner", required=True)
    parser.add_argument("--mode", default="engine")
    parser.add_argument("--at-least", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("-v", action="store_true")
    options = parser.parse_args()
    counts = {"agrees": 0, "failed": 0, "unsupported": 0, "skipped": 0}
    with tempfile.TemporaryDirectory() as work:
        for case in pipelines():
            if options.only not in case[0]:
                continue
            verdict, reason = check(options.runner, options.mode, work, *case)
            counts[verdict] += 1
            if verdict != "agrees" or options.v:
                print(f"{verdict}: {case[0]}: {reason}")
    total = sum(counts.values()) - counts["skipped"]
    print(f"{counts['agrees']} of {total} scikit-learn pipelines agree"
          + (f", {counts['skipped']} are not exported by skl2onnx" if counts["skipped"] else ""))
    sys.exit(counts["failed"] > 0 or counts["agrees"] < options.at_least)


if __name__ == "__main__":
    main()
