internal import ApusIR
internal import ApusONNX
internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

@Suite struct FunctionTests {
  private func function(
    _ name: String, inputs: [String], outputs: [String], nodes: [Onnx_NodeProto],
    attributes: [String] = [], overload: String = ""
  ) -> Onnx_FunctionProto {
    var function = Onnx_FunctionProto()
    function.name = name
    function.domain = "local"
    function.overload = overload
    function.input = inputs
    function.output = outputs
    function.attribute = attributes
    function.node = nodes
    function.opsetImport = [ModelBuilder.opset("", 17), ModelBuilder.opset("local", 1)]
    return function
  }

  private func builder(_ functions: Onnx_FunctionProto...) -> ModelBuilder {
    var builder = ModelBuilder(opset: 17)
    builder.model.opsetImport.append(ModelBuilder.opset("local", 1))
    builder.model.functions = functions
    return builder
  }

  @Test func callsAreExpandedWithAttributesAndDefaults() throws {
    var scale = function(
      "Scale", inputs: ["a", "missing"], outputs: ["c"],
      nodes: [
        ModelBuilder.node("LeakyRelu", ["a"], ["b"], [.reference("alpha", to: "slope", .float)]),
        ModelBuilder.node("Clip", ["b", "missing", ""], ["c"]),
      ])
    scale.attributeProto = [.float("slope", 0.5)]
    var model = builder(scale)
    model.input("x", .float32, [2])
    model.node("Scale", ["x"], ["y"], name: "first", domain: "local")
    model.node("Scale", ["x"], ["z"], [.float("slope", 2)], name: "second", domain: "local")
    model.output("y")
    model.output("z")
    let graph = try model.graph()
    #expect(graph.nodes.contains { $0.name == "first/b" })
    let results = try ReferenceEvaluator(graph).run([.floats([-1, 1])])
    #expect(try results.map { try $0.reals() } == [[-0.5, 1], [-2, 1]])
  }

  @Test func overloadsAreKeptApart() throws {
    var model = builder(
      function(
        "F", inputs: ["a"], outputs: ["b"], nodes: [ModelBuilder.node("Neg", ["a"], ["b"])]),
      function(
        "F", inputs: ["a"], outputs: ["b"], nodes: [ModelBuilder.node("Abs", ["a"], ["b"])],
        overload: "other"))
    model.input("x", .float32, [1])
    var node = ModelBuilder.node("F", ["x"], ["y"], domain: "local")
    node.overload = "other"
    model.model.graph.node.append(node)
    model.output("y")
    #expect(try ReferenceEvaluator(model.graph()).run([.floats([-3])])[0].reals() == [3])
  }

  @Test func recursionIsRefused() throws {
    var model = builder(
      function(
        "F", inputs: ["a"], outputs: ["b"],
        nodes: [ModelBuilder.node("G", ["a"], ["b"], domain: "local")]),
      function(
        "G", inputs: ["a"], outputs: ["b"],
        nodes: [ModelBuilder.node("F", ["a"], ["b"], domain: "local")]))
    model.input("x", .float32, [1])
    model.node("F", ["x"], ["y"], domain: "local")
    model.output("y")
    #expect(
      model.failure()
        == "node 'y/b/b' (local.F, opset 1, in function F > G): function 'F' calls itself")
  }

  /// Thirty functions that each call the next twice would become a billion nodes.
  @Test func expansionIsBounded() throws {
    var functions: [Onnx_FunctionProto] = []
    for index in 0..<30 {
      functions.append(
        function(
          "F\(index)", inputs: ["a"], outputs: ["c"],
          nodes: [
            ModelBuilder.node("F\(index + 1)", ["a"], ["b"], domain: "local"),
            ModelBuilder.node("F\(index + 1)", ["b"], ["c"], domain: "local"),
          ]))
    }
    functions.append(
      function(
        "F30", inputs: ["a"], outputs: ["b"], nodes: [ModelBuilder.node("Neg", ["a"], ["b"])]))
    var model = ModelBuilder(opset: 17)
    model.model.opsetImport.append(ModelBuilder.opset("local", 1))
    model.model.functions = functions
    model.input("x", .float32, [1])
    model.node("F0", ["x"], ["y"], domain: "local")
    model.output("y")
    var options = ImportOptions()
    options.limits.nodes = 1000
    do {
      _ = try ONNXImporter.run(ModelFile(model.model), options: options)
      Issue.record("no error")
    } catch {
      #expect(error.isUnsupported)
      #expect("\(error)".contains("more than 1000 nodes"))
    }
  }
}
