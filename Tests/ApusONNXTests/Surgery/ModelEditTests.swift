internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

@testable import ApusONNX

@Suite struct ModelEditTests {
  /// a = -x, b = a + w, y = |b|, z = a · a
  private func model() throws -> ModelBuilder {
    var builder = ModelBuilder(opset: 17)
    builder.model.metadataProps = [ModelBuilder.entry("author", "someone")]
    builder.input("x", .float32, ["n", 2])
    builder.initializer("w", try .floats([1, 2]))
    builder.initializer("idle", try .floats([9]))
    builder.node("Neg", ["x"], ["a"], name: "first")
    builder.node("Add", ["a", "w"], ["b"], name: "second")
    builder.node("Abs", ["b"], ["y"], name: "third")
    builder.node("Mul", ["a", "a"], ["z"], name: "fourth")
    builder.output("y")
    builder.output("z")
    return builder
  }

  private let x = Result { try HostTensor.floats([1, -5], [1, 2]) }

  @Test func extractionKeepsWhatIsNeeded() throws {
    var editor = try model().editor()
    try editor.extract(
      inputs: [ValueSpecification(name: "a")], outputs: [ValueSpecification(name: "y")])
    #expect(editor.operations == ["Add", "Abs"])
    #expect(editor.initializerNames == ["w"])
    #expect(editor.inputNames == ["a"])
    let input = editor.model.graph.input[0].type.tensorType
    #expect(input.elemType == 1)
    #expect(input.shape.dim.map(\.dimParam) == ["n", ""])
    #expect(editor.model.metadataProps.map(\.key) == ["author"])
    #expect(try editor.run([try x.get()])[0].reals() == [2, 3])
  }

  @Test func extractionSaysWhatIsMissing() throws {
    var editor = try model().editor()
    #expect(
      editor.failure {
        try $0.extract(
          inputs: [ValueSpecification(name: "b")],
          outputs: [ValueSpecification(name: "y"), ValueSpecification(name: "z")])
      }
        == "the outputs also depend on 'x'; cut there or further on, for example with "
        + "--inputs x:auto:auto")
    #expect(
      editor.failure {
        try $0.extract(inputs: [], outputs: [ValueSpecification(name: "Y")])
      } == "the model has no value 'Y'; did you mean y?")
    #expect(
      editor.failure {
        try $0.extract(
          inputs: [ValueSpecification(name: "a"), ValueSpecification(name: "b")],
          outputs: [ValueSpecification(name: "z")])
      } == "no output depends on the input 'b'")
  }

  @Test func renaming() throws {
    var editor = try model().editor()
    try editor.renameNodes(["first": "negate"])
    try editor.renameValues(["x": "image", "y": "z", "z": "y"])
    #expect(editor.inputNames == ["image"])
    #expect(editor.outputNames == ["z", "y"])
    #expect(editor.model.graph.node[0].name == "negate")
    #expect(try editor.run([try x.get()]).map { try $0.reals() } == [[0, 7], [1, 25]])
    #expect(
      editor.failure { try $0.renameValues(["image": "w"]) }
        == "'image' cannot be renamed: there is a value 'w' already")
  }

  @Test func cleaningUpAndSorting() throws {
    var editor = try model().editor()
    editor.model.graph.node.reverse()
    #expect(try editor.sortTopologically() == 3)
    #expect(editor.operations == ["Neg", "Mul", "Add", "Abs"])
    try editor.removeOutputs(["z"])
    let summary = try editor.cleanUp()
    #expect(summary.nodes == 1)
    #expect(summary.initializers == 1)
    #expect(editor.operations == ["Neg", "Add", "Abs"])
    editor.model.graph.node[0].input = ["y"]
    #expect(
      editor.failure { _ = try $0.sortTopologically() }
        == "nodes wait for each other: 'first' (Neg), 'second' (Add), 'third' (Abs)")
  }

  @Test func nodesAreInsertedAndBypassed() throws {
    var editor = try model().editor()
    var node = NodeSpecification(operation: "Clip", inputs: ["a", "", "w0"], outputs: ["b"])
    #expect(
      editor.failure { try $0.insert(node) } == "the model has no value 'w0'; did you mean w?")
    node.inputs = ["a"]
    try editor.insert(node)
    _ = try editor.cleanUp()
    #expect(editor.operations == ["Neg", "Mul", "Clip", "Abs"])
    #expect(try editor.run([try x.get()])[0].reals() == [1, 5])
    try editor.bypass(["first"])
    #expect(try editor.run([try x.get()]).map { try $0.reals() } == [[1, 5], [1, 25]])
    try editor.bypass(["third"])
    #expect(try editor.run([try x.get()])[0].reals() == [1, -5])
  }

  @Test func outputsAreAdded() throws {
    var editor = try model().editor()
    try editor.addOutputs([ValueSpecification(name: "b")])
    #expect(try editor.run([try x.get()])[2].reals() == [0, 7])
    #expect(editor.model.graph.output[2].type.tensorType.shape.dim.count == 2)
  }

  @Test func shapesAreDeclared() throws {
    var editor = try model().editor()
    try editor.setShapes([
      ValueSpecification(name: "x", shape: [.number(3), .symbol("m")]),
      ValueSpecification(name: "b", shape: [.unknown, .number(2)]),
    ])
    let dims = editor.model.graph.input[0].type.tensorType.shape.dim
    #expect(dims.map(\.dimValue) == [3, 0])
    #expect(dims.map(\.dimParam) == ["", "m"])
    #expect(editor.model.graph.valueInfo.map(\.name) == ["b"])
  }
}
