internal import ApusTensor
internal import Testing

@Suite struct ActivationImportTests {
  private let x = [-2, -0.5, 0, 0.5, 2]

  private func check(
    _ operation: String, _ opsets: [Int], _ attributes: [ActivationAttribute] = [],
    _ expected: (Double) -> Double
  ) throws {
    for opset in opsets {
      let found = try reals(
        operation, opset: opset, [.floats(x)], attributes.map { .float($0.name, $0.value) })
      #expect(close(found, x.map(expected)), "\(operation)-\(opset): \(found)")
    }
  }

  private struct ActivationAttribute {
    let name: String
    let value: Float
    init(_ name: String, _ value: Float) {
      self.name = name
      self.value = value
    }
  }

  @Test func rectifiers() throws {
    try check("Relu", [1, 6, 13, 14]) { max($0, 0) }
    try check("LeakyRelu", [1, 6, 16]) { $0 < 0 ? 0.01 * $0 : $0 }
    try check("LeakyRelu", [16], [.init("alpha", 0.5)]) { $0 < 0 ? 0.5 * $0 : $0 }
    try check("ThresholdedRelu", [10, 22]) { $0 > 1 ? $0 : 0 }
    try check("Shrink", [9], [.init("bias", 0.25), .init("lambd", 0.4)]) {
      $0 < -0.4 ? $0 + 0.25 : $0 > 0.4 ? $0 - 0.25 : 0
    }
    let slope = try HostTensor.floats([0.5])
    #expect(try reals("PRelu", opset: 9, [.floats([-2, 4]), slope]) == [-1, 4])
  }

  @Test func legacyParametricSlopesCountChannels() throws {
    let input = try HostTensor.floats([-1, -1, -1, -1], [1, 2, 2])
    let slopes = try HostTensor.floats([2, 3])
    #expect(try reals("PRelu", opset: 6, [input, slopes]) == [-2, -2, -3, -3])
    let unranked = try run("PRelu", opset: 6, [input, slopes], constants: [1], unranked: true)
    #expect(try unranked[0].reals() == [-2, -2, -3, -3])
  }

  @Test func exponentialUnits() throws {
    try check("Elu", [1, 6, 22]) { $0 < 0 ? exponential($0) - 1 : $0 }
    try check("Selu", [6, 22]) {
      1.0507009873554805 * ($0 < 0 ? 1.6732632423543772 * (exponential($0) - 1) : $0)
    }
    try check("Celu", [12], [.init("alpha", 2)]) {
      max(0, $0) + min(0, 2 * (exponential($0 / 2) - 1))
    }
  }

  @Test func hardActivations() throws {
    try check("HardSigmoid", [1, 6, 22]) { min(1, max(0, 0.2 * $0 + 0.5)) }
    try check("HardSwish", [14, 22]) { $0 * min(1, max(0, $0 / 6 + 0.5)) }
  }

  @Test func smoothActivations() throws {
    let logistic: (Double) -> Double = { 1 / (1 + exponential(-$0)) }
    try check("Sigmoid", [1, 6, 13], [], logistic)
    try check("Swish", [24]) { $0 * logistic($0) }
    try check("Swish", [24], [.init("alpha", 2)]) { $0 * logistic(2 * $0) }
    try check("Softsign", [1, 22]) { $0 / (1 + abs($0)) }
    let plus = try reals("Softplus", opset: 1, [.floats([-1000, 0, 1000])])
    #expect(close(plus, [0, 0.6931472, 1000]))
    let mish = try reals("Mish", opset: 18, [.floats([0, 1])])
    #expect(close(mish, [0, 0.8650984]))
    let gelu = try reals("Gelu", opset: 20, [.floats([0, 1])])
    #expect(close(gelu, [0, 0.8413447]))
    let tanh = try reals("Gelu", opset: 20, [.floats([0, 1])], [.string("approximate", "tanh")])
    #expect(close(tanh, [0, 0.8411920]))
  }

  @Test func softmaxFlattensBeforeOpset13() throws {
    let x = try HostTensor.floats([Double](repeating: 1, count: 8), [2, 2, 2])
    #expect(close(try reals("Softmax", opset: 11, [x]), [Double](repeating: 0.25, count: 8)))
    #expect(
      close(
        try reals("Softmax", opset: 1, [x], [.int("axis", 2)]), [Double](repeating: 0.5, count: 8)))
    #expect(
      close(
        try reals("Softmax", opset: 11, [x], [.int("axis", 0)]),
        [Double](repeating: 0.125, count: 8)))
    #expect(close(try reals("Softmax", opset: 13, [x]), [Double](repeating: 0.5, count: 8)))
    let logs = try reals("LogSoftmax", opset: 13, [x], [.int("axis", 0)])
    #expect(close(logs, [Double](repeating: -0.6931472, count: 8)))
  }
}

/// e to a power, by its series.
private func exponential(_ x: Double) -> Double {
  var term = 1.0
  var sum = 1.0
  for index in 1..<40 {
    term *= x / Double(index)
    sum += term
  }
  return sum
}
