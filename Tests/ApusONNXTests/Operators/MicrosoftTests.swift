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

  /// Two sequences of one and two tokens in a batch of two by three places.
  @Test func sequencesWithoutPadding() throws {
    let values = (0..<12).map { Double($0 % 5) / 4 }
    func tokens(_ shift: Int, _ range: Range<Int>) throws -> HostTensor {
      try .floats(
        range.map { values[($0 + shift) % 12] }, [range.count / 4, 4])
    }
    func alone(_ range: Range<Int>) throws -> [Double] {
      let shape = [1, range.count / 4, 4]
      let operands = try (0..<3).map { try tokens($0, range).reshaped(shape) }
      return try run("MultiHeadAttention", operands, [.int("num_heads", 2)])[0].reals()
    }
    let offsets = try HostTensor(.int32, shape: [2, 3], .signed([0, 3, 4, 1, 2, 5]))
    let starts = try HostTensor(.int32, shape: [3], .signed([0, 1, 3]))
    let operands = try (0..<3).map { try tokens($0, 0..<12) }
    let zeros = try HostTensor(zeros: .float32, shape: [12])
    let found = try run(
      "PackedMultiHeadAttention", operands + [zeros, offsets, starts], [.int("num_heads", 2)])
    #expect(found[0].shape == [3, 4])
    #expect(close(try found[0].reals(), try alone(0..<4) + alone(4..<12)))
    // [tokens, heads, 3, size]
    var joined: [Double] = []
    for token in 0..<3 {
      for head in 0..<2 {
        for part in 0..<3 {
          for place in 0..<2 { joined.append(values[(token * 4 + head * 2 + place + part) % 12]) }
        }
      }
    }
    let together = try run(
      "PackedMultiHeadAttention",
      [.floats(joined, [3, 2, 3, 2]), nil, nil, nil, offsets, starts], [.int("num_heads", 2)])
    #expect(close(try together[0].reals(), try found[0].reals()))
    let identity = (0..<48).map { index in
      Double(index % 12 % 4 == index / 12 ? 1 : 0)
    }
    let projected = try run(
      "PackedAttention",
      [operands[0], .floats(identity, [4, 12]), zeros, offsets, starts], [.int("num_heads", 2)])
    let same = try run(
      "PackedMultiHeadAttention",
      [operands[0], operands[0], operands[0], nil, offsets, starts], [.int("num_heads", 2)])
    #expect(close(try projected[0].reals(), try same[0].reals()))
  }

  @Test func systemsOfEquations() throws {
    let a = try HostTensor.floats([2, 1, 0, 4], [2, 2])
    let y = try HostTensor.floats([4, 8], [2, 1])
    #expect(close(try run("Solve", [a, y], [.int("lower", 0)])[0].reals(), [1, 2]))
    #expect(close(try run("Solve", [a, y], [.int("transposed", 1)])[0].reals(), [2, 1.5]))
  }

  @Test func uniqueKeepsTheOrder() throws {
    let found = try run("Unique", [.floats([2, 1, 1, 3, 4, 3])], outputs: 3)
    #expect(try found[0].reals() == [2, 1, 3, 4])
    #expect(try found[1].integers() == [0, 1, 1, 2, 3, 2])
    #expect(try found[2].integers() == [1, 2, 2, 1])
  }
}
