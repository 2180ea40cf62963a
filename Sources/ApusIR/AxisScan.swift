internal import ApusTensor

/// Running totals along one axis, as sums and products share them.
struct AxisScan {
  /// What is totalled.
  enum Total { case sum, product }

  let total: Total
  /// Whether the element itself is left out.
  let exclusive: Bool
  /// Whether totals run from the end.
  let reverse: Bool

  /// The result's type: that of operand 0, whose axis operand 1 names.
  static func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let data = try operands.require(0, arithmetic: [.real, .signed, .unsigned])
    let axis = try operands.require(1, element: [.int32, .int64])
    if let rank = data.type.rank, let number = axis.integers?.first {
      _ = try normalize(axis: number, rank: rank)
    }
    return [Fact(data.type)]
  }

  func evaluate(_ operands: [HostTensor?]) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    guard let number = try operands.tensor(1).decodedIntegers().first else {
      throw .type(.missingOperand("axis"))
    }
    let lines = AxisLines(shape: data.shape, axis: try normalized(number, rank: data.rank))
    switch try data.decoded() {
    case .real(let values):
      let scanned =
        switch total {
        case .sum: scan(values, lines, from: 0, +)
        case .product: scan(values, lines, from: 1, *)
        }
      return [try data.replacing(.real(scanned))]
    case .signed(let values): return [try data.replacing(.signed(scan(values, lines)))]
    case .unsigned(let values): return [try data.replacing(.unsigned(scan(values, lines)))]
    case .boolean, .text, .complex:
      throw .unsupported("running totals of \(data.element.name)")
    }
  }

  /// Integers wrap.
  private func scan<T: FixedWidthInteger>(_ values: [T], _ lines: AxisLines) -> [T] {
    switch total {
    case .sum: scan(values, lines, from: 0, &+)
    case .product: scan(values, lines, from: 1, &*)
    }
  }

  private func scan<T>(
    _ values: [T], _ lines: AxisLines, from neutral: T, _ combine: (T, T) -> T
  ) -> [T] {
    var result = values
    for line in lines {
      var total = neutral
      for index in reverse ? Array(line).reversed() : Array(line) {
        let next = combine(total, values[index])
        result[index] = exclusive ? total : next
        total = next
      }
    }
    return result
  }
}
