internal import ApusIR
internal import ApusTensor

/// The custom operators of the process, or of one model.
public struct OperatorLibrary: Sendable {
  let operators: CustomOperators

  /// Operators for single models and engines, which look here before they ask the process.
  public init(_ operators: [any CustomOperator.Type]) {
    self.operators = CustomOperators(operators.map { $0.definition })
  }

  /// Registers an operator for all models and engines that are read from now on.
  public static func register(_ operators: any CustomOperator.Type...) {
    CustomOperators.register(operators.map { $0.definition })
  }

  /// Opens a shared library that implements `apus_plugin.h` and registers its operators for all
  /// models and engines that are read from now on; it stays open. Returns their names. A library
  /// runs with the rights of the process: open only those that you trust.
  @discardableResult
  public static func load(_ path: String) throws(ApusError) -> [String] {
    let definitions = try PluginLibrary.open(path)
    CustomOperators.register(definitions)
    return definitions.map { $0.domain.isEmpty ? $0.name : "\($0.domain).\($0.name)" }
  }
}

extension CustomOperator {
  fileprivate static var definition: CustomDefinition {
    CustomDefinition(
      domain: domain, name: name, since: since, isDeterministic: isDeterministic
    ) { attributes throws(TypeError) in
      do {
        return Implementation(try Self(attributes: OperatorAttributes(attributes: attributes)))
      } catch { throw .invalid(field: name, reason: "\(error)") }
    }
  }
}

/// A public operator behind the interface of the graph.
private struct Implementation<Custom: CustomOperator>: CustomImplementation {
  let operation: Custom

  init(_ operation: Custom) { self.operation = operation }

  func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    var descriptions: [TensorDescription?] = []
    for index in 0..<operands.count {
      descriptions.append(
        operands[index] == nil ? nil : TensorDescription(try operands.require(index).type))
    }
    do {
      return try operation.results(for: descriptions).map { Fact($0.tensorType) }
    } catch { throw .invalid(field: Custom.name, reason: "\(error)") }
  }

  func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    do {
      return try operation.evaluate(operands.map { $0.map { Tensor($0) } }).map(\.host)
    } catch { throw .value("\(error)") }
  }
}

extension TensorDescription {
  fileprivate init(_ type: TensorType) {
    self.init(DataType(type.element), shape: type.extents.map { $0.map { Dimension($0) } })
  }

  fileprivate var tensorType: TensorType {
    TensorType(type.element, shape.map { .ranked($0.map(\.extent)) } ?? .unranked)
  }
}
