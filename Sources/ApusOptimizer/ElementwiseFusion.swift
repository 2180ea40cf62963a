package import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Joins element-wise operators of one shape into programs that run in one sweep.
package struct ElementwiseFusion: Pass {
  package let name = "elementwise-fusion"

  /// Programs stay within the executor's registers and the instruction cache.
  package var instructionLimit = 48

  package init() {}

  package func rewrite(_ node: Node, in graph: Graph, uses: Uses) -> Patch? {
    guard var fused = FusedNode(node, graph) else { return nil }
    var grew = false
    for operand in fused.operands {
      guard let producer = graph.producer(of: operand),
        uses.of(operand).allSatisfy({ $0 == node.id }), !uses.isOutput(operand),
        graph.type(operand).shape == graph.type(node.results[0]).shape,
        graph.type(operand).rank != nil,
        let inner = FusedNode(producer, graph),
        inner.program.instructions.count + fused.program.instructions.count <= instructionLimit,
        let joined = fused.inlining(inner, for: operand)
      else { continue }
      fused = joined
      grew = true
      break
    }
    guard grew || !(node.operation is Elementwise), isWorthwhile(node, grew) else { return nil }
    var patch = Patch(label: name, anchor: node.id)
    patch.replace(
      node.results[0],
      with: patch.add(
        Elementwise(fused.program), fused.operands.map { .value($0) }, name: fused.name))
    return patch
  }

  /// A lone operator keeps its own name until it joins another.
  private func isWorthwhile(_ node: Node, _ grew: Bool) -> Bool { grew }
}

/// An element-wise node as a program with distinct operands; constants of one element are immediates.
struct FusedNode {
  var program: Program
  var operands: [ValueID]
  var name: String

  init?(_ node: Node, _ graph: Graph) {
    guard node.results.count == 1 else { return nil }
    let element = graph.type(node.results[0]).element
    guard Program.Lane(for: element) != nil else { return nil }
    var builder = ProgramBuilder()
    var operands: [ValueID] = []
    var values: [Int] = []
    // A constant may be what gives the result its rank.
    let rank =
      node.operands.compactMap { $0 }.filter { graph.scalar($0) == nil }
      .map { graph.type($0).rank ?? 0 }.max() ?? 0
    for operand in node.operands {
      guard let operand, Program.Lane(for: graph.type(operand).element) != nil else { return nil }
      if let number = graph.scalar(operand), graph.type(operand).element == .float32,
        (graph.type(operand).rank ?? .max) <= rank
      {
        values.append(builder.emit(.real(Double(Float(number)))))
      } else if let index = operands.firstIndex(of: operand) {
        values.append(builder.operand(index))
      } else {
        operands.append(operand)
        values.append(builder.operand(builder.addOperand(graph.type(operand).element)))
      }
    }
    let value: Int
    if let fused = node.operation as? Elementwise {
      guard fused.program.outputs.count == 1 else { return nil }
      value = builder.inline(fused.program, operands: values)[0]
    } else if let operation = node.operation as? any ElementwiseOperator {
      let elements = node.operands.compactMap { $0.map { graph.type($0).element } }
      guard
        let lowered = operation.lower(
          into: &builder, operands: values, elements: elements, result: element)
      else { return nil }
      value = lowered
    } else {
      return nil
    }
    guard !operands.isEmpty,
      let program = try? builder.finish(outputs: [.init(value: value, element: element)])
    else { return nil }
    self.program = program
    self.operands = operands
    self.name = node.name
  }

  /// The program with `value` computed in place by `inner`; nil where a narrow type would lose the
  /// rounding that storing it had.
  func inlining(_ inner: FusedNode, for value: ValueID) -> FusedNode? {
    let element = inner.program.outputs[0].element
    guard element == .float32 || element == .int64 || element == .bool else { return nil }
    var builder = ProgramBuilder()
    var joined: [ValueID] = []
    func load(_ operand: ValueID, _ element: ElementType) -> Int {
      if let index = joined.firstIndex(of: operand) { return builder.operand(index) }
      joined.append(operand)
      return builder.operand(builder.addOperand(element))
    }
    let innerValues = inner.operands.indices.map {
      load(inner.operands[$0], inner.program.operands[$0])
    }
    let result = builder.inline(inner.program, operands: innerValues)[0]
    let outerValues = operands.indices.map {
      operands[$0] == value ? result : load(operands[$0], program.operands[$0])
    }
    let outputs = builder.inline(program, operands: outerValues)
    guard
      let program = try? builder.finish(
        outputs: [.init(value: outputs[0], element: program.outputs[0].element)])
    else { return nil }
    var copy = self
    copy.program = program
    copy.operands = joined
    copy.name = inner.name.isEmpty ? name : "\(inner.name)+\(name)"
    return copy
  }
}
