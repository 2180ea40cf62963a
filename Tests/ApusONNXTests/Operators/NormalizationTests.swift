internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

@Suite struct NormalizationImportTests {
  @Test(arguments: [7, 9, 14, 15]) func batchNormalization(_ opset: Int) throws {
    let data = try HostTensor.floats([1, 2, 3, 4], [1, 2, 2])
    let found = try reals(
      "BatchNormalization", opset: opset,
      [data, .floats([1, 2]), .floats([0, 1]), .floats([1, 3]), .floats([1, 4])],
      [.float("epsilon", 0), .float("momentum", 0.9)])
    #expect(close(found, [0, 1, 1, 2]))
  }

  @Test func batchNormalizationInTrainingMode() throws {
    let data = try HostTensor.floats([1, 3, 5, 9], [2, 1, 2])
    let one = try HostTensor.floats([1])
    let results = try run(
      "BatchNormalization", opset: 15, [data, .floats([2]), one, one, one],
      [.float("epsilon", 1.25), .float("momentum", 0.5), .int("training_mode", 1)], outputs: 3)
    // The mean is 4.5, the variance 8.75.
    let deviation = 10.0.squareRoot()
    #expect(
      close(try results[0].reals(), [-3.5, -1.5, 0.5, 4.5].map { $0 / deviation * 2 + 1 }))
    #expect(close(try results[1].reals(), [2.75]))
    #expect(close(try results[2].reals(), [4.875]))
  }

  @Test func batchNormalizationTakesWiderParameters() throws {
    let data = try HostTensor(.float16, shape: [1, 1, 2], .real([1, 2]))
    let one = try HostTensor.floats([1])
    let result = try run("BatchNormalization", opset: 15, [data, one, one, one, one])[0]
    #expect(result.element == .float16)
  }

  @Test func layerNormalization() throws {
    let data = try HostTensor.floats([1, 3, 5, 9], [2, 2])
    let results = try run(
      "LayerNormalization", opset: 17, [data, .floats([1, 2]), .floats([0, 1])],
      [.float("epsilon", 0), .int("stash_type", 1)], outputs: 3)
    #expect(close(try results[0].reals(), [-1, 3, -1, 3]))
    #expect(results[1].shape == [2, 1])
    #expect(close(try results[1].reals(), [2, 7]))
    #expect(close(try results[2].reals(), [1, 0.5]))
  }

  @Test func rootMeanSquareNormalization() throws {
    let data = try HostTensor.floats([1, 7], [1, 2])
    let found = try reals(
      "RMSNormalization", opset: 23, [data, .floats([5, 10])], [.float("epsilon", 0)])
    #expect(close(found, [1, 14]))
  }

  @Test func instanceAndGroupNormalization() throws {
    let data = try HostTensor.floats([1, 3, 5, 9], [1, 2, 2])
    let instance = try reals(
      "InstanceNormalization", opset: 6, [data, .floats([1, 2]), .floats([0, 1])],
      [.float("epsilon", 0)])
    #expect(close(instance, [-1, 1, -1, 3]))
    for operation in ["InstanceNormalization", "GroupNormalization"] {
      let groups: [Onnx_AttributeProto] =
        operation == "GroupNormalization" ? [.int("num_groups", 2)] : []
      let unranked = try run(
        operation, opset: 21, [data, .floats([1, 2]), .floats([0, 1])],
        [.float("epsilon", 0)] + groups, unranked: true)
      #expect(close(try unranked[0].reals(), [-1, 1, -1, 3]))
    }
    for opset in [18, 21] {
      let group = try reals(
        "GroupNormalization", opset: opset, [data, .floats([1, 2]), .floats([0, 1])],
        [.float("epsilon", 0), .int("num_groups", 2)])
      #expect(close(group, [-1, 1, -1, 3]))
    }
  }

  @Test func lengthNormalization() throws {
    let data = try HostTensor.floats([3, 4, 0, 0], [2, 2])
    #expect(close(try reals("LpNormalization", opset: 1, [data]), [0.6, 0.8, 0, 0]))
    let first = try reals("LpNormalization", opset: 22, [data], [.int("p", 1), .int("axis", 1)])
    #expect(close(first, [3.0 / 7, 4.0 / 7, 0, 0]))
  }

  @Test func meanVarianceNormalization() throws {
    let data = try HostTensor.floats([1, 3], [2, 1, 1, 1])
    #expect(close(try reals("MeanVarianceNormalization", opset: 13, [data]), [-1, 1]))
  }
}
