internal import ApusIR
internal import ApusONNX
internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

/// Expected numbers are ONNX Runtime's.
@Suite struct MachineLearningImportTests {
  private func run(
    _ operation: String, opset: Int, _ inputs: [HostTensor],
    _ attributes: [Onnx_AttributeProto], outputs: Int = 1
  ) throws -> [HostTensor] {
    var builder = ModelBuilder(opset: 17)
    builder.model.opsetImport.append(ModelBuilder.opset("ai.onnx.ml", opset))
    for (index, tensor) in inputs.enumerated() {
      builder.input("x\(index)", tensor.element, tensor.shape.map { .number(Int64($0)) })
    }
    let results = (0..<outputs).map { "y\($0)" }
    builder.node(
      operation, inputs.indices.map { "x\($0)" }, results, attributes, domain: "ai.onnx.ml")
    for result in results { builder.output(result) }
    return try ReferenceEvaluator(builder.graph()).run(inputs)
  }

  /// A stump over one feature: leaf 1 up to 0.5, leaf 2 over it, with votes (leaf, class, weight).
  private func stump(
    _ votes: [(leaf: Int, target: Int, weight: Float)], _ labels: [Int],
    _ more: [Onnx_AttributeProto] = []
  ) throws -> (labels: [Int], scores: [Double]) {
    let found = try run(
      "TreeEnsembleClassifier", opset: 3, [.floats([0, 1], [2, 1])],
      [
        .ints("nodes_treeids", [0, 0, 0]), .ints("nodes_nodeids", [0, 1, 2]),
        .ints("nodes_featureids", [0, 0, 0]), .floats("nodes_values", [0.5, 0, 0]),
        .strings("nodes_modes", ["BRANCH_LEQ", "LEAF", "LEAF"]),
        .ints("nodes_truenodeids", [1, 0, 0]), .ints("nodes_falsenodeids", [2, 0, 0]),
        .ints("class_treeids", votes.map { _ in 0 }), .ints("class_nodeids", votes.map(\.leaf)),
        .ints("class_ids", votes.map(\.target)), .floats("class_weights", votes.map(\.weight)),
        .ints("classlabels_int64s", labels),
      ] + more, outputs: 2)
    return (try found[0].integers(), try found[1].reals())
  }

  @Test func votesForOneOfTwoClasses() throws {
    let positive = try stump([(1, 0, 0.3), (2, 0, 0.8)], [10, 20])
    #expect(positive.labels == [10, 20])
    #expect(close(positive.scores, [0.7, 0.3, 0.2, 0.8]))
    let mixed = try stump([(1, 0, -0.3), (2, 0, 0.8)], [10, 20])
    #expect(mixed.labels == [10, 20])
    #expect(close(mixed.scores, [0.3, -0.3, -0.8, 0.8]))
    let second = try stump([(1, 1, -0.3), (2, 1, 0.8)], [10, 20])
    #expect(second.labels == [10, 20])
    #expect(close(second.scores, [0, -0.3, 0, 0.8]))
    let logistic = try stump(
      [(1, 0, 0.3), (2, 0, 0.8)], [10, 20], [.string("post_transform", "LOGISTIC")])
    #expect(close(logistic.scores, [0.4256, 0.5744, 0.3100, 0.6900], 1e-4))
    let based = try stump(
      [(1, 0, -0.3), (2, 0, 0.8)], [10, 20], [.floats("base_values", [0.1])])
    #expect(close(based.scores, [0.2, -0.2, -0.9, 0.9]))
  }

  @Test func onlyClassesWithVotesWin() throws {
    let votes: [(Int, Int, Float)] = [(1, 0, -0.3), (1, 1, -0.8), (2, 2, 0.5)]
    let plain = try stump(votes, [10, 20, 30])
    #expect(plain.labels == [10, 30])
    #expect(close(plain.scores, [-0.3, -0.8, 0, 0, 0, 0.5]))
    let based = try stump(votes, [10, 20, 30], [.floats("base_values", [0.1, 0.2, -0.3])])
    #expect(based.labels == [10, 20])
    #expect(close(based.scores, [-0.2, -0.6, -0.3, 0.1, 0.2, 0.2]))
  }

