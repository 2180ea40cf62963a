internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor
internal import ApusTestSupport
internal import Testing

@testable import ApusONNX

@Suite struct ModelCheckTests {
  private func check(_ fill: (inout ModelBuilder) throws -> Void) throws -> ModelCheck {
    var builder = ModelBuilder(opset: 17)
    builder.input("x", .float32, [2, 3])
    try fill(&builder)
    return ModelCheck(try ModelFile(ByteRange(copying: builder.serialized())))
  }

  @Test func checkingGoesOnBehindErrors() throws {
    let check = try check { builder in
      builder.node("Magik", ["x"], ["a"], name: "n1")
      builder.node("Neg", ["a"], ["b"], name: "n2")
      builder.node("Softmax", ["x"], ["c"], [.int("axes", 1)], name: "n3")
      builder.node("Add", ["b", "c"], ["y"], name: "n4")
      builder.node("Relu", ["x"], ["z"], name: "n5")
      builder.output("y")
      builder.output("z")
    }
    #expect(
      check.findings.map(\.description) == [
        "unsupported: node 'n1' (Magik, opset 17): the operator is not supported\n"
          + "  cut it off with 'apus surgeon extract', or give it as a model-local function",
        "error: node 'n3' (Softmax, opset 17): attribute 'axes': "
          + "the operator has no such attribute at this opset",
      ])
    #expect(check.unchecked.map(\.node) == ["n2", "n4"])
    #expect(check.unchecked.map(\.values) == [["a"], ["b", "c"]])
    #expect(check.nodes.map(\.state) == [.failed, .unchecked, .failed, .unchecked, .imported])
    #expect(check.hasErrors)
    #expect(check.hasUnsupported)
  }

  @Test func whatIsOfNoUse() throws {
    let check = try check { builder in
      builder.input("idle", .float32, [1])
      builder.initializer("spare", try .floats([1]))
      builder.node("Neg", ["x"], ["y"], name: "same")
      builder.node("Abs", ["x"], ["dead"], name: "same")
      builder.output("y")
    }
    #expect(
      check.findings.map(\.description) == [
        "warning: node 'same': 2 nodes have this name",
        "note: input 'idle': nothing reads it",
        "note: initializer 'spare': nothing reads it",
        "note: node 'same' (Abs): no output depends on it",
      ])
  }

  @Test func missingExternalDataIsNamed() throws {
    let folder = try TemporaryFolder()
    var builder = ModelBuilder(opset: 17)
    builder.input("x", .float32, [2])
    var tensor = ModelBuilder.tensor("w", try .floats([1, 2]))
    tensor.clearRawData()
    tensor.dataLocation = .external
    tensor.externalData = [ModelBuilder.entry("location", "gone.data")]
    builder.model.graph.initializer = [tensor]
    builder.node("Add", ["x", "w"], ["y"])
    builder.output("y")
    let file = try ModelFile(ByteRange(copying: builder.serialized()), folder: folder.path)
    let check = ModelCheck(file)
    #expect(check.findings.map(\.code) == [.externalData])
    #expect(check.unchecked.map(\.values) == [["w"]])
  }

  @Test func aMissingOperatorSetIsNamedOnce() throws {
    let check = try check { builder in
      builder.model.opsetImport = []
      builder.node("Neg", ["x"], ["a"])
      builder.node("Abs", ["x"], ["b"])
      builder.output("a")
      builder.output("b")
    }
    #expect(
      check.findings.map(\.description) == [
        "error: nodes use the operator set 'ai.onnx', which the model does not import\n"
          + "  add an opset_import of domain \"\" to the model"
      ])
  }

  @Test func declarationsAndOrder() throws {
    let check = try check { builder in
      builder.node("Neg", ["a"], ["y"], name: "late")
      builder.node("Abs", ["x"], ["a"], name: "early")
      builder.node("Relu", ["x"], ["z"])
      builder.node("Foo", ["x"], ["f"], domain: "my.ops")
      builder.model.graph.output = [
        ModelBuilder.value("y", .float32, nil), ModelBuilder.value("z", .float32, [3, 3]),
        ModelBuilder.value("a", .int64, nil), ModelBuilder.value("q", .int64, nil),
        ModelBuilder.value("f", .float32, nil),
      ]
    }
    let lines = check.findings.map(\.description)
    #expect(
      lines[0] == "error: nodes use the operator set 'my.ops', which the model does not import\n"
        + "  add an opset_import of domain \"my.ops\" to the model")
    #expect(
      lines[1] == "error: node 'late' (Neg, opset 17): operand 'a': "
        + "it is computed later, by node 'early' (Abs)\n"
        + "  apus surgeon sanitize MODEL --toposort -o OUT puts nodes in order")
    #expect(
      lines.contains(
        "warning: value 'z': it is declared with shape [3, 3], its node computes [2, 3]\n"
          + "  declared shapes are not relied on"))
    #expect(
      lines.contains("error: value 'a': it is declared as i64, its node computes f32"))
    #expect(lines.contains("error: output 'q': no node computes it"))
  }
}
