internal import ApusONNX
internal import ApusONNXSchema
internal import ApusTensor
internal import ApusTestSupport
internal import SwiftProtobuf
internal import Testing

@Suite struct MaterializerTests {
  private func recipe(_ name: String, _ dims: [Int64], _ text: String) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dims = dims
    tensor.dataType = ElementType.float32.onnxCode
    tensor.docString = text
    return tensor
  }

  @Test func sizeIsKnownBeforehand() throws {
    var builder = ModelBuilder(opset: 13)
    builder.model.graph.initializer = [recipe("w", [3, 5], "gen:normal 0 1 key")]
    builder.input("x", .float32, [1])
    builder.node("Relu", ["x"], ["y"])
    builder.output("y")
    let bytes = try ByteRange(copying: builder.serialized())
    let count = try Materializer.byteCount(filling: bytes)
    #expect((bytes.count...(bytes.count + 70)).contains(count))
    builder.model.graph.initializer = [recipe("w", [1 << 31, 1 << 28], "gen:normal 0 1 key")]
    let huge = try ByteRange(copying: builder.serialized())
    #expect(throws: ImportError.self) { try Materializer.byteCount(filling: huge) }
  }

  private func materialize(
    _ tensors: [Onnx_TensorProto]
  ) throws -> (Onnx_ModelProto, Materializer.Summary) {
    let folder = try TemporaryFolder()
    let source = FileSystem.join(folder.path, "m.graph.onnx")
    let target = FileSystem.join(folder.path, "m.onnx")
    var builder = ModelBuilder(opset: 13)
    builder.model.docString = "kept"
    builder.model.graph.initializer = tensors
    builder.input("x", .float32, [1])
    builder.node("Relu", ["x"], ["y"])
    builder.output("y")
    try FileSystem.write(builder.serialized(), to: source)
    let summary = try Materializer.materialize(input: source, output: target)
    let bytes = try MappedFile(path: target).range.array
    return (try Onnx_ModelProto(serializedBytes: bytes), summary)
  }

  private func floats(_ tensor: Onnx_TensorProto) -> [Float] {
    let bytes = [UInt8](tensor.rawData)
    return stride(from: 0, to: bytes.count, by: 4).map { start in
      let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
      return Float(bitPattern: bits)
    }
  }

  @Test func testVector() throws {
    let (model, summary) = try materialize([
      recipe("w", [2, 2], "gen:normal 0 0.02 0123456789abcdef")
    ])
    let values = floats(model.graph.initializer[0])
    #expect(values == [0.006613064, -0.030527607, -0.010660930, -0.017345352])
    #expect(summary.tensors == 1)
    #expect(summary.generatedBytes == 16)
    #expect(model.docString == "kept")
    #expect(model.graph.initializer[0].docString.isEmpty)
  }

  @Test func transposedRecipes() throws {
    let (model, _) = try materialize([
      recipe("a", [2, 3], "gen:normal 0 1 k T"), recipe("b", [3, 2], "gen:normal 0 1 k"),
    ])
    let a = floats(model.graph.initializer[0])
    let b = floats(model.graph.initializer[1])
    for row in 0..<2 {
      for column in 0..<3 { #expect(a[row * 3 + column] == b[column * 2 + row]) }
    }
  }

  @Test func positiveRecipesHaveAFloor() throws {
    let (model, _) = try materialize([recipe("w", [1000], "gen:positive 1 2 k")])
    #expect(floats(model.graph.initializer[0]).allSatisfy { $0 >= 0.25 })
  }

  @Test func otherTensorsAreKept() throws {
    let kept = ModelBuilder.tensor("k", try .floats([1, 2]))
    let (model, summary) = try materialize([kept])
    #expect(model.graph.initializer == [kept])
    #expect(summary.tensors == 0)
  }

  @Test func brokenRecipesAreRefused() {
    for text in ["gen:uniform 0 1 k", "gen:normal x 1 k", "gen:normal 0 1", "gen:normal 0 1 k T T"]
    {
      #expect(throws: ImportError.self) { try materialize([recipe("w", [2, 2], text)]) }
    }
    #expect(throws: ImportError.self) { try materialize([recipe("w", [2], "gen:normal 0 1 k T")]) }
    #expect(throws: ImportError.self) { try materialize([recipe("w", [-2], "gen:normal 0 1 k")]) }
    #expect(throws: ImportError.self) {
      try materialize([recipe("w", [1 << 40, 1 << 10], "gen:normal 0 1 k")])
    }
  }
}
