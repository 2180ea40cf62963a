package import ApusTensor

/// What happens where an update meets an element.
package enum ScatterReduction: String, FieldKind {
  case none, add, multiply, maximum, minimum
}

extension ScatterReduction {
  /// Writes updates to places in their order.
  func apply(
    _ data: HostTensor, _ updates: HostTensor, _ places: [Int]
  ) throws(EvaluationError) -> HostTensor {
    func write<T>(_ values: inout [T], _ news: [T], _ combine: (T, T) -> T) {
      for (place, new) in zip(places, news) { values[place] = combine(values[place], new) }
    }
    switch (try data.decoded(), try updates.decoded()) {
    case (.real(var values), .real(let news)):
      write(&values, news) { old, new in
        switch self {
        case .none: new
        case .add: old + new
        case .multiply: old * new
        case .maximum: old.isNaN || new.isNaN ? .nan : max(old, new)
        case .minimum: old.isNaN || new.isNaN ? .nan : min(old, new)
        }
      }
      return try data.replacing(.real(values))
    case (.signed(var values), .signed(let news)):
      write(&values, news, combineIntegers)
      return try data.replacing(.signed(values))
    case (.unsigned(var values), .unsigned(let news)):
      write(&values, news, combineIntegers)
      return try data.replacing(.unsigned(values))
    case (.boolean(var values), .boolean(let news)):
      write(&values, news) { old, new in
        switch self {
        case .none: new
        case .add, .maximum: old || new
        case .multiply, .minimum: old && new
        }
      }
      return try data.replacing(.boolean(values))
    case (.text(var values), .text(let news)) where self == .none:
      write(&values, news) { $1 }
      return try data.replacing(.text(values))
    case (.complex(var values), .complex(let news)) where self == .none:
      write(&values, news) { $1 }
      return try data.replacing(.complex(values))
    default: throw .unsupported("\(rawValue) of \(data.element.name)")
    }
  }

  private func combineIntegers<T: FixedWidthInteger>(_ old: T, _ new: T) -> T {
    switch self {
    case .none: new
    case .add: old &+ new
    case .multiply: old &* new
    case .maximum: max(old, new)
    case .minimum: min(old, new)
    }
  }
}

/// Writes updates to the places along an axis that indices name.
///
/// Operands `data`, `indices` (int32 or int64, counted from either end), `updates` of the indices'
/// shape. The result has the data's type. Source: ONNX ScatterElements-18.
package struct Scatter: Operator {
  package static let name = "scatter"
  package static let operandNames = ["data", "indices", "updates"]
  package static var fields: [Field<Self>] {
    [Field("axis", \.axis), Field("reduction", \.reduction)]
  }

  /// Counted from either end.
  package var axis = 0
  package var reduction = ScatterReduction.none

  package init() {}
  package init(axis: Int, reduction: ScatterReduction) {
    self.axis = axis
    self.reduction = reduction
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(3...3)
    let data = try operands.require(0)
    let indices = try operands.require(1, element: [.int64, .int32])
    let updates = try operands.require(2, sameElementAs: 0)
    if let rank = data.type.rank {
      _ = try normalize(axis: axis, rank: rank)
      _ = try operands.require(1, rank: rank)
      _ = try operands.require(2, rank: rank)
    }
    guard TensorType(.int64, indices.shape).isCompatible(with: TensorType(.int64, updates.shape))
    else {
      throw .mismatch(
        what: "indices and updates", .tensor(indices.type), .tensor(updates.type))
    }
    return [Fact(data.type)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let indices = try operands.tensor(1)
    let updates = try operands.tensor(2)
    let axis = try normalized(self.axis, rank: data.rank)
    guard indices.shape == updates.shape, indices.rank == data.rank,
      indices.shape.indices.allSatisfy({ $0 == axis || indices.shape[$0] <= data.shape[$0] })
    else { throw .value("indices \(indices.shape) do not fit \(data.shape)") }
    let strides = rowMajorStrides(data.shape)
    var places: [Int] = []
    for (coordinates, index) in zip(Coordinates(indices.shape), try indices.decodedIntegers()) {
      var target = coordinates
      target[axis] = try wrapped(index, limit: data.shape[axis], operand: "indices")
      places.append(zip(target, strides).reduce(0) { $0 + $1.0 * $1.1 })
    }
    return [try reduction.apply(data, updates, places)]
  }
}
