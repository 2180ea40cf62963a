package import ApusTensor
internal import Synchronization

/// What a user supplies for an operator that no importer knows: its type rule and its evaluation.
package protocol CustomImplementation: Sendable {
  /// The types of the results; extents that only the data tells are unknown ones.
  func infer(_ operands: Operands) throws(TypeError) -> [Fact]

  /// Computes the results, from several threads at once.
  func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor]
}

/// An operator that a user supplies: what models call it, and how nodes are made.
package struct CustomDefinition: Sendable {
  package let domain: String
  package let name: String
  /// The version of the operator set that brought it.
  package let since: Int
  /// Whether equal operands always give equal results.
  package let isDeterministic: Bool
  /// Makes the implementation of one node from its attributes.
  package let make: @Sendable (CustomAttributes) throws(TypeError) -> any CustomImplementation

  package init(
    domain: String, name: String, since: Int = 1, isDeterministic: Bool = true,
    make: @escaping @Sendable (CustomAttributes) throws(TypeError) -> any CustomImplementation
  ) {
    self.domain = domain
    self.name = name
    self.since = since
    self.isDeterministic = isDeterministic
    self.make = make
  }
}

/// The operators that users supplied, by domain and name.
///
/// Importer and readers take a value of this type; `process` is what every one of them falls back on.
package struct CustomOperators: Sendable {
  private struct Key: Hashable {
    var domain: String
    var name: String
  }

  private var definitions: [Key: CustomDefinition] = [:]

  package init() {}

  package init(_ definitions: [CustomDefinition]) {
    for definition in definitions { add(definition) }
  }

  private static let shared = Mutex(CustomOperators())

  /// What was registered for the whole process until now.
  package static var process: CustomOperators { shared.withLock { $0 } }

  /// Registers for the whole process; a later definition of the same name takes over.
  package static func register(_ definitions: [CustomDefinition]) {
    shared.withLock { for definition in definitions { $0.add(definition) } }
  }

  private mutating func add(_ definition: CustomDefinition) {
    definitions[Key(domain: definition.domain, name: definition.name)] = definition
  }

  /// The definition given here, or else for the process.
  package func find(domain: String, name: String) -> CustomDefinition? {
    let key = Key(domain: domain, name: name)
    return definitions[key] ?? Self.process.definitions[key]
  }

  /// The definitions given here.
  package var all: [CustomDefinition] { Array(definitions.values) }

  /// Names known in a domain, in order.
  package func names(in domain: String) -> [String] {
    let known = definitions.keys.filter { $0.domain == domain }
    return Set(known.map(\.name)).union(
      Self.process.definitions.keys.filter { $0.domain == domain }.map(\.name)
    ).sorted()
  }

  /// The operator with its implementation, where it is a custom one that lacks it.
  func linked(_ operation: any Operator) throws(TypeError) -> any Operator {
    guard let custom = operation as? Custom, !custom.isLinked else { return operation }
    guard let definition = find(domain: custom.domain, name: custom.type) else { return custom }
    return try Custom(definition, custom.attributes)
  }
}

/// The attributes of a custom operator's node, by name.
package struct CustomAttributes: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package var name: String
    /// An integer, a real, a text, or a list of one of these; `operand` where the attribute is a
    /// tensor.
    package var value: FieldValue

    package init(_ name: String, _ value: FieldValue) {
      self.name = name
      self.value = value
    }
  }

  package var entries: [Entry]

  package init(_ entries: [Entry] = []) { self.entries = entries }

  package subscript(name: String) -> FieldValue? { entries.first { $0.name == name }?.value }
}

extension CustomAttributes: FieldRepresentable {
  package var fieldValue: FieldValue { .named(entries) }
  package init?(fieldValue: FieldValue) {
    guard case .named(let entries) = fieldValue,
      entries.allSatisfy({ $0.value.isAttribute }),
      Set(entries.map(\.name)).count == entries.count
    else { return nil }
    self.entries = entries
  }
}

extension FieldValue {
  /// Whether an attribute of a custom operator may have this value.
  fileprivate var isAttribute: Bool {
    switch self {
    case .integer, .real, .text, .integers, .reals, .texts, .operand: true
    default: false
    }
  }
}
