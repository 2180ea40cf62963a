internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor
internal import ApusTestSupport
internal import Foundation
internal import Testing

@testable import ApusONNX

@Suite struct ModelWriterTests {
  private func model() throws -> ModelBuilder {
    var builder = ModelBuilder(opset: 17)
    builder.input("x", .float32, [600])
    builder.initializer("large", try .floats((0..<600).map { Double($0) }))
    builder.initializer("small", try .floats([1]))
    builder.node("Add", ["x", "large"], ["a"])
    builder.node("Add", ["a", "small"], ["y"])
    builder.output("y")
    return builder
  }

  private func outputs(_ path: String) throws -> [Double] {
    let graph = try ONNXImporter.load(path: path).graph
    return try ReferenceEvaluator(graph).run([try HostTensor(zeros: .float32, shape: [600])])[0]
      .reals()
  }

  private let expected = (0..<600).map { Double($0) + 1 }

  @Test func aModelComesBackByteForByte() throws {
    let bytes = try model().serialized()
    #expect(try model().editor().assembly().bytes == bytes)
  }

  @Test func weightsGoBesideTheModelAndComeBack() throws {
    let folder = try TemporaryFolder()
    let path = FileSystem.join(folder.path, "m.onnx")
    var options = ModelWriter.Options()
    options.externalData = "m.data"
    let summary = try ModelWriter.write(try model().editor(), to: path, options)
    #expect(summary.externalTensors == 1)
    #expect(summary.externalBytes == 2400)
    #expect(try outputs(path) == expected)
    let editor = ModelEditor(try ModelFile(path: path))
    #expect(editor.model.graph.initializer.map(\.dataLocation) == [.external, .default])
    // Without the flag everything is taken in again.
    let whole = FileSystem.join(folder.path, "whole.onnx")
    _ = try ModelWriter.write(editor, to: whole)
    try FileSystem.remove(FileSystem.join(folder.path, "m.data"))
    #expect(try outputs(whole) == expected)
    // In place, over the data that is mapped.
    options.externalData = "again.data"
    for _ in 0..<2 {
      let again = ModelEditor(try ModelFile(path: whole))
      _ = try ModelWriter.write(again, to: whole, options)
      #expect(try outputs(whole) == expected)
    }
  }

  @Test(arguments: ["../x.data", "/tmp/x", "", "m.onnx"])
  func namesOutsideTheFolderAreRefused(_ name: String) throws {
    let folder = try TemporaryFolder()
    var options = ModelWriter.Options()
    options.externalData = name
    #expect(throws: ImportError.self) {
      try ModelWriter.write(
        try model().editor(), to: FileSystem.join(folder.path, "m.onnx"), options)
    }
    #expect(try FileSystem.list(folder.path).isEmpty)
  }

  @Test(arguments: ["m.textproto", "m.pbtxt", "m.json", "m.onnxjson"])
  func textFormsAreWrittenAndRead(_ name: String) throws {
    let folder = try TemporaryFolder()
    let path = FileSystem.join(folder.path, name)
    _ = try ModelWriter.write(try model().editor(), to: path)
    #expect(try outputs(path) == expected)
  }
}
