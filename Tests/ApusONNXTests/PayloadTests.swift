internal import ApusIR
internal import ApusONNX
internal import ApusONNXSchema
internal import ApusTensor
internal import Foundation
internal import SwiftProtobuf
internal import Testing

/// Payloads stay in the file and give the same model as decoding all of it.
@Suite struct PayloadTests {
  /// A model with weights in every place that may hold them.
  private func builder() throws -> ModelBuilder {
    var builder = ModelBuilder(opset: 17)
    builder.model.opsetImport.append(ModelBuilder.opset("local", 1))
    var function = Onnx_FunctionProto()
    function.name = "F"
    function.domain = "local"
    function.input = ["a"]
    function.output = ["b"]
    function.opsetImport = [ModelBuilder.opset("", 17)]
    function.node = [
      ModelBuilder.node("Constant", [], ["c"], [.tensor("value", try .floats([3, 4]))]),
      ModelBuilder.node("Add", ["a", "c"], ["b"]),
    ]
    builder.model.functions = [function]
    builder.input("x", .float32, ["n", 2])
    builder.initializer("w", try .floats((0..<4000).map(Double.init(_:)), [2000, 2]))
    builder.initializer("tiny", try .floats([1], []))
    builder.node("Constant", [], ["k"], [.tensor("value", try .floats([1, 2]))])
    builder.node("Add", ["x", "k"], ["s"])
    builder.node("F", ["s"], ["t"], domain: "local")
    builder.node("Gemm", ["t", "w"], ["u"], [.int("transB", 1)])
    builder.node("Mul", ["u", "tiny"], ["y"])
    builder.output("y")
    return builder
  }

  @Test func mappedAndDecodedModelsAgree() throws {
    let builder = try builder()
    let mapped = try builder.graph()
    let decoded = try ONNXImporter.run(ModelFile(builder.model)).graph
    #expect(mapped.weights.count == decoded.weights.count)
    for (id, weight) in mapped.weights {
      #expect(weight.tensor.packedBytes == decoded.weights[id]?.tensor.packedBytes)
    }
    let x = try HostTensor.floats([1, 1], [1, 2])
    let left = try ReferenceEvaluator(mapped).run([x])[0].packedBytes
    #expect(left == (try ReferenceEvaluator(decoded).run([x])[0].packedBytes))
  }

  @Test func largeWeightsViewTheFile() throws {
    let bytes = try ByteRange(copying: builder().serialized())
    let graph = try ONNXImporter.run(ModelFile(bytes)).graph
    let weight = try #require(graph.weights.values.first { $0.name == "w" })
    guard case .dense(let storage, _) = weight.tensor.content else {
      Issue.record("not dense")
      return
    }
    #expect(storage === bytes.storage)
  }

  @Test func namesAreKept() throws {
    let graph = try builder().graph()
    #expect(graph.outputs.map(\.name) == ["y"])
    #expect(graph.inputs.map { graph[$0].name } == ["x"])
    #expect(graph.nodes.map(\.name) == ["s", "t/b", "u", "y"])
    #expect(graph.type(graph.inputs[0]).extents == [.symbol("n"), 2])
  }

  @Test func initializersListedAsInputsAreWeights() throws {
    var builder = ModelBuilder(opset: 7, ir: 3)
    builder.input("x", .float32, [1])
    builder.input("w", .float32, [1])
    builder.initializer("w", try .floats([4]))
    builder.node("Add", ["x", "w"], ["y"])
    builder.output("y")
    let graph = try builder.graph()
    #expect(graph.inputs.count == 1)
    #expect(try ReferenceEvaluator(graph).run([.floats([1])])[0].reals() == [5])
  }

  @Test func namelessDimensionsGetFreshSymbols() throws {
    var builder = ModelBuilder(opset: 13)
    builder.input("in/put:0", .float32, ["", "n", .number(-1), 3])
    builder.input("loose", .float32, nil)
    builder.node("Relu", ["in/put:0"], ["y"])
    builder.output("y")
    let graph = try builder.graph()
    #expect(
      graph.type(graph.inputs[0]).extents
        == [.symbol("in_put_0_dim0"), .symbol("n"), .symbol("in_put_0_dim2"), 3])
    #expect(graph.type(graph.inputs[1]).shape == .unranked)
  }
}
