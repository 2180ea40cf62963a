internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

/// Domain com.microsoft; most of it is compared with ONNX Runtime in Tests/Operators.
@Suite struct MicrosoftImportTests {
  private func run(
    _ operation: String, _ inputs: [HostTensor?], _ attributes: [Onnx_AttributeProto] = [],
    outputs: Int = 1
  ) throws -> [HostTensor] {
    try ApusONNXTests.run(
      operation, opset: 17, inputs, attributes, outputs: outputs, domain: "com.microsoft")
  }

  @Test func fusedActivations() throws {
    let x = try HostTensor.floats([-1, 2], [1, 2])
    let identity = try HostTensor.floats([1, 0, 0, 1], [2, 2])
    let found = try run(
      "FusedGemm", [x, identity],
      [.string("activation", "LeakyRelu"), .float("activation_alpha", 0.5)])
    #expect(try found[0].reals() == [-0.5, 2])
    #expect(throws: (any Error).self) {
      try run("FusedGemm", [x, identity], [.string("activation", "Nonsense")])
    }
  }

  /// Forms that ONNX Runtime's CPU provider lacks.
  @Test func channelsLast() throws {
    let image = try HostTensor.floats([1, 2, 3, 4], [1, 1, 2, 2])
    let weight = try HostTensor.floats([1, 1, 1, -1], [2, 2, 1, 1])
    let bias = try HostTensor.floats([0, 1])
    let found = try run("NhwcFusedConv", [image, weight, bias], [.string("activation", "Relu")])
    #expect(try found[0].reals() == [3, 0, 7, 0])
    let normal = try run(
      "GroupNorm", [image, .floats([1, 1]), .floats([0, 0])],
      [.int("groups", 2), .int("activation", 0), .float("epsilon", 0)])
    #expect(close(try normal[0].reals(), [-1, -1, 1, 1]))
  }

  @Test func biasedForms() throws {
    let x = try HostTensor.floats([1, 2, 3, 4], [1, 1, 4])
    let bias = try HostTensor.floats([0, 0, -3, -4])
    #expect(try run("BiasSplitGelu", [x, bias])[0].reals() == [0, 0])
    #expect(try run("BiasAdd", [x, bias, x])[0].reals() == [2, 4, 3, 4])
    let soft = try run(
      "BiasSoftmax", [x, .floats([0, -1, -2, -3])],
      [.int("axis", 2), .int("is_inner_broadcast", 1)])
    #expect(close(try soft[0].reals(), [0.25, 0.25, 0.25, 0.25]))
  }

  @Test func packedProjections() throws {
    let values = (0..<12).map { Double($0 % 5) / 4 }
    let q = try HostTensor.floats(Array(values[0..<4]), [1, 2, 2])
    let k = try HostTensor.floats(Array(values[4..<8]), [1, 2, 2])
    let v = try HostTensor.floats(Array(values[8..<12]), [1, 2, 2])
    let heads: [Onnx_AttributeProto] = [.int("num_heads", 1)]
    let apart = try run("MultiHeadAttention", [q, k, v], heads)[0].reals()
    var packed: [Double] = []
    var both: [Double] = []
    for row in 0..<2 {
      for part in 0..<3 { packed += values[(part * 4 + row * 2)..<(part * 4 + row * 2 + 2)] }
      for part in 1..<3 { both += values[(part * 4 + row * 2)..<(part * 4 + row * 2 + 2)] }
    }
    #expect(
      try run("MultiHeadAttention", [.floats(packed, [1, 2, 1, 3, 2])], heads)[0].reals() == apart)
    #expect(
      try run("MultiHeadAttention", [q, .floats(both, [1, 2, 1, 2, 2])], heads)[0].reals()
        == apart)
  }
}
