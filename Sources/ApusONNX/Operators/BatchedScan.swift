internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

/// Scan of opset 8, which scans each example of a batch by itself: a scan over the batch whose body
/// is the scan over the sequence.
enum BatchedScan {
  static func add(
    _ context: NodeContext, _ operation: Scan, _ proto: Onnx_GraphProto, _ states: [ValueID],
    _ scanned: [ValueID]
  ) throws(ImportError) -> [ValueID?] {
    guard context.optional(0) == nil else {
      throw .unsupported("sequences of different lengths", .operand("sequence_lens"))
    }
    let importer = try BodyImporter(context, [proto])
    let example = states.map { ControlFlow.slice(context.valueType($0), axis: 0) }
    let sequences = scanned.map { ControlFlow.slice(context.valueType($0), axis: 0) }
    var inner = operation
    inner.body = try importer.run(0, states: example, firstOutput: 0) { states in
      states + sequences.map { ControlFlow.slice($0, axis: 0) }
    }
    var graph = Graph(name: "example")
    var operands: [ValueID?] = []
    for (index, type) in (example + sequences).enumerated() {
      operands.append(graph.addInput("example.\(index)", type))
    }
    for (index, value) in importer.captures.enumerated() {
      operands.append(graph.addInput("captured.\(index)", context.valueType(value)))
    }
    let results: [ValueID]
    do { results = try graph.append(inner, operands, name: context.name) } catch {
      throw .invalid("\(error)")
    }
    for (index, value) in results.enumerated() { graph.addOutput("\(index)", value) }
    var outer = Scan()
    outer.body = Body(graph)
    outer.inputAxes = Array(repeating: 0, count: operands.count - importer.captures.count)
    outer.inputsReversed = outer.inputAxes
    outer.outputAxes = Array(repeating: 0, count: results.count)
    outer.outputsReversed = outer.outputAxes
    return try context.add(outer, states + scanned + importer.captures)
  }
}
