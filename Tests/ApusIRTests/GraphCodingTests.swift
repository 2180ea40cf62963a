import ApusLoops
import ApusTensor
import Testing

@testable import ApusIR

@Suite struct GraphCodingTests {
  /// Encoded bytes and the weights that are stored apart.
  private func encode(_ graph: Graph) -> (bytes: [UInt8], weights: [HostTensor]) {
    var writer = ByteWriter()
    var weights: [HostTensor] = []
    graph.encode(into: &writer) { _, weight in
      weights.append(weight.tensor)
      return weights.count - 1
    }
    return (writer.bytes, weights)
  }

  private func decode(_ bytes: [UInt8], _ weights: [HostTensor]) throws -> Graph {
    var reader = ByteReader(bytes)
    let graph = try Graph.decode(from: &reader) { reference throws(TensorError) in
      guard weights.indices.contains(reference.index) else {
        throw .elementCount(expected: weights.count, found: reference.index)
      }
      return weights[reference.index]
    }
    try reader.finish()
    return graph
  }

  @Test(arguments: 0..<40)
  func roundTrip(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed))
    let (bytes, weights) = encode(graph)
    #expect(weights.map(\.shape) == [[20, 20]])
    let copy = try decode(bytes, weights)
    expectEqual(graph, copy)
    // Encoding is stable, and numbers are those of the compacted graph.
    #expect(encode(copy).bytes == bytes)
    let compact = try graph.compacted()
    expectEqual(graph, compact)
    #expect(compact.order == copy.order)
    #expect(compact.outputs == copy.outputs)
    #expect(compact.nodes.map(\.operands) == copy.nodes.map(\.operands))
  }

  @Test func everyKindOfField() throws {
    let values: [FieldValue] = [
      .none, .integer(.min), .integer(.max), .integer(-1), .real(-0.0), .real(.infinity),
      .flag(true), .text("ü\n\""), .integers([1, -2]), .reals([0.1]), .texts(["", "a"]),
      .element(.bfloat16),
      .extents([.symbol("a b") * 2 - 1, .minimum(.symbol("x"), 7).floorDivided(by: .symbol("y"))]),
      .program(
        try Program(
          operands: [.float32],
          instructions: [.operand(0), .real(0.1), .binary(.multiply, 0, 1)],
          outputs: [.init(value: 2, element: .float32)])),
    ]
    var writer = ByteWriter()
    for value in values { writer.write(value) }
    var reader = ByteReader(writer.bytes)
    for value in values { #expect(try reader.readFieldValue() == value) }
    try reader.finish()
  }

  private func example() throws -> Graph {
    var graph = Graph(name: "g")
    let batch = Extent.symbol("n")
    let x = graph.addInput("x", TensorType(.float32, [batch, 4]))
    let w = graph.addWeight("w", try HostTensor(.float32, shape: [4], .real([1, 2, 3, 4])))
    let big = graph.addWeight("big", try HostTensor(zeros: .float32, shape: [300, 4]))
    let one = graph.addWeight("one", try HostTensor(splat: .scalar(1, as: .float32), shape: [2]))
    _ = graph.addWeight("text", try HostTensor(texts: ["ab"], shape: [1]))
    let sum = try graph.append(Binary(.add), [x, w], name: "sum")[0]
    let rows = try graph.append(Concat(axis: 0), [sum, big], name: "rows")[0]
    let extents = try graph.append(
      Extents([.minimum(batch, 3) + 2, -1]), [], name: "extents", resultNames: ["e"])[0]
    let parts = try graph.append(Split(axis: 1, parts: 2), [rows], name: "parts")
    let starts = graph.addWeight("starts", try .vector([0]))
    let ends = graph.addWeight("ends", try .vector([2]))
    let cut = try graph.append(Slice(), [parts[1], starts, ends, nil, nil], name: "cut")[0]
    let flat = try graph.append(Reshape(), [parts[0], extents], name: "flat")[0]
    let soft = try graph.append(Softmax(axis: -1, logarithm: true), [cut], name: "soft")[0]
    graph.addOutput("soft", soft)
    graph.addOutput("flat", flat)
    graph.addOutput("one", one)
    return graph
  }

  /// Changed bytes give an error or a graph that holds together; nothing traps.
  @Test func everyChangedByte() throws {
    let (bytes, weights) = encode(try example())
    var decoded = 0
    for index in bytes.indices {
      for change: UInt8 in [1, 2, 4, 8, 16, 32, 64, 128, 255, 127, 9] {
        var damaged = bytes
        damaged[index] ^= change
        guard let graph = try? decode(damaged, weights) else { continue }
        try graph.verify()
        _ = try graph.compacted()
        decoded += 1
      }
    }
    #expect(decoded > 0)
  }

  @Test func everyTruncation() throws {
    let (bytes, weights) = encode(try example())
    for length in bytes.indices {
      #expect(throws: GraphCodingError.self) { try decode(Array(bytes[..<length]), weights) }
    }
  }

  @Test func randomBytes() throws {
    var random = SplitMix(seed: 7)
    let (bytes, weights) = encode(try example())
    for _ in 0..<2000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 2...12, using: &random) {
        damaged[Int.random(in: 0..<damaged.count, using: &random)] =
          UInt8.random(in: 0...255, using: &random)
      }
      if let graph = try? decode(damaged, weights) { try graph.verify() }
    }
  }

  @Test func errors() throws {
    let graph = try example()
    let (bytes, weights) = encode(graph)
    #expect(throws: GraphCodingError.graphVersion(1)) { try decode([1] + bytes[1...], weights) }
    #expect(throws: GraphCodingError.self) { try decode(bytes, []) }
    let other = [try HostTensor(zeros: .float32, shape: [4, 300])]
    do {
      _ = try decode(bytes, other)
      Issue.record("no error")
    } catch {
      #expect("\(error)".hasPrefix("weight 'big' is f32[4, 300], the graph says f32[300, 4]"))
    }
  }
}
