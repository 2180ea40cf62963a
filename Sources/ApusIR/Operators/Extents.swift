package import ApusTensor

/// Extents as data: an int64 vector of polynomials in the graph's symbols, or a scalar.
///
/// No operands. Shape arithmetic folds to this; it is evaluated once the symbols are bound.
package struct Extents: Operator {
  package static let name = "extents"
  package static let operandNames: [String] = []
  package static var fields: [Field<Self>] {
    [Field("extents", \.extents), Field("scalar", \.scalar)]
  }

  package var extents: [Extent] = []
  /// Whether the result has rank 0; then there is one extent.
  package var scalar = false

  package init() {}
  package init(_ extents: [Extent], scalar: Bool = false) {
    self.extents = extents
    self.scalar = scalar
  }

  /// The operator with bound symbols replaced by their values.
  package func substituting(_ bindings: [String: Int]) -> Extents {
    Extents(extents.map { $0.substituting(bindings) }, scalar: scalar)
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(0...0)
    if scalar && extents.count != 1 {
      throw .invalid(field: "extents", reason: "\(extents.count) entries for a scalar")
    }
    guard extents.count <= Fact.contentLimit else {
      throw .invalid(field: "extents", reason: "more than \(Fact.contentLimit) entries")
    }
    for extent in extents where extent.isOverflow {
      throw .invalid(field: "extents", reason: "an extent leaves the integer range")
    }
    let shape: [Extent] = scalar ? [] : [.fixed(extents.count)]
    return [Fact(TensorType(.int64, shape), contents: extents)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    var numbers: [Int64] = []
    for extent in extents {
      guard let number = extent.fixed else {
        throw .unsupported("the symbols of \(extent) are not bound")
      }
      numbers.append(Int64(number))
    }
    return [try .make(.int64, scalar ? [] : [numbers.count], .signed(numbers))]
  }
}
