package import ApusTensor

/// Replaces every element by what a table gives for it.
///
/// Operands: `input`; `keys`, a vector of the input's element type; `values`, a vector as long; and
/// optionally `fallback`, one element for what is no key; without it that is an error. The result has
/// the type of the values. Of equal keys the last one counts; every NaN equals every other.
/// Source: ONNX-ML LabelEncoder-4.
package struct LookUp: Operator {
  package static let name = "look_up"
  package static let operandNames = ["input", "keys", "values", "fallback"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(3...4)
    let input = try operands.require(
      0, arithmetic: [.real, .signed, .unsigned, .boolean, .text])
    _ = try operands.require(1, sameElementAs: 0)
    let values = try operands.require(2)
    if operands[3] != nil { _ = try operands.require(3, sameElementAs: 2) }
    return [Fact(TensorType(values.element, input.shape))]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let input = try operands.tensor(0)
    let keys = try Self.keys(operands.tensor(1))
    let values = try operands.tensor(2)
    guard keys.count == values.count else {
      throw .value("\(keys.count) keys for \(values.count) values")
    }
    let fallback = operands.optional(3)
    if let fallback, fallback.count != 1 {
      throw .value("the fallback has \(fallback.count) elements")
    }
    var places: [Key: Int] = [:]
    for (index, key) in keys.enumerated() { places[key] = index }
    var found: [Int?] = []
    for key in try Self.keys(input) {
      let place = places[key]
      guard place != nil || fallback != nil else { throw .value("\(key) is no key of the table") }
      found.append(place)
    }
    func pick<T>(_ values: [T], _ fallback: T?) -> [T] {
      found.compactMap { $0.map { values[$0] } ?? fallback }
    }
    let elements: Elements
    switch (try values.decoded(), try fallback?.decoded()) {
    case (.real(let list), .real(let other)?): elements = .real(pick(list, other[0]))
    case (.real(let list), nil): elements = .real(pick(list, nil))
    case (.signed(let list), .signed(let other)?): elements = .signed(pick(list, other[0]))
    case (.signed(let list), nil): elements = .signed(pick(list, nil))
    case (.unsigned(let list), .unsigned(let other)?): elements = .unsigned(pick(list, other[0]))
    case (.unsigned(let list), nil): elements = .unsigned(pick(list, nil))
    case (.boolean(let list), .boolean(let other)?): elements = .boolean(pick(list, other[0]))
    case (.boolean(let list), nil): elements = .boolean(pick(list, nil))
    case (.text(let list), .text(let other)?): elements = .text(pick(list, other[0]))
    case (.text(let list), nil): elements = .text(pick(list, nil))
    case (.complex(let list), .complex(let other)?): elements = .complex(pick(list, other[0]))
    case (.complex(let list), nil): elements = .complex(pick(list, nil))
    default: throw .value("the fallback is not of the values' type")
    }
    return [try .make(values.element, input.shape, elements)]
  }

  /// An element as a key of a table.
  package enum Key: Hashable, CustomStringConvertible {
    case integer(Int64)
    case natural(UInt64)
    case real(UInt64)
    case flag(Bool)
    case text(ByteText)

    /// The key of a number: zeros are one key, and so are NaNs.
    init(_ value: Double) {
      self = .real(value.isNaN ? Double.nan.bitPattern : value == 0 ? 0 : value.bitPattern)
    }

    package var description: String {
      switch self {
      case .integer(let value): "\(value)"
      case .natural(let value): "\(value)"
      case .real(let bits): "\(Double(bitPattern: bits))"
      case .flag(let value): "\(value)"
      case .text(let value): "'\(value.text)'"
      }
    }
  }

  /// The elements of a tensor as keys.
  package static func keys(_ tensor: HostTensor) throws(EvaluationError) -> [Key] {
    switch try tensor.decoded() {
    case .real(let values): return values.map { Key($0) }
    case .signed(let values): return values.map { .integer($0) }
    case .unsigned(let values): return values.map { .natural($0) }
    case .boolean(let values): return values.map { .flag($0) }
    case .text(let values): return values.map { .text(ByteText($0)) }
    case .complex: throw .unsupported("complex keys")
    }
  }
}
