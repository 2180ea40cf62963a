import ApusTensor
import Testing

@testable import ApusIR

@Suite struct CustomTests {
  /// Gives its operand back.
  private struct Same: CustomImplementation {
    func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
      [Fact(try operands.require(0).type)]
    }

    func evaluate(
      _ operands: [HostTensor?], _ results: [TensorType]
    ) throws(EvaluationError) -> [HostTensor] { [try operands.tensor(0)] }
  }

  private static let attributes = CustomAttributes([
    .init("a", .integer(-3)), .init("b", .real(0.5)), .init("c d", .text("f32")),
    .init("e", .integers([1, 2])), .init("f", .reals([0.25])), .init("g", .texts(["x", "\""])),
    .init("table", .operand(1)),
  ])
  private static let definition = CustomDefinition(domain: "com.example", name: "Same") {
    _ throws(TypeError) in Same()
  }
  private static let library = CustomOperators([definition])

  private func graph() throws -> Graph {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", TensorType(.float32, [.symbol("n")]))
    let operation = try Custom(Self.definition, Self.attributes)
    graph.addOutput("y", try graph.append(operation, [x, x], name: "same")[0])
    return graph
  }

  @Test func evaluates() throws {
    let x = try HostTensor(.float32, shape: [2], .real([1, 2]))
    let result = try ReferenceEvaluator(try graph()).run(named: ["x": x])
    #expect(try result["y"]?.reals() == [1, 2])
  }

  @Test func textAndBytesKeepTheAttributes() throws {
    let graph = try graph()
    let read = try Graph(text: graph.description, custom: Self.library)
    #expect(read.description == graph.description)
    let operation = try #require(read.nodes.first { _ in true }?.operation as? Custom)
    #expect(operation.attributes == Self.attributes)
    var writer = ByteWriter()
    graph.encodeWhole(into: &writer)
    var reader = ByteReader(writer.bytes)
    let decoded = try Graph.decode(from: &reader, custom: Self.library) {
      reference throws(TensorError) in
      throw .unsupportedElement(reference.element, operation: "nothing")
    }
    #expect(decoded.description == graph.description)
  }

  @Test func theImplementationMustBeThere() throws {
    let text = try graph().description
    #expect {
      try Graph(text: text)
    } throws: { error in
      "\(error)".contains("the custom operator 'com.example.Same' is not registered")
    }
  }

  @Test func namesInsideNamesAreRefused() {
    #expect(throws: GraphSyntaxError.self) {
      try Graph(text: #"graph "g" (%x: f32[1]) { %y = custom(%x) {attributes: {"a": {"b": 1}}} }"#)
    }
  }
}
