internal import ApusIR
internal import ApusLoops
internal import ApusONNXSchema
internal import ApusTensor

/// FlexAttention of ai.onnx.preview: attention whose scores and weights pass through graphs.
enum FlexAttention {
  static func attention(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3)
    let query = try context.operand(0, "Q")
    let element = context.element(query)
    let precision =
      try attributes.element("softmax_precision") ?? (element == .float64 ? .float64 : .float32)
    guard [.float32, .float16, .float64, .bfloat16].contains(precision) else {
      throw .invalid("\(precision.name) is no precision", .attribute("softmax_precision"))
    }
    var attention = DotProductAttention(
      scale: try attributes.real("scale"), precision: precision)
    attention.scoreGraph = try graph(context, &attributes, "score_mod")
    attention.weightGraph = try graph(context, &attributes, "prob_mod")
    let stages = try attention.run(
      context, query: query, key: try context.operand(1, "K"),
      value: try context.operand(2, "V"))
    return [stages.output]
  }

  /// What a graph of one input and one output computes.
  private static func graph(
    _ context: NodeContext, _ attributes: inout AttributeReader, _ name: String
  ) throws(ImportError) -> DotProductAttention.Modifier? {
    guard attributes.has(name) else { return nil }
    let proto = try attributes.graph(name)
    return { (value) throws(ImportError) in
      let results = try InlineGraph.run(context, proto, [value], label: name)
      guard results.count == 1 else {
        throw .invalid("the graph has \(results.count) outputs, expected 1", .attribute(name))
      }
      return results[0]
    }
  }
}
