internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

/// What one import shares between graph, nodes and function bodies.
final class ImportState {
  struct FunctionKey: Hashable {
    var domain: String
    var name: String
    var overload: String
  }

  var graph: Graph
  let tensors: TensorDecoder
  let options: ImportOptions
  let functions: [FunctionKey: Onnx_FunctionProto]
  /// How many function calls lie around the node being imported.
  var functionDepth = 0
  /// How many bodies of control flow lie around it.
  var bodyDepth = 0
  private(set) var nodeCount = 0
  private var bodyRetries = 0
  private var expandedBytes = 0
  private var weightNames: Set<String> = []
  private var nextSuffix: [String: Int] = [:]

  init(_ file: ModelFile, options: ImportOptions) throws(ImportError) {
    graph = Graph(name: file.proto.graph.name)
    tensors = file.tensors
    self.options = options
    var functions: [FunctionKey: Onnx_FunctionProto] = [:]
    for function in file.proto.functions {
      let key = FunctionKey(
        domain: ONNXImporter.normalize(domain: function.domain), name: function.name,
        overload: function.overload)
      guard functions.updateValue(function, forKey: key) == nil else {
        throw .invalid("function '\(function.name)' of domain '\(function.domain)' exists twice")
      }
    }
    self.functions = functions
  }

  /// Whether one more body may be imported a second time: branches in branches would multiply.
  func retryBody() -> Bool {
    bodyRetries += 1
    return bodyRetries <= 64
  }

  /// Counts a node against the limit of the expanded graph.
  func countNode() throws(ImportError) {
    nodeCount += 1
    guard nodeCount <= options.limits.nodes else {
      throw .unsupported(
        "more than \(options.limits.nodes) nodes after expansion of functions; raise the limit "
          + "with --nodeLimit=N")
    }
  }

  /// Adds a constant under a name that no other has.
  func addWeight(_ name: String, _ tensor: HostTensor) throws(ImportError) -> ValueID {
    try countExpandedBytes(tensor)
    var unique = name
    while !weightNames.insert(unique).inserted {
      let suffix = nextSuffix[name, default: 1]
      nextSuffix[name] = suffix + 1
      unique = "\(name).\(suffix)"
    }
    return graph.addWeight(unique, tensor)
  }

  /// Constants in function bodies are decoded once a call, so a small file could ask for a lot.
  private func countExpandedBytes(_ tensor: HostTensor) throws(ImportError) {
    guard functionDepth > 0, case .dense(let storage, _) = tensor.content, storage.isWritable else {
      return
    }
    expandedBytes += tensor.byteCount
    guard expandedBytes <= options.limits.functionBytes else {
      throw .unsupported(
        "more than \(options.limits.functionBytes) bytes of constants in expanded functions; raise "
          + "the limit with --functionBytesLimit=N")
    }
  }
}

/// The names that a graph or function body sees.
struct Scope {
  /// nil stands for an optional operand that the caller left out.
  var values: [String: ValueID?] = [:]
  var opsets: [String: Int]
  /// The attributes of a function call, by the function's names for them.
  var attributes: [String: Onnx_AttributeProto] = [:]
  /// Prefix of node and value names in function bodies.
  var prefix = ""
  var functions: [ImportState.FunctionKey] = []

  init(opsets: [String: Int]) { self.opsets = opsets }

  /// A node's or value's name with the calls that lead to it; nil where that is too long.
  func qualified(_ name: String) -> String? {
    prefix.isEmpty ? name : prefix.utf8.count + name.utf8.count <= 1024 ? prefix + name : nil
  }

  /// Defines a name of the graph around a body, which the body's own names may hide.
  mutating func defineOuter(_ name: String, _ value: ValueID?) throws(ImportError) {
    if values[name] == nil { values[name] = .some(value) }
  }

  mutating func define(_ name: String, _ value: ValueID?) throws(ImportError) {
    guard values.updateValue(value, forKey: name) == nil else {
      throw .invalid("the value '\(name)' is defined twice", .output(name))
    }
  }
}

extension Scope {
  /// Defines an initializer as a weight.
  mutating func define(
    _ tensor: Onnx_TensorProto, _ state: ImportState
  ) throws(ImportError) {
    try define(tensor.name, try state.addWeight(tensor.name, try state.tensors.decode(tensor)))
  }

  /// Defines a sparse initializer as a dense weight.
  mutating func define(
    _ tensor: Onnx_SparseTensorProto, _ state: ImportState
  ) throws(ImportError) {
    let dense = try SparseTensor.densify(tensor, state.tensors)
    try define(tensor.values.name, try state.addWeight(tensor.values.name, dense))
  }
}
