package import ApusTensor

/// An operator that a user supplies by a Swift type or a library.
///
/// Operands and results are the node's; tensors among its attributes are further operands, and the
/// attribute says which. The graph holds name and attributes; the implementation is
/// looked up in `CustomOperators` when a model is imported and when an engine is read.
package struct Custom: Operator {
  package static let name = "custom"
  package static let operandNames = ["operand"]
  package static var fields: [Field<Self>] {
    [
      Field("domain", \.domain), Field("type", \.type), Field("attributes", \.attributes),
      Field("deterministic", \.isDeterministic),
    ]
  }

  package private(set) var domain = ""
  package private(set) var type = ""
  package private(set) var attributes = CustomAttributes()
  package private(set) var isDeterministic = true
  private var implementation: (any CustomImplementation)?

  package init() {}

  package init(_ definition: CustomDefinition, _ attributes: CustomAttributes) throws(TypeError) {
    domain = definition.domain
    type = definition.name
    isDeterministic = definition.isDeterministic
    self.attributes = attributes
    implementation = try definition.make(attributes)
  }

  var isLinked: Bool { implementation != nil }

  private var missing: TypeError {
    .invalid(
      field: "type",
      reason: "the custom operator '\(domain).\(type)' is not registered; "
        + "give the library that holds it with --plugins=LIBRARY.so")
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    guard let implementation else { throw missing }
    return try implementation.infer(operands)
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    guard let implementation else { throw .type(missing) }
    return try implementation.evaluate(operands, results)
  }
}
