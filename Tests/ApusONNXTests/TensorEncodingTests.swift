internal import ApusIR
internal import ApusONNX
internal import ApusONNXSchema
internal import ApusTensor
internal import ApusTestSupport
internal import Foundation
internal import SwiftProtobuf
internal import Testing

/// Every encoding of `TensorProto`, and that raw and typed data agree.
@Suite struct TensorEncodingTests {
  private func decode(_ proto: Onnx_TensorProto) throws -> HostTensor {
    let bytes: [UInt8] = try proto.serializedBytes()
    return try TensorFile.decode(ByteRange(copying: bytes)).tensor
  }

  private func proto(
    _ element: ElementType, _ dims: [Int64], _ fill: (inout Onnx_TensorProto) -> Void
  ) -> Onnx_TensorProto {
    var proto = Onnx_TensorProto()
    proto.dataType = element.onnxCode
    proto.dims = dims
    fill(&proto)
    return proto
  }

  @Test func typedLists() throws {
    #expect(try decode(proto(.float32, [2]) { $0.floatData = [1, 2.5] }).reals() == [1, 2.5])
    #expect(try decode(proto(.float64, [1]) { $0.doubleData = [0.1] }).reals() == [0.1])
    #expect(try decode(proto(.int64, [1]) { $0.int64Data = [-5] }).integers() == [-5])
    #expect(
      try decode(proto(.uint64, [1]) { $0.uint64Data = [.max] }).elements() == .unsigned([.max]))
    #expect(
      try decode(proto(.uint32, [1]) { $0.uint64Data = [4_000_000_000] }).integers() == [
        4_000_000_000
      ])
    #expect(try decode(proto(.int32, [1]) { $0.int32Data = [-7] }).integers() == [-7])
    #expect(try decode(proto(.int8, [2]) { $0.int32Data = [-1, 127] }).integers() == [-1, 127])
    #expect(try decode(proto(.uint8, [1]) { $0.int32Data = [255] }).integers() == [255])
    #expect(try decode(proto(.int16, [1]) { $0.int32Data = [-300] }).integers() == [-300])
    #expect(try decode(proto(.uint16, [1]) { $0.int32Data = [65535] }).integers() == [65535])
    #expect(
      try decode(proto(.bool, [3]) { $0.int32Data = [0, 1, 2] }).booleans() == [false, true, true])
    #expect(try decode(proto(.float16, [1]) { $0.int32Data = [0x3E00] }).reals() == [1.5])
    #expect(try decode(proto(.bfloat16, [1]) { $0.int32Data = [0x3FC0] }).reals() == [1.5])
    #expect(try decode(proto(.float8e4m3fn, [1]) { $0.int32Data = [0x3C] }).reals() == [1.5])
    #expect(
      try decode(proto(.int4, [3]) { $0.int32Data = [0xF1, 0x08] }).integers() == [1, -1, -8])
    #expect(
      try decode(proto(.float6e3m2, [3]) { $0.int32Data = [12, 16, 63] }).reals() == [1, 2, -28])
    #expect(
      try decode(proto(.uint2, [5]) { $0.int32Data = [0xE4, 1] }).integers() == [0, 1, 2, 3, 1])
    #expect(
      try decode(proto(.complex64, [1]) { $0.floatData = [1, -2] }).elements()
        == .complex([Complex(1, -2)]))
    #expect(
      try decode(proto(.complex128, [1]) { $0.doubleData = [1, -2] }).elements()
        == .complex([Complex(1, -2)]))
    #expect(
      try decode(proto(.string, [2]) { $0.stringData = [Data("a".utf8), Data()] }).elements()
        == .text(["a", ""]))
  }

  @Test(arguments: ElementType.allCases) func writtenTensorsReadBack(_ element: ElementType) throws
  {
    let folder = try TemporaryFolder()
    let path = FileSystem.join(folder.path, "t.pb")
    let tensor =
      switch element.arithmetic {
      case .text: try HostTensor(texts: ["x", "", "yz"], shape: [3])
      case .complex: try HostTensor(element, shape: [1], .complex([Complex(1, 2)]))
      default: try HostTensor(element, shape: [3], .real([0, 1, 1]))
      }
    try TensorFile.write(tensor, name: "t", path: path)
    let back = try TensorFile.read(path: path)
    #expect(back.name == "t")
    #expect(back.tensor.element == element)
    #expect(back.tensor.shape == tensor.shape)
    #expect(try back.tensor.elements() == tensor.elements())
  }

  @Test func countsMustFit() {
    for broken in [
      proto(.float32, [3]) { $0.floatData = [1] },
      proto(.complex64, [1]) { $0.floatData = [1, 2, 3] },
      proto(.float32, [1 << 40, 1 << 40]) { $0.floatData = [1] },
      proto(.string, [1]) { $0.rawData = Data([1]) },
      proto(.float32, [1]) { $0.rawData = Data([1, 2, 3]) },
      proto(.int4, [3]) { $0.int32Data = [1] },
    ] {
      #expect(throws: ImportError.self) { try decode(broken) }
    }
  }

  @Test func negativeElementCountsOfSparseTensorsAreRefused() throws {
    var builder = ModelBuilder(opset: 13)
    var sparse = Onnx_SparseTensorProto()
    sparse.values = ModelBuilder.tensor("s", try .floats([5, 6]))
    sparse.indices = ModelBuilder.tensor("", try .longs([1, 3]))
    sparse.dims = [2, 2]
    builder.model.graph.sparseInitializer = [sparse]
    builder.input("x", .float32, [2, 2])
    builder.node("Add", ["x", "s"], ["y"])
    builder.output("y")
    let graph = try builder.graph()
    let weight = try #require(graph.weights.values.first { $0.name == "s" })
    #expect(try weight.tensor.reals() == [0, 5, 0, 6])
    builder.model.graph.sparseInitializer[0].indices = ModelBuilder.tensor(
      "", try .longs([1, 3, 0, 1], [2, 2]))
    #expect(builder.failure().contains("sparse index 3 lies outside [2, 2]"))
    builder.model.graph.sparseInitializer[0].dims = [1 << 30, 1 << 30]
    #expect(builder.failure().contains("does not fit") || builder.failure().contains("dense form"))
  }
}
