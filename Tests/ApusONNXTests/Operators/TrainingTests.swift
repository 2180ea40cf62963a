internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

@Suite struct TrainingImportTests {
  @Test(arguments: [false, true])
  func lossesLeaveIgnoredTargetsOut(unranked: Bool) throws {
    let logs = try HostTensor.floats([-1, -2, -3, -4], [2, 2])
    let target = try HostTensor.longs([1, -100])
    let weight = try HostTensor.floats([1, 3])
    let ignore: [Onnx_AttributeProto] = [.int("ignore_index", -100)]
    func loss(_ reduction: String, _ weight: HostTensor? = nil) throws -> [Double] {
      try run(
        "NegativeLogLikelihoodLoss", opset: 13, [logs, target, weight],
        ignore + [.string("reduction", reduction)], unranked: unranked)[0].reals()
    }
    #expect(try loss("none") == [2, 0])
    #expect(try loss("mean") == [2])
    #expect(try loss("sum", weight) == [6])
    #expect(try loss("mean", weight) == [2])
  }

  @Test func crossEntropyReturnsItsLogarithms() throws {
    let found = try run(
      "SoftmaxCrossEntropyLoss", opset: 13, [.floats([0, 0], [1, 2]), .longs([0])], outputs: 2)
    #expect(close(try found[0].reals(), [0.6931472]))
    #expect(close(try found[1].reals(), [-0.6931472, -0.6931472]))
  }

  @Test func dropoutScalesWhatItKeeps() throws {
    let x = try HostTensor.floats(Array(repeating: 1, count: 1000))
    let ratio = try HostTensor.floats([0.75], [])
    let yes = try HostTensor(.bool, shape: [], .boolean([true]))
    for constants in [Set([1, 2]), []] {
      let found = try run(
        "Dropout", opset: 13, [x, ratio, yes], [.int("seed", 3)], constants: constants, outputs: 2)
      let values = try found[0].reals()
      let mask = try found[1].booleans()
      #expect(zip(values, mask).allSatisfy { $0 == ($1 ? 4 : 0) })
      #expect((200...300).contains(mask.filter { $0 }.count))
    }
    let no = try HostTensor(.bool, shape: [], .boolean([false]))
    #expect(try run("Dropout", opset: 13, [x, ratio, no], outputs: 2)[0].reals() == x.reals())
    #expect(try reals("Dropout", opset: 7, [x]) == x.reals())
  }

  @Test func seededNumbersRepeat() throws {
    let attributes: [Onnx_AttributeProto] = [.ints("shape", [4]), .float("seed", 2)]
    for name in ["RandomUniform", "RandomNormal"] {
      #expect(try reals(name, opset: 1, [], attributes) == reals(name, opset: 22, [], attributes))
    }
    let like = try run(
      "RandomNormalLike", opset: 1, [.longs([1, 2])], [.int("dtype", 11)])[0]
    #expect(like.element == .float64)
    let drawn = try run(
      "Bernoulli", opset: 15, [.floats([0, 1, 0, 1])], [.int("dtype", 9)])[0]
    #expect(try drawn.booleans() == [false, true, false, true])
  }

  @Test(arguments: [false, true])
  func batchStatistics(unranked: Bool) throws {
    let x = try HostTensor.floats([1, 3, 10, 10], [2, 2, 1])
    let one = try HostTensor.floats([1, 1])
    let zero = try HostTensor.floats([0, 0])
    let found = try run(
      "BatchNormalization", opset: 15, [x, one, zero, zero, one],
      [.int("training_mode", 1), .float("momentum", 0.5), .float("epsilon", 0)], outputs: 3,
      unranked: unranked)
    #expect(close(try found[1].reals(), [2.75, 3.25]))
    #expect(close(try found[0].reals(), [-1, -1, 1, 1]))
    let old = try run(
      "BatchNormalization", opset: 9, [x, one, zero, zero, one], outputs: 5, unranked: unranked)
    #expect(close(try old[3].reals(), [5.5, 6.5]))
  }

  @Test func recurrentLayoutsAgree() throws {
    let x = try HostTensor.floats([1, 2, 3, 4, 5, 6], [3, 2, 1])
    let turned = try HostTensor.floats([1, 3, 5, 2, 4, 6], [2, 3, 1])
    let w = try HostTensor.floats([0.5, -0.5, 0.25], [1, 3, 1])
    let sequenceFirst = try run("GRU", opset: 14, [x, w, w], outputs: 2)
    let batchFirst = try run("GRU", opset: 14, [turned, w, w], [.int("layout", 1)], outputs: 2)
    #expect(batchFirst[0].shape == [2, 3, 1, 1])
    #expect(batchFirst[1].shape == [2, 1, 1])
    #expect(try sequenceFirst[1].reals() == batchFirst[1].reals())
    let names = try run(
      "GRU", opset: 1, [x, w, w], [.strings("activations", ["SIGMOID", "tanh"])])
    #expect(try names[0].reals() == sequenceFirst[0].reals())
  }
}
