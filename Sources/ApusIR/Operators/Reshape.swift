package import ApusTensor

/// Gives the same elements another shape.
///
/// Operands `data` and `shape` (1-D int64): an entry −1 takes what is left, an entry 0 copies the
/// input's extent unless `allowZero`. Source: ONNX Reshape-14.
package struct Reshape: ViewOperator {
  package static let name = "reshape"
  package static let operandNames = ["data", "shape"]
  package static var fields: [Field<Self>] { [Field("allowZero", \.allowZero)] }

  package var allowZero = false

  package init() {}
  package init(allowZero: Bool) { self.allowZero = allowZero }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let data = try operands.require(0)
    let shape = try operands.require(1, element: [.int64])
    _ = try operands.require(1, rank: 1)
    guard let wanted = shape.contents else {
      return [.unknown(data.element, rank: shape.type.fixedShape?.first)]
    }
    var extents: [Extent] = []
    var inferred: Int?
    for (index, entry) in wanted.enumerated() {
      if entry == .fixed(-1) {
        guard inferred == nil else {
          throw .invalid(field: "shape", reason: "more than one extent is -1")
        }
        inferred = index
        extents.append(1)
      } else if entry == .zero, !allowZero {
        guard let input = data.type.extents else {
          return [.unknown(data.element, rank: wanted.count)]
        }
        guard index < input.count else {
          throw .invalid(
            field: "shape", reason: "entry \(index) is 0, the input has rank \(input.count)")
        }
        extents.append(input[index])
      } else {
        if let number = entry.fixed, number < 0 {
          throw .invalid(field: "shape", reason: "extent \(number) is negative")
        }
        extents.append(entry)
      }
    }
    if let input = data.type.extents {
      if let inferred {
        extents[inferred] = try quotient(of: input, by: extents, skipping: inferred)
      } else {
        let total = input.reduce(.one, *)
        let known = extents.reduce(.one, *)
        if let total = total.fixed, let known = known.fixed, total != known {
          throw .extents(operand: "data", found: .fixed(total), expected: .fixed(known))
        }
      }
    } else if let inferred {
      extents[inferred] = .unknown
    }
    return [
      Fact(TensorType(data.element, .ranked(extents)), contents: data.contents)
    ]
  }

  /// The extent that makes both element counts equal.
  private func quotient(
    of input: [Extent], by output: [Extent], skipping index: Int
  ) throws(TypeError) -> Extent {
    // Extents on both sides cancel first, so that a zero among them does not divide.
    var numerator = input
    var denominator: [Extent] = []
    for (position, extent) in output.enumerated() where position != index {
      if let match = numerator.firstIndex(of: extent) {
        numerator.remove(at: match)
      } else {
        denominator.append(extent)
      }
    }
    let total = numerator.reduce(.one, *)
    let known = denominator.reduce(.one, *)
    guard let number = total.fixed, let divisor = known.fixed else {
      return total.floorDivided(by: known)
    }
    guard divisor != 0 else {
      if number == 0 { return 0 }
      throw .invalid(field: "shape", reason: "cannot infer -1 beside an extent of 0")
    }
    guard number % divisor == 0 else {
      throw .extents(operand: "data", found: total, expected: known)
    }
    return .fixed(number / divisor)
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    [try operands.tensor(0).viewed(as: results[0])]
  }
}
