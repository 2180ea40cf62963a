internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

@Suite struct AttentionImportTests {
  /// Numbers without a pattern, the same in every run.
  private func tensor(_ shape: [Int], _ salt: Int = 0) throws -> HostTensor {
    let count = shape.reduce(1, *)
    return try .floats(
      (0..<count).map { Double((($0 + salt) * 7919 + 13) % 101) / 50 - 1 }, shape)
  }

  @Test func packedAndSplitHeadsAgree() throws {
    let heads: [Onnx_AttributeProto] = [.int("q_num_heads", 1), .int("kv_num_heads", 1)]
    let (q, k, v) = try (tensor([2, 3, 4]), tensor([2, 5, 4], 1), tensor([2, 5, 2], 2))
    let packed = try reals("Attention", opset: 23, [q, k, v], heads)
    let split = try reals(
      "Attention", opset: 24,
      [q.reshaped([2, 1, 3, 4]), k.reshaped([2, 1, 5, 4]), v.reshaped([2, 1, 5, 2])])
    #expect(packed == split)
  }

  @Test(arguments: [false, true])
  func sharedKeyHeadsAreRepeatedOnes(unranked: Bool) throws {
    let (q, k, v) = try (tensor([1, 4, 2, 4]), tensor([1, 2, 3, 4], 1), tensor([1, 2, 3, 4], 2))
    func repeated(_ x: HostTensor) throws -> HostTensor {
      let values = try x.reals()
      return try .floats(
        [0, 0, 1, 1].flatMap { values[($0 * 12)..<($0 * 12 + 12)] }, [1, 4, 3, 4])
    }
    let shared = try run(
      "Attention", opset: 23, [q, k, v], [.int("is_causal", 1)], unranked: unranked)[0]
    let own = try reals(
      "Attention", opset: 23, [q, repeated(k), repeated(v)], [.int("is_causal", 1)])
    #expect(close(try shared.reals(), own))
  }

  @Test func excludedRowsAreZero() throws {
    let x = try tensor([1, 1, 2, 2])
    let mask = try HostTensor(.bool, shape: [2, 2], .boolean([false, false, true, true]))
    let found = try reals("Attention", opset: 23, [x, x, x, mask])
    #expect(found.prefix(2) == [0, 0])
    #expect(found.suffix(2).allSatisfy { $0.isFinite })
  }

  @Test func emptySequences() throws {
    let q = try tensor([1, 2, 0, 4])
    let k = try tensor([1, 1, 3, 4])
    #expect(try run("Attention", opset: 23, [q, k, k])[0].shape == [1, 2, 0, 4])
    let none = try tensor([1, 2, 0, 4])
    let found = try run("Attention", opset: 23, [tensor([1, 2, 3, 4]), none, none])[0]
    #expect(try found.reals() == Array(repeating: 0, count: 24))
  }

  @Test func rotationsTurnPairs() throws {
    let x = try HostTensor.floats([1, 2, 3, 4], [1, 1, 1, 4])
    let cosine = try HostTensor.floats([0, 0], [1, 1, 2])
    let sine = try HostTensor.floats([1, 1], [1, 1, 2])
    #expect(try reals("RotaryEmbedding", opset: 23, [x, cosine, sine]) == [-3, -4, 1, 2])
    let neighbours = try reals(
      "RotaryEmbedding", opset: 23, [x, cosine, sine], [.int("interleaved", 1)])
    #expect(neighbours == [-2, 1, -4, 3])
  }

  @Test func linearAttentionNamesItsGates() throws {
    let x = try tensor([1, 2, 1])
    let heads: [Onnx_AttributeProto] = [.int("q_num_heads", 1), .int("kv_num_heads", 1)]
    let plain = try run(
      "LinearAttention", opset: 27, [x, x, x], heads + [.string("update_rule", "linear")],
      outputs: 2)
    #expect(plain[1].shape == [1, 1, 1, 1])
    #expect(throws: (any Error).self) {
      try run("LinearAttention", opset: 27, [x, x, x], heads, outputs: 2)
    }
  }

  @Test func gatedSwish() throws {
    let a = try HostTensor.floats([0, 2])
    let b = try HostTensor.floats([5, 3])
    #expect(close(try reals("SwiGLU", opset: 28, [a, b]), [0, 5.2847825]))
  }

  /// The graph doubles the scores, and reads a name that is its own although the outer graph has it.
  @Test func graphsBetweenProductAndSoftmax() throws {
    var builder = ModelBuilder(opset: 26)
    builder.model.opsetImport.append(ModelBuilder.opset("ai.onnx.preview", 1))
    var modifier = Onnx_GraphProto()
    modifier.name = "double"
    modifier.input = [ModelBuilder.value("scores", .float32, nil)]
    modifier.output = [ModelBuilder.value("y", .float32, nil)]
    modifier.node = [ModelBuilder.node("Add", ["scores", "scores"], ["y"])]
    var attribute = Onnx_AttributeProto()
    attribute.name = "score_mod"
    attribute.type = .graph
    attribute.g = modifier
    for name in ["q", "k", "y"] { builder.input(name, .float32, [1, 1, 2, 4]) }
    builder.node(
      "FlexAttention", ["q", "k", "y"], ["z"], [attribute, .float("scale", 0.25)],
      domain: "ai.onnx.preview")
    builder.output("z")
    let (q, k, v) = try (tensor([1, 1, 2, 4]), tensor([1, 1, 2, 4], 1), tensor([1, 1, 2, 4], 2))
    let found = try ReferenceEvaluator(builder.graph()).run([q, k, v])[0].reals()
    let plain = try reals("Attention", opset: 23, [q, k, v], [.float("scale", 0.5)])
    #expect(close(found, plain))
  }

  @Test func causalConvolutionKeepsItsTail() throws {
    let x = try HostTensor.floats([1, 2, 3], [1, 1, 3])
    let w = try HostTensor.floats([1, 10], [1, 1, 2])
    let first = try run("CausalConvWithState", opset: 27, [x, w], outputs: 2)
    #expect(try first[0].reals() == [10, 21, 32])
    #expect(try first[1].reals() == [3])
    let next = try run("CausalConvWithState", opset: 27, [x, w, nil, first[1]], outputs: 2)
    #expect(try next[0].reals() == [13, 21, 32])
  }
}
