internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

/// If, Loop, Scan and SequenceMap: bodies become closed graphs.
enum ControlFlow {
  static func branch(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let condition = try context.operand(0, "cond")
    let importer = try BodyImporter(
      context, [try attributes.graph("then_branch"), try attributes.graph("else_branch")])
    let operation = Branch(then: try importer.branch(0), otherwise: try importer.branch(1))
    return try context.add(operation, [condition] + importer.captures)
  }

  static func loop(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(0...Int.max)
    let proto = try attributes.graph("body")
    let importer = try BodyImporter(context, [proto])
    let given = try states(context, from: 2, count: max(0, proto.input.count - 2))
    let body = try importer.run(
      0, states: given.map(context.valueType), firstOutput: 1
    ) { states in [ValueType(.int64, []), ValueType(.bool, [])] + states }
    return try context.add(
      Loop(body: body, states: given.count),
      [context.optional(0), context.optional(1)] + given + importer.captures)
  }

  static func scan(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let proto = try attributes.graph("body")
    guard let inputs = try attributes.integer("num_scan_inputs"), inputs > 0 else {
      throw .invalid("expected a positive number", .attribute("num_scan_inputs"))
    }
    let first = context.opset < 9 ? 1 : 0
    let count = context.operands.count - first - inputs
    guard count >= 0, count <= proto.output.count else {
      throw .invalid(
        "\(inputs) do not fit \(context.operands.count) operands", .attribute("num_scan_inputs"))
    }
    let stacks = proto.output.count - count
    var operation = Scan()
    operation.states = count
    if context.opset < 9 {
      operation.inputsReversed = try directions(&attributes, "directions", inputs)
      operation.inputAxes = Array(repeating: 0, count: inputs)
      operation.outputsReversed = Array(repeating: 0, count: stacks)
      operation.outputAxes = Array(repeating: 0, count: stacks)
    } else {
      operation.inputsReversed = try directions(&attributes, "scan_input_directions", inputs)
      operation.inputAxes = try axes(&attributes, "scan_input_axes", inputs)
      operation.outputsReversed = try directions(&attributes, "scan_output_directions", stacks)
      operation.outputAxes = try axes(&attributes, "scan_output_axes", stacks)
    }
    let states = try states(context, from: first, count: count)
    let scanned = try self.states(context, from: first + count, count: inputs)
    if context.opset < 9 {
      return try BatchedScan.add(context, operation, proto, states, scanned)
    }
    let slices = zip(scanned, operation.inputAxes).map { value, axis in
      slice(context.valueType(value), axis: axis)
    }
    let importer = try BodyImporter(context, [proto])
    operation.body = try importer.run(
      0, states: states.map(context.valueType), firstOutput: 0
    ) { $0 + slices }
    return try context.add(operation, states + scanned + importer.captures)
  }

  /// What a pass sees of a tensor that is cut along an axis.
  static func slice(_ type: ValueType, axis: Int) -> ValueType {
    type.mapInnermost { tensor in
      guard var extents = tensor.extents, let axis = try? normalize(axis: axis, rank: extents.count)
      else { return TensorType(tensor.element, .unranked) }
      extents.remove(at: axis)
      return TensorType(tensor.element, extents)
    }
  }

  static func map(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1...Int.max)
    let operands = try context.variadic()
    let importer = try BodyImporter(context, [try attributes.graph("body")])
    let formals = operands.map { value -> ValueType in
      if case .sequence(let element) = context.valueType(value) { return element }
      return context.valueType(value)
    }
    let operation = SequenceMap(
      body: try importer.run(0, formals), mapped: operands.count - 1)
    return try context.add(operation, operands + importer.captures)
  }

  private static func states(
    _ context: NodeContext, from first: Int, count: Int
  ) throws(ImportError) -> [ValueID] {
    var values: [ValueID] = []
    for index in 0..<count {
      values.append(try context.operand(first + index, "operand \(first + index)"))
    }
    return values
  }

  private static func directions(
    _ attributes: inout AttributeReader, _ name: String, _ count: Int
  ) throws(ImportError) -> [Int] {
    let values = try attributes.integers(name) ?? Array(repeating: 0, count: count)
    guard values.count == count, values.allSatisfy({ $0 == 0 || $0 == 1 }) else {
      throw .invalid("expected \(count) times 0 or 1, found \(values)", .attribute(name))
    }
    return values
  }

  private static func axes(
    _ attributes: inout AttributeReader, _ name: String, _ count: Int
  ) throws(ImportError) -> [Int] {
    let values = try attributes.integers(name) ?? Array(repeating: 0, count: count)
    guard values.count == count else {
      throw .invalid("expected \(count) axes, found \(values)", .attribute(name))
    }
    return values
  }
}
