internal import ApusIR
internal import ApusTensor

/// Nodes of operators that the user supplies.
enum CustomNode {
  static func importer(_ definition: CustomDefinition) -> OperatorImporter {
    OperatorImporter(definition.name, since: definition.since) {
      context, attributes throws(ImportError) in
      let (values, tensors) = try attributes.remaining(
        firstOperand: context.operands.count)
      let operation: Custom
      do { operation = try Custom(definition, values) } catch { throw .invalid("\(error)") }
      var operands = context.operands
      for tensor in tensors { operands.append(try context.constant(tensor)) }
      return try context.add(operation, operands)
    }
  }
}
