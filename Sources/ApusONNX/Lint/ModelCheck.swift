package import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

/// Looks a whole model over and says everything there is to say, beyond the first error.
package struct ModelCheck: Sendable {
  /// A node whose operands an earlier error left without meaning.
  package struct Unchecked: Sendable, Hashable {
    package var node: String
    package var operation: String
    /// The values that are not known.
    package var values: [String]
  }

  /// What became of a node of the main graph.
  package struct NodeReport: Sendable {
    package enum State: Sendable, Hashable { case imported, failed, unchecked }
    package var name: String
    package var operation: String
    package var domain: String
    package var state: State
  }

  package private(set) var findings: [Finding] = []
  package private(set) var unchecked: [Unchecked] = []
  package private(set) var nodes: [NodeReport] = []
  /// What could be imported.
  package let graph: Graph

  private let model: Onnx_ModelProto
  /// Domains that nodes use and the model does not import.
  private var missingDomains: Set<String> = []
  private let imported: PartialImport

  /// `options` are those of the import that the model is checked for.
  package init(_ file: ModelFile, options: ImportOptions = ImportOptions()) {
    model = file.proto
    imported = PartialImport(file, options: options)
    graph = imported.graph
    checkModel()
    for error in imported.errors { add(error) }
    checkNodes()
    checkDeclarations()
    checkOutputs()
    checkNames()
    checkUses()
  }

  package var hasErrors: Bool { findings.contains { $0.severity == .error } }
  package var hasUnsupported: Bool { findings.contains { $0.severity == .unsupported } }

  // MARK: The model

  private mutating func checkModel() {
    if model.irVersion > ONNXImporter.newestIR {
      findings.append(
        Finding(
          .unsupported, .model,
          "IR version \(model.irVersion); the newest known is \(ONNXImporter.newestIR)",
          hint: "export with an older version of the onnx package"))
    }
    if model.graph.output.isEmpty {
      findings.append(Finding(.error, .model, "the graph has no outputs"))
    }
    let given = Set(
      model.opsetImport.map { ONNXImporter.normalize(domain: $0.domain) }
        + (model.opsetImport.isEmpty && model.irVersion < 3 ? [""] : []))
    let functions = Set(model.functions.map { ONNXImporter.normalize(domain: $0.domain) })
    for node in model.graph.node {
      let domain = ONNXImporter.normalize(domain: node.domain)
      if !given.contains(domain), !functions.contains(domain) { missingDomains.insert(domain) }
    }
    for domain in missingDomains.sorted() {
      let name = domain.isEmpty ? "ai.onnx" : domain
      findings.append(
        Finding(
          .error, .opset, "nodes use the operator set '\(name)', which the model does not import",
          hint: "add an opset_import of domain \"\(domain)\" to the model"))
    }
  }

  private mutating func add(_ error: ImportError) {
    var code = Finding.Code.model
    if case .tensor(let name)? = error.subject {
      let stored = model.graph.initializer.first { $0.name == name }
      code =
        stored == nil ? .input : stored?.dataLocation == .external ? .externalData : .initializer
    }
    let hint =
      code == .externalData
      ? "external data lies in files beside the model; copy them along with it" : nil
    findings.append(
      Finding(
        error.isUnsupported ? .unsupported : .error, code, "\(error.reason)",
        subject: error.subject.map { "\($0)" }, hint: hint))
  }

  // MARK: Nodes

  private mutating func checkNodes() {
    var makers: [String: Int] = [:]
    for (index, node) in model.graph.node.enumerated() {
      for output in node.output where makers[output] == nil { makers[output] = index }
    }
    for (index, node) in model.graph.node.enumerated() {
      var report = NodeReport(
        name: Self.name(node), operation: node.opType,
        domain: ONNXImporter.normalize(domain: node.domain), state: .imported)
      defer { nodes.append(report) }
      switch imported.outcomes[index] {
      case .imported: break
      case .poisoned(let values):
        report.state = .unchecked
        unchecked.append(
          Unchecked(node: report.name, operation: node.opType, values: values))
      case .failed(let error):
        report.state = .failed
        // The model lacks the operator set; that has been said once.
        if missingDomains.contains(report.domain) { break }
        findings.append(finding(error, node, index, makers))
      }
    }
  }

  private static func name(_ node: Onnx_NodeProto) -> String {
    node.name.isEmpty ? node.output.first { !$0.isEmpty } ?? node.opType : node.name
  }

  private func finding(
    _ error: ImportError, _ node: Onnx_NodeProto, _ index: Int, _ makers: [String: Int]
  ) -> Finding {
    var finding = Finding(
      error.isUnsupported ? .unsupported : .error, .node, "\(error.reason)",
      subject: error.subject.map { "\($0)" })
    finding.node = error.location?.node ?? Self.name(node)
    finding.operation = error.location?.operation ?? node.opType
    finding.domain = error.location?.domain ?? node.domain
    finding.opset = error.location.map(\.opset)
    if let functions = error.location.map({ _ in error.functions }), !functions.isEmpty {
      finding.text = "in function \(functions.joined(separator: " > ")): " + finding.text
    }
    switch error.reason {
    case .unsupportedOperator(let nearest):
      finding.code = .operatorUnknown
      finding.text = "the operator is not supported"
      finding.hint =
        nearest.isEmpty
        ? "cut it off with 'apus surgeon extract', or give it as a model-local function"
        : "the nearest known: \(nearest.joined(separator: ", "))"
    default: break
    }
    if case .operand(let name)? = error.subject, let maker = makers[name], maker > index {
      finding.code = .unsorted
      finding.text = "it is computed later, by node \(model.graph.node[maker].label)"
      finding.hint = "apus surgeon sanitize MODEL --toposort -o OUT puts nodes in order"
    }
    return finding
  }

  // MARK: Values

  /// Declared types against those that follow from the operators.
  private mutating func checkDeclarations() {
    for info in model.graph.valueInfo + model.graph.output {
      guard case .tensorType(let declared)? = info.type.value,
        let fact = imported.fact(info.name), fact.valueType.isTensor
      else { continue }
      let type = fact.type
      let subject = "value '\(info.name)'"
      if let element = ElementType(onnx: declared.elemType), element != type.element {
        findings.append(
          Finding(
            .error, .typeContradiction,
            "it is declared as \(element.name), its node computes \(type.element.name)",
            subject: subject))
        continue
      }
      guard declared.hasShape, let extents = type.extents else { continue }
      let dims = declared.shape.dim
      let agrees =
        dims.count == extents.count
        && zip(dims, extents).allSatisfy { dimension, extent in
          guard case .dimValue(let number)? = dimension.value, let fixed = extent.fixed else {
            return true
          }
          return Int64(fixed) == number
        }
      guard !agrees else { continue }
      let text = dims.map { dimension in
        switch dimension.value {
        case .dimValue(let number): "\(number)"
        case .dimParam(let name): name
        case nil: "?"
        }
      }.joined(separator: ", ")
      findings.append(
        Finding(
          .warning, .typeContradiction,
          "it is declared with shape [\(text)], its node computes \(type.shape)",
          subject: subject, hint: "declared shapes are not relied on"))
    }
  }

  private mutating func checkOutputs() {
    let made = Set(model.graph.node.flatMap(\.output))
      .union(model.graph.input.map(\.name)).union(model.graph.initializer.map(\.name))
      .union(model.graph.sparseInitializer.map(\.values.name))
    for output in model.graph.output where !made.contains(output.name) {
      findings.append(
        Finding(
          .error, .outputMissing, "no node computes it", subject: "output '\(output.name)'"))
    }
  }

  private mutating func checkNames() {
    var counts: [String: Int] = [:]
    for node in model.graph.node where !node.name.isEmpty { counts[node.name, default: 0] += 1 }
    for (name, count) in counts.sorted(by: { $0.key < $1.key }) where count > 1 {
      findings.append(
        Finding(.warning, .nameTwice, "\(count) nodes have this name", subject: "node '\(name)'"))
    }
    var seen: Set<String> = []
    for name in model.graph.input.map(\.name) + model.graph.output.map(\.name)
    where name.isEmpty {
      findings.append(Finding(.error, .model, "an input or output has no name"))
      break
    }
    for output in model.graph.output where !seen.insert(output.name).inserted {
      findings.append(
        Finding(.warning, .nameTwice, "it is listed twice", subject: "output '\(output.name)'"))
    }
  }

  // MARK: Uses

  private mutating func checkUses() {
    guard let reads = try? GraphReads(model.graph) else { return }
    var read = Set(model.graph.output.map(\.name))
    for names in reads.names { read.formUnion(names) }
    let initializers = Set(
      model.graph.initializer.map(\.name) + model.graph.sparseInitializer.map(\.values.name))
    for input in model.graph.input
    where !read.contains(input.name) && !initializers.contains(input.name) {
      findings.append(
        Finding(.note, .unusedInput, "nothing reads it", subject: "input '\(input.name)'"))
    }
    for name in initializers.sorted() where !read.contains(name) {
      findings.append(
        Finding(.note, .unusedInitializer, "nothing reads it", subject: "initializer '\(name)'"))
    }
    let needed = reads.ancestors(of: model.graph.output.map(\.name)).nodes
    for (index, node) in model.graph.node.enumerated() where !needed.contains(index) {
      var finding = Finding(.note, .deadNode, "no output depends on it")
      finding.node = Self.name(node)
      finding.operation = node.opType
      finding.domain = ONNXImporter.normalize(domain: node.domain)
      findings.append(finding)
    }
  }
}
