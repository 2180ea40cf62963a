internal import ApusIR
internal import ApusTensor

/// Constant and ConstantOfShape.
enum Constants {
  static func constant(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(0...0)
    let tensor = try value(&attributes)
    let output = context.outputs.first.flatMap { $0.isEmpty ? nil : $0 } ?? context.name
    // In a function body the output's name alone would not tell calls apart.
    let name = context.state.functionDepth > 0 ? context.name : output
    return [try context.state.addWeight(name, tensor)]
  }

  private static func value(_ attributes: inout AttributeReader) throws(ImportError) -> HostTensor {
    do {
      if let tensor = try attributes.tensor("value") { return tensor }
      if let tensor = try attributes.sparseTensor("sparse_value") { return tensor }
      if let number = try attributes.real("value_float") {
        return try .scalar(number, as: .float32)
      }
      if let numbers = try attributes.reals("value_floats") {
        return try HostTensor(.float32, shape: [numbers.count], .real(numbers))
      }
      if let number = try attributes.integer("value_int") {
        return try HostTensor(.int64, shape: [], .signed([Int64(number)]))
      }
      if let numbers = try attributes.integers("value_ints") { return try .vector(numbers) }
      if let text = try attributes.text("value_string") {
        return try HostTensor(texts: [text], shape: [])
      }
      if let texts = try attributes.texts("value_strings") {
        return try HostTensor(texts: texts, shape: [texts.count])
      }
    } catch let error as ImportError { throw error } catch { throw .invalid("\(error)") }
    throw .invalid("the node has no value attribute")
  }

  static func ofShape(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let shape = try context.operand(0, "input")
    let scalar: HostTensor
    do {
      let given = try attributes.tensor("value")
      scalar = try given?.reshaped([]) ?? .scalar(0, as: .float32)
    } catch let error as ImportError { throw error } catch {
      throw .invalid("expected one element: \(error)", .attribute("value"))
    }
    return [try context.one(Expand(), try context.constant(scalar), shape)]
  }
}
