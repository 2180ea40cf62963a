import ApusLoops
import ApusTensor
import Testing

@testable import ApusIR

@Suite struct GraphTextTests {
  private let sample = """
    graph "mlp" (%x: f32[batch, 4], %"odd name": i64[max(0, n - 1)]) {
      weight @w: f32[4] = [0.1, -2.0, 3e-07, inf]
      weight @half: f32[2, 3] = splat 0.5
      weight @large: f16[100]
      weight @texts: string[2] = ["a, \\"b\\"]", ""]
      %sum = binary "add1"(%x, @w) {function: multiply}: f32[batch, 4]
      %2, %"second part" = split(%sum, _) {axis: 1, parts: 2}: f32[batch, 2], f32[batch, 2]
      %9 = extents() {extents: [batch, -1]}: i64[2]
      return %2 as "left", @w as "w", %9 as "shape"
    }

    """

  private var large: HostTensor {
    get throws { try HostTensor(zeros: .float16, shape: [100]) }
  }

  @Test func sampleIsStable() throws {
    let graph = try Graph(text: sample, weights: ["large": large])
    #expect(graph.order.count == 3)
    #expect(graph[graph.inputs[1]].name == "odd name")
    try graph.verify(types: .exact)
    let printed = graph.description
    // Numbered labels are renumbered; everything else stays as it was written.
    #expect(
      printed
        == sample.replacingLabel("%2", with: "%7").replacingLabel("%9", with: "%9"))
    expectEqual(graph, try Graph(text: printed, weights: ["large": large]))
  }

  @Test(arguments: 0..<60)
  func randomGraphsRoundTrip(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed))
    let zeros = try HostTensor(zeros: .float32, shape: [20, 20])
    let text = graph.description
    let copy = try Graph(text: text, weights: ["large": zeros])
    expectEqual(graph, copy)
    #expect(copy.description == text)
  }

  @Test func namesThatRepeatOrLookLikeNumbers() throws {
    var graph = Graph(name: "\"quoted\"\t\\")
    let x = graph.addInput("5", TensorType(.float32, []))
    let a = try graph.append(Unary(.exp), [x], name: "n", resultNames: ["same"])[0]
    let b = try graph.append(Unary(.exp), [a], name: "n", resultNames: ["same"])[0]
    graph.addWeight("same", try .scalar(1, as: .float32))
    graph.addWeight("same", try .scalar(2, as: .float32))
    graph.addOutput("y", b)
    let copy = try Graph(text: graph.description)
    expectEqual(graph, copy)
    #expect(copy.values.map(\.name).sorted() == graph.values.map(\.name).sorted())
  }

  @Test func everyFieldValueParses() throws {
    let program = try Program(
      operands: [.float32, .int64],
      instructions: [.operand(0), .real(-0.5), .binary(.add, 0, 1), .unary(.tanh, 2)],
      outputs: [.init(value: 3, element: .float32)])
    let text = "`\(program)`"
    #expect(FieldValue.program(program).text == text)
    #expect(FieldValue.text("relu").text == "relu")
    #expect(FieldValue.text("f32").text == "\"f32\"")
    #expect(FieldValue.reals([0.5, 1]).text == "[0.5, 1.0]")
    #expect(FieldValue.texts(["a"]).text == "texts[\"a\"]")
    #expect(FieldValue.none.text == "none")
  }

  @Test func elementTypesOfWeights() throws {
    var graph = Graph(name: "w")
    for element in ElementType.allCases where element.arithmetic != .complex {
      graph.addWeight(element.name, MovementProbe.tensor([0, 1, 1], [3], as: element))
      graph.addWeight(
        element.name + ".splat",
        try HostTensor(splat: MovementProbe.tensor([1], [], as: element), shape: [40]))
      graph.addWeight(element.name + ".empty", try HostTensor(zeros: element, shape: [0, 2]))
    }
    graph.addWeight(
      "floats", try HostTensor(.float32, shape: [3], .real([.nan, -.infinity, 0.1])))
    let copy = try Graph(
      text: graph.description,
      weights: [
        "string.splat": try HostTensor(texts: Array(repeating: "1", count: 40), shape: [40])
      ])
    #expect(copy.description == graph.description)
    for (a, b) in zip(
      graph.weights.sorted { $0.key < $1.key }, copy.weights.sorted { $0.key < $1.key })
    where a.value.name != "floats" {
      #expect(try a.value.tensor.elements() == b.value.tensor.elements())
    }
  }

  private func message(_ text: String) -> String {
    do {
      _ = try Graph(text: text)
      return "parsed"
    } catch { return "\(error)" }
  }

  @Test func errors() {
    #expect(message("") == "line 1, column 1: found the end of the text, expected 'graph'")
    #expect(
      message("graph \"g\" (%x: f33[1]) {}")
        == "line 1, column 16: found 'f33', expected an element type")
    #expect(
      message("graph \"g\" () {\n  %y = unary(%x)\n}")
        == "line 2, column 14: %x is not defined here")
    #expect(
      message("graph \"g\" () {\n  weight @w: f32[2]\n}")
        == "line 2, column 10: weight 'w' has no value in the text and none was given")
    #expect(
      message("graph \"g\" (%x: f32[2]) {\n  %y = unary(%x): f32[3]\n}")
        == "line 2, column 19: the text states f32[3], the operator gives f32[2]")
    #expect(
      message("graph \"g\" (%x: f32[2]) {\n  %y = nothing(%x)\n}")
        == "line 2, column 3: unknown operator 'nothing'")
    #expect(
      message("graph \"g\" (%x: f32[2]) {\n  %y = softmax(%x) {axes: 1}\n}")
        == "line 2, column 3: operator 'softmax' has no field 'axes'")
    #expect(
      message("graph \"g\" (%x: f32[2], %x: f32[2]) {}")
        == "line 1, column 24: %x is defined twice")
    #expect(
      message("graph \"g\" (%x: f32[2]) {\n  %y = softmax(%x) {axis: 3}\n}")
        == "line 2, column 3: axis 3 is out of range for rank 1")
  }

  /// Damaged texts give an error or a graph; nothing traps.
  @Test func damagedTexts() throws {
    let bytes = Array(sample.utf8)
    let weights = ["large": try large]
    for index in bytes.indices {
      for byte in "\"'`%@[](){}:,#-\\0ax \n".utf8 {
        var damaged = bytes
        damaged[index] = byte
        let text = String(decoding: damaged, as: UTF8.self)
        if let graph = try? Graph(text: text, weights: weights) { try graph.verify() }
      }
      _ = try? Graph(text: String(decoding: bytes[..<index], as: UTF8.self), weights: weights)
    }
  }
}

extension String {
  fileprivate func replacingLabel(_ label: String, with other: String) -> String {
    var parts: [Substring] = []
    var rest = self[...]
    while let range = rest.firstRange(of: label) {
      parts.append(rest[..<range.lowerBound])
      rest = rest[range.upperBound...]
    }
    parts.append(rest)
    return parts.joined(separator: other)
  }
}
