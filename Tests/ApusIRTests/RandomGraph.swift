import ApusLoops
import ApusTensor
import Testing

@testable import ApusIR

/// Graphs that are valid and otherwise arbitrary.
enum RandomGraph {
  static func make(seed: UInt64, nodes: Int = 12) throws -> Graph {
    var random = SplitMix(seed: seed)
    var graph = Graph(name: "random \(seed)")
    let batch = Extent.symbol("batch")
    let length = Extent.symbol("past.length") + .symbol("sequence")
    var floats = [
      graph.addInput("x", TensorType(.float32, [batch, length, 4])),
      graph.addInput("a name, with \"odd\" \\ characters\n", TensorType(.float32, [2, 3, 4])),
      graph.addWeight("scale", try HostTensor(.float32, shape: [4], .real([1, -0.5, 3e-7, 1e30]))),
      graph.addWeight(
        "half",
        try HostTensor(splat: .scalar(0.5, as: .float32), shape: [2, 3, 4])),
      graph.addWeight("large", try HostTensor(zeros: .float32, shape: [20, 20])),
    ]
    let scale = floats[2]
    graph.addWeight("texts", try HostTensor(texts: ["", "a \"b\"", "ü"], shape: [3]))
    for index in 0..<nodes {
      let value = floats[Int.random(in: 0..<floats.count, using: &random)]
      guard let extents = graph.type(value).extents else { continue }
      let name = index % 3 == 0 ? "" : "block/\(index)"
      func weight(_ values: [Int]) throws -> ValueID {
        graph.addWeight("c\(index).\(graph.values.count)", try .vector(values))
      }
      switch Int.random(in: 0..<10, using: &random) {
      case 0:
        let functions: [UnaryFunction] = [.relu, .tanh, .exp, .negate]
        let function = functions.randomElement(using: &random) ?? .relu
        floats += try graph.append(Unary(function), [value], name: name)
      case 1:
        let other = extents.last == 4 ? scale : value
        floats += try graph.append(Binary(.add), [value, other], name: name)
      case 2:
        let order = Array(extents.indices).shuffled(using: &random)
        floats += try graph.append(Transpose(order), [value], name: name)
      case 3:
        floats += try graph.append(Concat(axis: 0), [value, value], name: name)
      case 4:
        floats += try graph.append(Split(axis: -1, parts: 2), [value], name: name)
      case 5:
        floats += try graph.append(
          Slice(), [value, weight([1]), weight([Int.max]), weight([-1]), nil], name: name)
      case 6:
        let shape = try graph.append(ShapeOf(), [value], name: name)[0]
        let back = try graph.append(Extents(extents), [], name: "extents")[0]
        _ = try graph.append(Binary(.equal), [shape, back], name: name)
        floats += try graph.append(Reshape(), [value, back], name: name)
      case 7:
        floats += try graph.append(Unsqueeze(), [value, weight([0])], name: name)
      case 8:
        floats += try graph.append(Softmax(axis: -1, logarithm: true), [value], name: name)
      default:
        floats += try graph.append(Flatten(axis: extents.count - 1), [value], name: name)
      }
      // Extents may become empty by slicing; such values stay out of the way.
      floats.removeAll { graph.type($0).extents?.contains(0) != false && $0 != scale }
    }
    for (index, value) in floats.suffix(3).enumerated() {
      graph.addOutput(index == 0 ? "the \"result\"" : "out\(index)", value)
    }
    return graph
  }
}

/// Asserts that two graphs are the same but for the numbering of values and nodes.
func expectEqual(
  _ left: Graph, _ right: Graph, sourceLocation: SourceLocation = #_sourceLocation
) {
  func same<Value: Equatable>(_ a: Value, _ b: Value) {
    #expect(a == b, sourceLocation: sourceLocation)
  }
  var map: [ValueID: ValueID] = [:]
  func pair(_ a: ValueID, _ b: ValueID) {
    map[a] = b
    same(left.type(a), right.type(b))
    same(left.fact(a).contents, right.fact(b).contents)
  }
  same(left.name, right.name)
  same(left.inputs.map { left[$0].name }, right.inputs.map { right[$0].name })
  for (a, b) in zip(left.inputs, right.inputs) { pair(a, b) }
  let mine = left.weights.sorted { $0.key < $1.key }
  let theirs = right.weights.sorted { $0.key < $1.key }
  same(mine.map(\.value.name), theirs.map(\.value.name))
  for (a, b) in zip(mine, theirs) {
    pair(a.key, b.key)
    same(try? a.value.tensor.elements(), try? b.value.tensor.elements())
    same(a.value.tensor.isSplat, b.value.tensor.isSplat)
  }
  same(left.order.count, right.order.count)
  for (a, b) in zip(left.nodes, right.nodes) {
    same(a.name, b.name)
    #expect(a.operation.isEqual(to: b.operation), sourceLocation: sourceLocation)
    same(a.operands.map { $0.map { map[$0] } }, b.operands.map { $0.map { Optional($0) } })
    same(a.results.count, b.results.count)
    for (x, y) in zip(a.results, b.results) { pair(x, y) }
  }
  same(left.outputs.map(\.name), right.outputs.map(\.name))
  same(left.outputs.map { map[$0.value] }, right.outputs.map { Optional($0.value) })
}
