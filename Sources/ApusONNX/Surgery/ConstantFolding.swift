internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

/// How constants are folded.
package struct FoldOptions: Sendable {
  /// A value of more bytes is not folded.
  package var sizeThreshold = 16 << 20
  /// Bytes that folded values may take together.
  package var byteBudget = 1 << 30
  /// Scalar operations that evaluation may take together.
  package var operationBudget = 2_000_000_000
  /// Whether integers that follow from the declared shapes become constants too.
  package var foldsShapes = true
  /// Rounds: what one folds may fix shapes that the next one folds.
  package var roundLimit = 8

  package init() {}
}

/// What folding did.
package struct FoldSummary: Sendable, Hashable {
  package var foldedNodes = 0
  package var newConstants = 0
  package var newBytes = 0
  package var rounds = 0
  /// Values that were left as they are although they are constant, each with the reason.
  package var skipped: [String] = []
}

extension ModelEditor {
  /// Replaces nodes of the main graph that depend on constants only by initializers, and so values
  /// whose integers follow from shapes.
  ///
  /// Nodes with bodies stay, and so do quantisation nodes, which tell a compiler more than their
  /// values. Initializers that only folded nodes read are dropped. A graph output that is constant
  /// keeps a node that makes it.
  package mutating func foldConstants(
    _ options: FoldOptions = FoldOptions()
  ) throws(ImportError) -> FoldSummary {
    var folder = ConstantFolder(options)
    var summary = FoldSummary()
    while summary.rounds < options.roundLimit {
      summary.rounds += 1
      let before = summary.foldedNodes
      try folder.run(&self, &summary)
      if summary.foldedNodes == before { break }
    }
    summary.skipped = folder.skipped.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    return summary
  }
}

/// One model's folding: evaluates node by node with what is left of the budgets.
private struct ConstantFolder {
  private let options: FoldOptions
  private var bytesLeft: Int
  private var operationsLeft: Int
  private(set) var skipped: [String: String] = [:]

  init(_ options: FoldOptions) {
    self.options = options
    bytesLeft = options.byteBudget
    operationsLeft = options.operationBudget
  }

  /// Operators that are kept whatever their operands are: those of quantisation, and random ones,
  /// which give other values in every run of other programs even where they have a seed.
  private static let kept: Set<String> = [
    "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "RandomNormal",
    "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial",
  ]

  mutating func run(
    _ editor: inout ModelEditor, _ summary: inout FoldSummary
  ) throws(ImportError) {
    let model = editor.model
    let opsets = try ONNXImporter.opsets(model.opsetImport, irVersion: model.irVersion)
    let state = try ImportState(editor.file, options: editor.options)
    let survey =
      options.foldsShapes
      ? PartialImport(editor.file, options: editor.options, overridable: true) : nil
    let outputs = Set(model.graph.output.map(\.name))
    var known = Constants(editor)
    var folded: [Int: [String: HostTensor]] = [:]
    for (index, node) in model.graph.node.enumerated() {
      let names = node.output.filter { !$0.isEmpty }
      guard !names.isEmpty, node.bodies.isEmpty, !Self.kept.contains(node.opType),
        node.opType != "Constant" || names.allSatisfy({ !outputs.contains($0) })
      else { continue }
      guard
        let values = shapes(names, node, survey)
          ?? evaluated(node, names, &known, opsets, state)
      else { continue }
      guard accept(values, node) else { continue }
      folded[index] = values
      for (name, tensor) in values { known.computed[name] = tensor }
    }
    try apply(folded, outputs, &editor, &summary)
  }

  /// The values of initializers and of what has been folded.
  private struct Constants {
    var computed: [String: HostTensor] = [:]
    private var stored: [String: Onnx_TensorProto] = [:]
    private let tensors: TensorDecoder

    init(_ editor: ModelEditor) {
      tensors = editor.tensors
      let names = editor.constantNames
      for tensor in editor.model.graph.initializer where names.contains(tensor.name) {
        stored[tensor.name] = tensor
      }
    }

    func contains(_ name: String) -> Bool { computed[name] != nil || stored[name] != nil }

    mutating func value(_ name: String) -> HostTensor? {
      if let tensor = computed[name] { return tensor }
      guard let proto = stored[name], let tensor = try? tensors.decode(proto) else { return nil }
      computed[name] = tensor
      return tensor
    }
  }

  /// Values of all outputs that follow from shapes, where all do.
  private func shapes(
    _ names: [String], _ node: Onnx_NodeProto, _ survey: PartialImport?
  ) -> [String: HostTensor]? {
    guard let survey, node.opType != "Constant" else { return nil }
    var values: [String: HostTensor] = [:]
    for name in names {
      guard let fact = survey.fact(name), fact.valueType.isTensor, let tensor = fact.known,
        tensor.element.isInteger, tensor.element.bitWidth >= 8
      else { return nil }
      values[name] = tensor
    }
    return values
  }

