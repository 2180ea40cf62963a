/// The type of a value: a tensor, or a container of values.
package indirect enum ValueType: Hashable, Sendable {
  case tensor(TensorType)
  /// Values of one type in an order.
  case sequence(ValueType)
  /// One value or none.
  case optional(ValueType)
  /// Values by unique keys, which are strings or integers.
  case map(key: ElementType, value: ValueType)

  /// Types from files nest no deeper.
  package static let nestingLimit = 8

  package init(_ element: ElementType, _ shape: Shape) {
    self = .tensor(TensorType(element, shape))
  }

  package var tensor: TensorType? { if case .tensor(let type) = self { type } else { nil } }
  package var isTensor: Bool { tensor != nil }

  /// The type of the tensors inside, whatever holds them.
  package var innermost: TensorType {
    get {
      switch self {
      case .tensor(let type): type
      case .sequence(let inner), .optional(let inner), .map(_, let inner): inner.innermost
      }
    }
    set { self = mapInnermost { _ in newValue } }
  }

  /// The type with the tensors inside replaced.
  package func mapInnermost(_ change: (TensorType) -> TensorType) -> ValueType {
    switch self {
    case .tensor(let type): .tensor(change(type))
    case .sequence(let inner): .sequence(inner.mapInnermost(change))
    case .optional(let inner): .optional(inner.mapInnermost(change))
    case .map(let key, let inner): .map(key: key, value: inner.mapInnermost(change))
    }
  }

  package func substituting(_ bindings: [String: Int]) -> ValueType {
    mapInnermost { TensorType($0.element, $0.shape.substituting(bindings)) }
  }

  /// Whether two types can describe the same value; what a tensor's shape leaves open fits anything.
  package func isCompatible(with other: ValueType) -> Bool {
    switch (self, other) {
    case (.tensor(let mine), .tensor(let theirs)): mine.isCompatible(with: theirs)
    case (.sequence(let mine), .sequence(let theirs)), (.optional(let mine), .optional(let theirs)):
      mine.isCompatible(with: theirs)
    case (.map(let key, let mine), .map(let otherKey, let theirs)):
      key == otherKey && mine.isCompatible(with: theirs)
    default: false
    }
  }

  /// The type that covers values of both; nil where their structure or element types differ.
  package func joined(with other: ValueType) -> ValueType? {
    switch (self, other) {
    case (.tensor(let mine), .tensor(let theirs)):
      mine.element == theirs.element
        ? .tensor(TensorType(mine.element, mine.shape.joined(with: theirs.shape))) : nil
    case (.sequence(let mine), .sequence(let theirs)):
      mine.joined(with: theirs).map(ValueType.sequence)
    case (.optional(let mine), .optional(let theirs)):
      mine.joined(with: theirs).map(ValueType.optional)
    case (.map(let key, let mine), .map(let otherKey, let theirs)):
      key == otherKey ? mine.joined(with: theirs).map { .map(key: key, value: $0) } : nil
    default: nil
    }
  }

  /// The type with every extent that depends on data made nameless, to compare across graphs.
  package var erasingUnknowns: ValueType {
    mapInnermost { TensorType($0.element, $0.shape.erasingUnknowns) }
  }
}

extension Shape {
  /// The shape that covers both: extents that differ are unknown.
  package func joined(with other: Shape) -> Shape {
    guard let mine = extents, let theirs = other.extents, mine.count == theirs.count else {
      return .unranked
    }
    return .ranked(zip(mine, theirs).map { $0 == $1 ? $0 : .unknown })
  }
}

extension TensorType {
  /// Whether two types can describe the same value: equal elements, and no fixed extents that differ.
  package func isCompatible(with other: TensorType) -> Bool {
    guard element == other.element else { return false }
    guard let mine = extents, let theirs = other.extents else { return true }
    guard mine.count == theirs.count else { return false }
    return zip(mine, theirs).allSatisfy { a, b in
      guard let a = a.fixed, let b = b.fixed else { return true }
      return a == b
    }
  }
}

extension ValueType: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tensor(let type): type.description
    case .sequence(let inner): "sequence(\(inner))"
    case .optional(let inner): "optional(\(inner))"
    case .map(let key, let inner): "map(\(key.name), \(inner))"
    }
  }
}

/// The form of types in files: a tag, then what is inside.
extension ByteWriter {
  package mutating func write(_ type: ValueType) {
    switch type {
    case .tensor(let tensor):
      write(byte: 0)
      write(tensor)
    case .sequence(let inner):
      write(byte: 1)
      write(inner)
    case .optional(let inner):
      write(byte: 2)
      write(inner)
    case .map(let key, let inner):
      write(byte: 3)
      write(key)
      write(inner)
    }
  }
}

extension ByteReader {
  package mutating func readValueType() throws(CodingError) -> ValueType {
    try readValueType(depth: ValueType.nestingLimit)
  }

  private mutating func readValueType(depth: Int) throws(CodingError) -> ValueType {
    let start = offset
    guard depth > 0 else { throw .malformed("a type is nested too deeply", offset: start) }
    switch try readByte() {
    case 0: return .tensor(try readType())
    case 1: return .sequence(try readValueType(depth: depth - 1))
    case 2: return .optional(try readValueType(depth: depth - 1))
    case 3:
      let key = try readElement()
      return .map(key: key, value: try readValueType(depth: depth - 1))
    case let tag: throw .malformed("\(tag) is no kind of type", offset: start)
    }
  }
}
