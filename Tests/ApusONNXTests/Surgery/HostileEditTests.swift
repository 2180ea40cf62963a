internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor
internal import ApusTestSupport
internal import Testing

@testable import ApusONNX

/// Edits and checks of damaged models give errors or other models, never a trap.
@Suite struct HostileEditTests {
  private func bytes() throws -> [UInt8] {
    var builder = ModelBuilder(opset: 17)
    builder.input("x", .float32, [2, 3])
    builder.input("f", .bool, [])
    builder.initializer("w", try .floats([1, 2, 3]))
    builder.initializer("i", try .longs([0]))
    builder.node("Add", ["w", "w"], ["c"], name: "n")
    builder.node("Shape", ["x"], ["s"])
    builder.node("Gather", ["s", "i"], ["g"])
    builder.node("ConstantOfShape", ["g"], ["z"])
    builder.node("If", ["f"], ["y"], ModelBuilder.branches(adding: "x", "c"))
    builder.output("y")
    builder.output("z")
    builder.model.graph.valueInfo = [ModelBuilder.value("c", .float32, [3])]
    return try builder.serialized()
  }

  private func edit(_ bytes: [UInt8]) throws {
    let file = try ModelFile(ByteRange(copying: bytes))
    _ = ModelCheck(file)
    _ = ModelListing(file, [.layers, .attributes, .weights]).text
    let editor = ModelEditor(file)
    var options = FoldOptions()
    options.operationBudget = 100_000
    options.sizeThreshold = 10_000
    let edits: [(inout ModelEditor) throws -> Void] = [
      { _ = try $0.foldConstants(options) },
      { _ = try $0.cleanUp() },
      { _ = try $0.sortTopologically() },
      {
        try $0.extract(
          inputs: [ValueSpecification(name: "c")], outputs: [ValueSpecification(name: "y")])
      },
      { try $0.renameValues(["c": "d", "x": "c"]) },
      { try $0.bypass(["n"]) },
      { try $0.overrideInputShapes([ValueSpecification(name: "x", shape: [.number(1)])]) },
      { _ = try $0.inlineExternalData() },
      { _ = $0.externalize("w", from: 1) },
    ]
    for edit in edits {
      var copy = editor
      if (try? edit(&copy)) != nil { _ = try? copy.assembly().bytes }
    }
  }

  @Test func bitFlipsNeverTrap() throws {
    let bytes = try bytes()
    for index in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << bit
        try? edit(damaged)
      }
    }
  }

  /// Weights over 2 GiB are refused before anything is written.
  @Test func largeModelsNeedExternalData() throws {
    var editor = ModelEditor(try ModelFile(ByteRange(copying: bytes())))
    let zero = try HostTensor(zeros: .float32, shape: [1])
    let large = try HostTensor(splat: zero, shape: [1 << 30])
    editor.model.graph.initializer.append(editor.message(large, name: "large"))
    let folder = try TemporaryFolder()
    do {
      _ = try ModelWriter.write(editor, to: FileSystem.join(folder.path, "m.onnx"))
      Issue.record("no error")
    } catch {
      #expect("\(error)".contains("--save-external-data"))
    }
    #expect(try FileSystem.list(folder.path).isEmpty)
  }
}
