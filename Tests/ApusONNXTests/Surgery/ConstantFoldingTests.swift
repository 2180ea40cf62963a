internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

@testable import ApusONNX

@Suite struct ConstantFoldingTests {
  /// y = reshape(x, [shape(x)[0], 2 · 3]) + (a + b)
  private func model(batch: ModelBuilder.Dimension) throws -> ModelBuilder {
    var builder = ModelBuilder(opset: 17)
    builder.input("x", .float32, [batch, 2, 3])
    builder.initializer("a", try .floats([1]))
    builder.initializer("b", try .floats([2]))
    builder.initializer("zero", try .longs([0]))
    builder.initializer("six", try .longs([6]))
    builder.node("Add", ["a", "b"], ["c"])
    builder.node("Shape", ["x"], ["s"])
    builder.node("Gather", ["s", "zero"], ["n"])
    builder.node("Concat", ["n", "six"], ["target"], [.int("axis", 0)])
    builder.node("Reshape", ["x", "target"], ["flat"])
    builder.node("Add", ["flat", "c"], ["y"])
    builder.output("y")
    return builder
  }

  @Test func constantsAreEvaluated() throws {
    var editor = try model(batch: "batch").editor()
    let summary = try editor.foldConstants()
    #expect(editor.operations == ["Shape", "Gather", "Concat", "Reshape", "Add"])
    #expect(summary.foldedNodes == 1)
    #expect(summary.newConstants == 1)
    #expect(try editor.initializer("c").reals() == [3])
    #expect(editor.initializerNames == ["c", "zero", "six"])
    let x = try HostTensor.floats([0, 1, 2, 3, 4, 5], [1, 2, 3])
    #expect(try editor.run([x])[0].reals() == [3, 4, 5, 6, 7, 8])
  }

  @Test func fixedShapesBecomeConstants() throws {
    var editor = try model(batch: 1).editor()
    let summary = try editor.foldConstants()
    #expect(editor.operations == ["Reshape", "Add"])
    #expect(summary.foldedNodes == 4)
    #expect(try editor.initializer("target").integers() == [1, 6])
    #expect(editor.initializerNames == ["c", "target"])
    var other = try model(batch: 1).editor()
    var options = FoldOptions()
    options.foldsShapes = false
    _ = try other.foldConstants(options)
    #expect(other.operations == ["Shape", "Gather", "Concat", "Reshape", "Add"])
  }

  @Test func overriddenShapesFold() throws {
    var editor = try model(batch: "batch").editor()
    try editor.overrideInputShapes([
      ValueSpecification(name: "x", shape: [.number(4), .number(2), .number(3)])
    ])
    _ = try editor.foldConstants()
    #expect(editor.operations == ["Reshape", "Add"])
    #expect(try editor.initializer("target").integers() == [4, 6])
  }

  @Test func budgetsAndThresholdsHold() throws {
    var builder = ModelBuilder(opset: 17)
    builder.input("x", .float32, [1])
    builder.initializer("shape", try .longs([1 << 28]))
    builder.node("ConstantOfShape", ["shape"], ["big"])
    builder.node("Add", ["x", "big"], ["y"])
    builder.output("y")
    var editor = try builder.editor()
    let summary = try editor.foldConstants()
    #expect(summary.foldedNodes == 0)
    #expect(
      summary.skipped == [
        "node 'big' (ConstantOfShape): its value takes 1073741824 bytes, more than 16777216"
      ])
  }

  @Test func quantisationBodiesAndDefaultsStay() throws {
    var builder = ModelBuilder(opset: 17)
    builder.input("x", .float32, [2])
    // From IR version 4 on this is an input with a default.
    builder.input("d", .float32, [2])
    builder.initializer("d", try .floats([1, 2]))
    builder.initializer("w", try .floats([1, 2]))
    builder.initializer("scale", try .floats([0.5], []))
    builder.node("QuantizeLinear", ["w", "scale"], ["q"])
    builder.node("DequantizeLinear", ["q", "scale"], ["dq"])
    builder.node("Neg", ["d"], ["nd"])
    builder.node("Sum", ["x", "dq", "nd"], ["y"])
    builder.output("y")
    var editor = try builder.editor()
    _ = try editor.foldConstants()
    #expect(editor.operations == ["QuantizeLinear", "DequantizeLinear", "Neg", "Sum"])
  }

  @Test func randomNumbersStay() throws {
    var builder = ModelBuilder(opset: 17)
    builder.input("x", .float32, [2])
    builder.node("RandomNormal", [], ["r"], [.ints("shape", [2]), .float("seed", 1)])
    builder.node("Add", ["x", "r"], ["y"])
    builder.output("y")
    var editor = try builder.editor()
    #expect(try editor.foldConstants().foldedNodes == 0)
    #expect(editor.operations == ["RandomNormal", "Add"])
  }

  @Test func unknownOperatorsDoNotHinder() throws {
    var builder = ModelBuilder(opset: 17)
    builder.model.opsetImport.append(ModelBuilder.opset("custom", 1))
    builder.input("x", .float32, [2, 3])
    builder.initializer("a", try .floats([1, 2, 3]))
    builder.node("Magic", ["x"], ["m"], domain: "custom")
    builder.node("Neg", ["a"], ["n"])
    builder.node("Add", ["m", "n"], ["y"])
    builder.output("y")
    var editor = try builder.editor()
    #expect(try editor.foldConstants().foldedNodes == 1)
    #expect(editor.operations == ["Magic", "Add"])
  }

  @Test func aConstantOutputKeepsANode() throws {
    var builder = ModelBuilder(opset: 17)
    builder.initializer("a", try .floats([1, 2, 3]))
    builder.node("Neg", ["a"], ["y"])
    builder.output("y")
    var editor = try builder.editor()
    _ = try editor.foldConstants()
    #expect(editor.operations == ["Constant"])
    #expect(try editor.run([])[0].reals() == [-1, -2, -3])
  }

  @Test func whatBodiesReadBecomesConstant() throws {
    var builder = ModelBuilder(opset: 17)
    builder.input("x", .float32, [1])
    builder.input("flag", .bool, [])
    builder.initializer("a", try .floats([1]))
    builder.node("Neg", ["a"], ["c"])
    builder.node("If", ["flag"], ["y"], ModelBuilder.branches(adding: "x", "c"))
    builder.output("y")
    var editor = try builder.editor()
    _ = try editor.foldConstants()
    _ = try editor.cleanUp()
    #expect(editor.operations == ["If"])
    #expect(editor.initializerNames == ["c"])
    let flag = try HostTensor(.bool, shape: [], .boolean([true]))
    #expect(try editor.run([try .floats([5]), flag])[0].reals() == [4])
  }
}
