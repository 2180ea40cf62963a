import ApusIR
import ApusLoops
import ApusTensor

/// One attention layer with past keys and values: `y = attention(x, past)`, two heads of eight.
enum DecoderGraph {
  static let heads = 2
  static let width = 8

  /// How the cache is read beside the products of attention.
  enum Reader: CaseIterable {
    case none
    /// A reduction, which needs a dense copy.
    case reduction
    /// A product through a view that strides can express, and one through a view that they cannot.
    case views
    /// Element-wise work on keys, and on the past itself.
    case elementwise
  }

  static func make(_ reader: Reader = .none) throws -> Graph {
    var graph = Graph(name: "decoder")
    let batch = Extent.symbol("batch")
    let past = Extent.symbol("past")
    let x = graph.addInput("x", TensorType(.float32, [batch, .symbol("sequence"), 16]))
    let pastType = TensorType(.float32, [batch, .fixed(heads), past, .fixed(width)])
    let pastKey = graph.addInput("past.key", pastType)
    let pastValue = graph.addInput("past.value", pastType)
    let q = try project(x, "q", &graph)
    let k = try graph.append(
      Concat(axis: -2), [pastKey, try project(x, "k", &graph)], name: "append.key")[0]
    let v = try graph.append(
      Concat(axis: 2), [pastValue, try project(x, "v", &graph)], name: "append.value")[0]
    let turned = try graph.append(Transpose([0, 1, 3, 2]), [k], name: "turn")[0]
    let scores = try graph.append(MatMul(), [q, turned], name: "scores")[0]
    let weights = try graph.append(Softmax(), [scores], name: "weights")[0]
    let mixed = try graph.append(MatMul(), [weights, v], name: "mix")[0]
    let joined = try graph.append(Transpose([0, 2, 1, 3]), [mixed], name: "join")[0]
    let y = try reshape(joined, [0, 0, 16], &graph)
    graph.addOutput("y", y)
    graph.addOutput("present.key", k)
    graph.addOutput("present.value", v)
    try add(reader, k, v, pastKey, &graph)
    return graph
  }

  private static func add(
    _ reader: Reader, _ k: ValueID, _ v: ValueID, _ pastKey: ValueID, _ graph: inout Graph
  ) throws {
    switch reader {
    case .none: break
    case .reduction:
      let axes = graph.addWeight("axes", try .vector([2]))
      graph.addOutput("sum", try graph.append(Reduce(.sum), [k, axes], name: "sum")[0])
    case .views:
      let lines = try reshape(k, [-1, heads, 1, width], &graph)
      let flat = try reshape(v, [-1, width], &graph)
      let w = graph.addWeight("wide", try values(width * 4, 31, [width, 4]))
      graph.addOutput("lines", try graph.append(MatMul(), [lines, w], name: "lines")[0])
      graph.addOutput("flat", try graph.append(MatMul(), [flat, w], name: "flat")[0])
    case .elementwise:
      graph.addOutput("twice", try graph.append(Binary(.add), [k, v], name: "twice")[0])
      graph.addOutput("minus", try graph.append(Unary(.negate), [pastKey], name: "minus")[0])
    }
  }

  private static func project(
    _ x: ValueID, _ name: String, _ graph: inout Graph
  ) throws -> ValueID {
    let seed = name.utf8.reduce(7) { $0 + Int($1) }
    let w = graph.addWeight("w.\(name)", try values(256, seed, [16, 16]))
    let product = try graph.append(MatMul(), [x, w], name: "project.\(name)")[0]
    let split = try reshape(product, [0, 0, heads, width], &graph)
    return try graph.append(Transpose([0, 2, 1, 3]), [split], name: "heads.\(name)")[0]
  }

  private static func reshape(
    _ value: ValueID, _ shape: [Int], _ graph: inout Graph
  ) throws -> ValueID {
    let target = graph.addWeight("shape", try .vector(shape))
    return try graph.append(Reshape(), [value, target], name: "reshape")[0]
  }

  /// Numbers between -0.5 and 0.5 that look random.
  static func values(_ count: Int, _ seed: Int, _ shape: [Int]) throws -> HostTensor {
    let numbers = (0..<count).map { Double(($0 * 7919 + seed * 104_729) % 1009) / 1009 - 0.5 }
    return try HostTensor(.float32, shape: shape, .real(numbers))
  }

  static func input(batch: Int, sequence: Int, _ seed: Int) throws -> HostTensor {
    try values(batch * sequence * 16, seed, [batch, sequence, 16])
  }
}
