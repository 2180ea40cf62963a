package import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

/// Imports as much of a main graph as can be imported: an error poisons the values that depend on it,
/// and everything else goes on.
package struct PartialImport: Sendable {
  /// What became of a node.
  enum Outcome: Sendable {
    /// The positions in the graph's execution order of what the node became.
    case imported(Range<Int>)
    case failed(ImportError)
    /// Values that an earlier error left without meaning.
    case poisoned([String])
  }

  package let graph: Graph
  /// Values by their names in the model; nil for those that carry nothing.
  let values: [String: ValueID]
  let outcomes: [Outcome]
  /// Errors of inputs, initializers and the model as a whole.
  let errors: [ImportError]
  let opsets: [String: Int]

  /// `overridable` says whether initializers that callers may replace count as inputs.
  package init(
    _ file: ModelFile, options: ImportOptions = ImportOptions(), overridable: Bool = false
  ) {
    var builder = Builder(options: options)
    builder.run(file, overridable: overridable)
    graph = builder.graph
    values = builder.values
    outcomes = builder.outcomes
    errors = builder.errors
    opsets = builder.opsets
  }

  /// What is known about a value of the model; nil where it was not imported.
  func fact(_ name: String) -> Fact? { values[name].map(graph.fact) }

  private struct Builder {
    let options: ImportOptions
    var graph = Graph(name: "")
    var values: [String: ValueID] = [:]
    var outcomes: [Outcome] = []
    var errors: [ImportError] = []
    var opsets: [String: Int] = [:]
    private var defined: Set<String> = []
    private var poisoned: Set<String> = []

    init(options: ImportOptions) { self.options = options }

    mutating func run(_ file: ModelFile, overridable: Bool) {
      let model = file.proto
      let state: ImportState
      do throws(ImportError) {
        opsets = try ONNXImporter.opsets(model.opsetImport, irVersion: model.irVersion)
        state = try ImportState(file, options: options)
      } catch {
        errors.append(error)
        outcomes = model.graph.node.map { _ in .poisoned([]) }
        return
      }
      var scope = Scope(opsets: opsets)
      define(model, overridable: overridable, &scope, state)
      for node in model.graph.node { outcomes.append(outcome(node, &scope, state)) }
      graph = state.graph
      values = scope.values.compactMapValues { $0 }
      for output in model.graph.output {
        if let value = values[output.name] { graph.addOutput(output.name, value) }
      }
    }

    private mutating func define(
      _ model: Onnx_ModelProto, overridable: Bool, _ scope: inout Scope, _ state: ImportState
    ) {
      let proto = model.graph
      let initializers = Set(
        proto.initializer.map(\.name) + proto.sparseInitializer.map(\.values.name))
      var inputs = proto.input.filter { !initializers.contains($0.name) }
      var constants = initializers
      if overridable, model.irVersion >= 4 {
        inputs = proto.input
        constants.subtract(proto.input.map(\.name))
      }
      var symbols = SymbolNames(proto)
      for input in inputs {
        attempt(input.name) { () throws(ImportError) in
          let type = try ValueTypes.value(input, symbols: &symbols)
          try scope.define(input.name, state.graph.addInput(input.name, type))
        }
      }
      for tensor in proto.initializer where constants.contains(tensor.name) {
        attempt(tensor.name) { () throws(ImportError) in
          try scope.define(tensor, state)
        }
      }
      for tensor in proto.sparseInitializer where constants.contains(tensor.values.name) {
        attempt(tensor.values.name) { () throws(ImportError) in
          try scope.define(tensor, state)
        }
      }
    }

    private mutating func attempt(_ name: String, _ step: () throws(ImportError) -> Void) {
      do throws(ImportError) {
        try step()
        defined.insert(name)
      } catch {
        var error = error
        if error.subject == nil { error.subject = .tensor(name) }
        errors.append(error)
        if !defined.contains(name) { poisoned.insert(name) }
      }
    }

    private mutating func outcome(
      _ node: Onnx_NodeProto, _ scope: inout Scope, _ state: ImportState
    ) -> Outcome {
      let start = state.graph.order.count
      let fresh = node.output.filter { !$0.isEmpty && scope.values[$0] == nil }
      let outcome: Outcome
      do throws(ImportError) {
        let causes = try GraphReads.names(of: node).filter { poisoned.contains($0) }
        if causes.isEmpty {
          try NodeImporter.run(node, in: &scope, state)
          return .imported(start..<state.graph.order.count)
        }
        outcome = .poisoned(causes)
      } catch { outcome = .failed(error) }
      for output in fresh {
        scope.values[output] = nil
        poisoned.insert(output)
      }
      return outcome
    }
  }
}
