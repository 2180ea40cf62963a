package import ApusLoops
package import ApusTensor

/// The value of one operator field in the form that printing, parsing, hashing and the engine file
/// share.
package enum FieldValue: Hashable, Sendable {
  case integer(Int)
  case real(Double)
  case flag(Bool)
  case text(String)
  case integers([Int])
  case reals([Double])
  case texts([String])
  case element(ElementType)
  case extents([Extent])
  case program(Program)
  case body(Body)
  case type(ValueType)
  /// Values with names of their own, none of them of this kind.
  case named([CustomAttributes.Entry])
  /// The position of an operand of the node.
  case operand(Int)
  case none
}

/// A type that an operator field may have.
package protocol FieldRepresentable: Sendable {
  var fieldValue: FieldValue { get }
  init?(fieldValue: FieldValue)
}

/// One field of an operator: its name and how to read and write it.
package struct Field<Root: Sendable> {
  package let name: String
  package let get: (Root) -> FieldValue
  /// False where the value has the wrong form.
  package let set: (inout Root, FieldValue) -> Bool

  package init<Value: FieldRepresentable>(_ name: String, _ path: WritableKeyPath<Root, Value>) {
    self.name = name
    self.get = { $0[keyPath: path].fieldValue }
    self.set = { root, field in
      guard let value = Value(fieldValue: field) else { return false }
      root[keyPath: path] = value
      return true
    }
  }
}

extension Int: FieldRepresentable {
  package var fieldValue: FieldValue { .integer(self) }
  package init?(fieldValue: FieldValue) {
    guard case .integer(let value) = fieldValue else { return nil }
    self = value
  }
}

extension Double: FieldRepresentable {
  package var fieldValue: FieldValue { .real(self) }
  package init?(fieldValue: FieldValue) {
    switch fieldValue {
    case .real(let value): self = value
    case .integer(let value): self = Double(value)
    default: return nil
    }
  }
}

extension Bool: FieldRepresentable {
  package var fieldValue: FieldValue { .flag(self) }
  package init?(fieldValue: FieldValue) {
    guard case .flag(let value) = fieldValue else { return nil }
    self = value
  }
}

extension String: FieldRepresentable {
  package var fieldValue: FieldValue { .text(self) }
  package init?(fieldValue: FieldValue) {
    guard case .text(let value) = fieldValue else { return nil }
    self = value
  }
}

extension ElementType: FieldRepresentable {
  package var fieldValue: FieldValue { .element(self) }
  package init?(fieldValue: FieldValue) {
    guard case .element(let value) = fieldValue else { return nil }
    self = value
  }
}

extension Program: FieldRepresentable {
  package var fieldValue: FieldValue { .program(self) }
  package init?(fieldValue: FieldValue) {
    guard case .program(let value) = fieldValue else { return nil }
    self = value
  }
}

extension Body: FieldRepresentable {
  package var fieldValue: FieldValue { .body(self) }
  package init?(fieldValue: FieldValue) {
    guard case .body(let value) = fieldValue else { return nil }
    self = value
  }
}

extension ValueType: FieldRepresentable {
  package var fieldValue: FieldValue { .type(self) }
  package init?(fieldValue: FieldValue) {
    guard case .type(let value) = fieldValue else { return nil }
    self = value
  }
}

extension Array: FieldRepresentable where Element: FieldElement {
  package var fieldValue: FieldValue { Element.field(self) }
  package init?(fieldValue: FieldValue) {
    guard let values = Element.array(fieldValue) else { return nil }
    self = values
  }
}

/// An element type of list fields.
package protocol FieldElement: Sendable {
  static func field(_ values: [Self]) -> FieldValue
  static func array(_ value: FieldValue) -> [Self]?
}

extension Int: FieldElement {
  package static func field(_ values: [Int]) -> FieldValue { .integers(values) }
  package static func array(_ value: FieldValue) -> [Int]? {
    if case .integers(let values) = value { values } else { nil }
  }
}

extension Double: FieldElement {
  package static func field(_ values: [Double]) -> FieldValue { .reals(values) }
  package static func array(_ value: FieldValue) -> [Double]? {
    switch value {
    case .reals(let values): values
    case .integers(let values): values.map { Double($0) }
    default: nil
    }
  }
}

extension String: FieldElement {
  package static func field(_ values: [String]) -> FieldValue { .texts(values) }
  package static func array(_ value: FieldValue) -> [String]? {
    if case .texts(let values) = value { values } else { nil }
  }
}

extension Extent: FieldElement {
  package static func field(_ values: [Extent]) -> FieldValue { .extents(values) }
  package static func array(_ value: FieldValue) -> [Extent]? {
    switch value {
    case .extents(let values): values
    case .integers(let values): values.map(Extent.fixed)
    default: nil
    }
  }
}

extension Optional: FieldRepresentable where Wrapped: FieldRepresentable {
  package var fieldValue: FieldValue { self?.fieldValue ?? .none }
  package init?(fieldValue: FieldValue) {
    if case .none = fieldValue {
      self = nil
      return
    }
    guard let value = Wrapped(fieldValue: fieldValue) else { return nil }
    self = value
  }
}

/// A closed vocabulary as a field: a `String` enumeration, written as its raw value.
package protocol FieldKind: FieldRepresentable, RawRepresentable where RawValue == String {}

extension FieldKind {
  package var fieldValue: FieldValue { .text(rawValue) }
  package init?(fieldValue: FieldValue) {
    guard case .text(let name) = fieldValue else { return nil }
    self.init(rawValue: name)
  }
}

extension UnaryFunction: FieldKind {}
extension BinaryFunction: FieldKind {}