  /// Values of all outputs of a node that reads constants only; nil where it does not, or where
  /// evaluating it is not possible or takes too much.
  private mutating func evaluated(
    _ node: Onnx_NodeProto, _ names: [String], _ known: inout Constants, _ opsets: [String: Int],
    _ state: ImportState
  ) -> [String: HostTensor]? {
    let inputs = Set(node.input).subtracting([""])
    guard inputs.allSatisfy(known.contains) else { return nil }
    var scope = Scope(opsets: opsets)
    state.graph = Graph(name: "")
    for name in inputs.sorted() {
      guard let tensor = known.value(name),
        let value = try? state.addWeight(name, tensor),
        (try? scope.define(name, value)) != nil
      else { return nil }
    }
    do throws(ImportError) { try NodeImporter.run(node, in: &scope, state) } catch {
      skip(node, "it cannot be evaluated: \(error.reason)")
      return nil
    }
    var graph = state.graph
    for name in names {
      guard let value = scope.values[name] ?? nil, graph.valueType(value).isTensor else {
        return nil
      }
      graph.addOutput(name, value)
    }
    guard isAffordable(graph, node) else { return nil }
    var limits = ResourceLimits()
    limits.loopPasses = 1
    limits.memory = 1 << 31
    do throws(EvaluationFailure) {
      let results = try ReferenceEvaluator(graph).run([], EvaluationContext(limits))
      return Dictionary(zip(names, results), uniquingKeysWith: { first, _ in first })
    } catch {
      skip(node, "\(error)")
      return nil
    }
  }

  private mutating func isAffordable(_ graph: Graph, _ node: Onnx_NodeProto) -> Bool {
    for inner in graph.nodes {
      guard inner.operation.isDeterministic else { return false }
      guard EvaluationCost.of(inner, in: graph) == nil else { continue }
      switch inner.operation {
      case is Loop, is Scan, is SequenceMap, is Branch, is Pool, is Convolution, is MatMul:
        skip(node, "how long evaluating it takes does not follow from shapes")
        return false
      default: break
      }
    }
    for output in graph.outputs {
      guard let bytes = graph.type(output.value).byteCount else { continue }
      guard bytes <= options.sizeThreshold else {
        skip(node, "its value takes \(bytes) bytes, more than \(options.sizeThreshold)")
        return false
      }
    }
    // Where the size depends on the data, the operands bound what evaluation may take.
    let cost = EvaluationCost.of(graph) ?? options.sizeThreshold
    guard cost <= operationsLeft else {
      skip(node, "evaluating it takes about \(cost) operations, \(operationsLeft) are left")
      return false
    }
    operationsLeft -= cost
    return true
  }

  private mutating func accept(_ values: [String: HostTensor], _ node: Onnx_NodeProto) -> Bool {
    var bytes = 0
    for tensor in values.values {
      guard tensor.byteCount <= options.sizeThreshold else {
        skip(node, "its value takes \(tensor.byteCount) bytes, more than \(options.sizeThreshold)")
        return false
      }
      bytes += tensor.byteCount
    }
    guard bytes <= bytesLeft else {
      skip(node, "the constants folded so far take up the budget of \(options.byteBudget) bytes")
      return false
    }
    bytesLeft -= bytes
    return true
  }

  private mutating func skip(_ node: Onnx_NodeProto, _ reason: String) {
    skipped["node \(node.label)"] = reason
  }

  /// Takes folded nodes out and puts in the constants that others read.
  private func apply(
    _ folded: [Int: [String: HostTensor]], _ outputs: Set<String>, _ editor: inout ModelEditor,
    _ summary: inout FoldSummary
  ) throws(ImportError) {
    guard !folded.isEmpty else { return }
    let before = try editor.readNames
    var nodes: [Onnx_NodeProto] = []
    var constants: [String: HostTensor] = [:]
    for (index, node) in editor.model.graph.node.enumerated() {
      guard let values = folded[index] else {
        nodes.append(node)
        continue
      }
      summary.foldedNodes += 1
      for (name, tensor) in values.sorted(by: { $0.key < $1.key }) {
        guard outputs.contains(name) else {
          constants[name] = tensor
          continue
        }
        // Some readers want every output to be some node's.
        var constant = Onnx_NodeProto()
        constant.opType = "Constant"
        constant.name = node.name
        constant.output = [name]
        var attribute = Onnx_AttributeProto()
        attribute.name = "value"
        attribute.type = .tensor
        attribute.t = editor.message(tensor, name: "")
        constant.attribute = [attribute]
        nodes.append(constant)
      }
    }
    editor.model.graph.node = nodes
    let after = try editor.readNames
    for (name, tensor) in constants.sorted(by: { $0.key < $1.key }) where after.contains(name) {
      let message = editor.message(tensor, name: name)
      editor.model.graph.initializer.append(message)
      // Up to IR version 3 initializers are listed among the inputs.
      if editor.model.irVersion < 4 {
        editor.model.graph.input.append(ValueDescriptions.info(of: message))
      }
      summary.newConstants += 1
      summary.newBytes += tensor.byteCount
    }
    let dropped = before.subtracting(after)
    editor.removeConstants { dropped.contains($0) }
    editor.removeStaleDescriptions()
  }
}