  @Test func votesForBothClasses() throws {
    let found = try stump(
      [(1, 0, 0.7), (1, 1, 0.3), (2, 0, 0.2), (2, 1, 0.8)], [10, 20])
    #expect(found.labels == [10, 20])
    #expect(close(found.scores, [0.7, 0.3, 0.2, 0.8]))
  }

  @Test func damagedTrees() {
    for (name, value) in [
      ("nodes_truenodeids", [0, 0, 0]), ("nodes_truenodeids", [9, 0, 0]),
      ("nodes_featureids", [-1, 0, 0]), ("class_ids", [7]), ("class_nodeids", [5]),
    ] {
      var lists = [
        "nodes_treeids": [0, 0, 0], "nodes_nodeids": [0, 1, 2], "nodes_featureids": [0, 0, 0],
        "nodes_truenodeids": [1, 0, 0], "nodes_falsenodeids": [2, 0, 0], "class_treeids": [0],
        "class_nodeids": [1], "class_ids": [0], "classlabels_int64s": [0, 1, 2],
      ]
      lists[name] = value
      #expect(throws: (any Error).self, "\(name)") {
        try run(
          "TreeEnsembleClassifier", opset: 1, [.floats([0], [1, 1])],
          lists.map { .ints($0.key, $0.value) } + [
            .floats("nodes_values", [0.5, 0, 0]), .floats("class_weights", [1]),
            .strings("nodes_modes", ["BRANCH_LEQ", "LEAF", "LEAF"]),
          ], outputs: 2)
      }
    }
  }

  @Test func linearModels() throws {
    let x = try HostTensor.floats([-1, 0.2, 2], [3, 1])
    let attributes: [Onnx_AttributeProto] = [
      .floats("coefficients", [0.5]), .floats("intercepts", [0.1]),
      .ints("classlabels_ints", [10, 20]),
    ]
    let plain = try run("LinearClassifier", opset: 1, [x], attributes, outputs: 2)
    #expect(try plain[0].integers() == [10, 20, 20])
    #expect(close(try plain[1].reals(), [1.4, -0.4, 0.8, 0.2, -0.1, 1.1]))
    let logistic = try run(
      "LinearClassifier", opset: 1, [x], attributes + [.string("post_transform", "LOGISTIC")],
      outputs: 2)
    #expect(
      close(try logistic[1].reals(), [0.5987, 0.4013, 0.4502, 0.5498, 0.2497, 0.7503], 1e-4))
    let regression = try run(
      "LinearRegressor", opset: 1, [x],
      [.floats("coefficients", [0.5, 1]), .floats("intercepts", [0.1, 0]), .int("targets", 2)])
    #expect(close(try regression[0].reals(), [-0.4, -1, 0.2, 0.2, 1.1, 2]))
  }

  @Test func supportVectorMachines() throws {
    let x = try HostTensor.floats([-1, 0.2, 2], [3, 1])
    let two: [Onnx_AttributeProto] = [
      .floats("support_vectors", [-1, 1]), .ints("vectors_per_class", [1, 1]),
      .floats("coefficients", [1, -1]), .floats("rho", [0.1]), .string("kernel_type", "RBF"),
      .floats("kernel_params", [0.5, 0, 0]), .ints("classlabels_ints", [10, 20]),
    ]
    let plain = try run("SVMClassifier", opset: 1, [x], two, outputs: 2)
    #expect(try plain[0].integers() == [10, 20, 20])
    #expect(
      close(try plain[1].reals(), [-0.9647, 0.9647, 0.1394, -0.1394, 0.4954, -0.4954], 1e-4))
    let likely = try run(
      "SVMClassifier", opset: 1, [x], two + [.floats("prob_a", [-1]), .floats("prob_b", [0.1])],
      outputs: 2)
    #expect(
      close(try likely[1].reals(), [0.7036, 0.2964, 0.4403, 0.5597, 0.3554, 0.6446], 1e-3))
    let regression: [Onnx_AttributeProto] = [
      .floats("support_vectors", [-1, 1]), .int("n_supports", 2), .floats("coefficients", [1, -1]),
      .floats("rho", [0.1]), .string("kernel_type", "SIGMOID"),
      .floats("kernel_params", [0.5, 0.3, 0]),
    ]
    let values = try run("SVMRegressor", opset: 1, [x], regression)
    #expect(close(try values[0].reals(), [0.9614, -0.0826, -1.3661], 1e-4))
    let signs = try run("SVMRegressor", opset: 1, [x], regression + [.int("one_class", 1)])
    #expect(try signs[0].reals() == [1, -1, -1])
  }

  @Test func features() throws {
    let x = try HostTensor.floats([1, -4, 2, 0, 0, 0, -1, -2, -3], [3, 3])
    let top = try run("Normalizer", opset: 1, [x], [.string("norm", "MAX")])
    #expect(close(try top[0].reals(), [0.5, -2, 1, 0, 0, 0, 1, 2, 3]))
    let l1 = try run("Normalizer", opset: 1, [x], [.string("norm", "L1")])
    #expect(
      close(
        try l1[0].reals(), [0.1429, -0.5714, 0.2857, 0, 0, 0, -0.1667, -0.3333, -0.5], 1e-4))
    let imputed = try run(
      "Imputer", opset: 1, [.floats([1, .nan, 3, 4], [2, 2])],
      [.floats("imputed_value_floats", [7, 8]), .float("replaced_value_float", .nan)])
    #expect(try imputed[0].reals() == [1, 8, 3, 4])
    let joined = try run(
      "FeatureVectorizer", opset: 1, [.floats([1, 2]), .floats([5])],
      [.ints("inputdimensions", [2, 1])])
    #expect(joined[0].shape == [1, 3])
    let extracted = try run(
      "ArrayFeatureExtractor", opset: 1, [.floats([1, 2]), .longs([1, 0, 1], [1, 3])], [])
    #expect(extracted[0].shape == [1, 3])
    #expect(try extracted[0].reals() == [2, 1, 2])
    let scaled = try run(
      "Scaler", opset: 1, [.longs([3, 5], [1, 2])],
      [.floats("offset", [1, 2]), .floats("scale", [0.5])])
    #expect(try scaled[0].reals() == [1, 1.5])
    let binary = try run(
      "Binarizer", opset: 1, [.longs([1, 5, -1])], [.float("threshold", 1)])
    #expect(try binary[0].integers() == [0, 1, 0])
  }

  @Test func labels() throws {
    let texts = try HostTensor(texts: ["a", "z"], shape: [2])
    let first = try run(
      "LabelEncoder", opset: 1, [texts], [.strings("classes_strings", ["b", "a"])])
    #expect(try first[0].integers() == [1, -1])
    let back = try run(
      "LabelEncoder", opset: 1, [.longs([1, 5])], [.strings("classes_strings", ["b", "a"])])
    #expect(try back[0].elements() == .text(["a", "_Unused"]))
    let floats = try run(
      "LabelEncoder", opset: 2, [texts],
      [.strings("keys_strings", ["a"]), .floats("values_floats", [2]), .float("default_float", 9)])
    #expect(try floats[0].reals() == [2, 9])
    let mapped = try run(
      "CategoryMapper", opset: 1, [texts],
      [.strings("cats_strings", ["a"]), .ints("cats_int64s", [4]), .int("default_int64", 6)])
    #expect(try mapped[0].integers() == [4, 6])
    let hot = try run(
      "OneHotEncoder", opset: 1, [.floats([1.5, 9], [1, 2])], [.ints("cats_int64s", [1, 2])])
    #expect(hot[0].shape == [1, 2, 2])
    #expect(try hot[0].reals() == [1, 0, 0, 0])
    #expect(throws: (any Error).self) {
      try run(
        "OneHotEncoder", opset: 1, [.longs([9])], [.ints("cats_int64s", [1]), .int("zeros", 0)])
    }
  }
}
