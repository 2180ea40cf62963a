internal import ApusONNX
internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

/// Golden messages: what a user reads when a model cannot be imported.
@Suite struct ImportErrorTests {
  private func model(
    _ operation: String, _ inputs: [String] = ["x"], _ attributes: [Onnx_AttributeProto] = [],
    opset: Int = 17, name: String = "n", domain: String = ""
  ) -> ModelBuilder {
    var builder = ModelBuilder(opset: opset)
    builder.input("x", .float32, [2, 3])
    builder.input("i", .int64, [2])
    builder.node(operation, inputs, ["y"], attributes, name: name, domain: domain)
    builder.output("y")
    return builder
  }

  @Test func unknownOperatorsGiveTheNearestNames() {
    #expect(
      model("Sofmax").failure()
        == "node 'n' (Sofmax, opset 17): the operator is not supported; the nearest known: Softmax")
    #expect(
      model("Frobnicate").failure()
        == "node 'n' (Frobnicate, opset 17): the operator is not supported")
    #expect(
      model("Sampling", domain: "com.microsoft").failure()
        == "node 'n' (com.microsoft.Sampling, opset 0): the operator is not supported")
  }

  @Test func unsupportedIsNotInvalid() {
    func isUnsupported(_ builder: ModelBuilder) -> Bool? {
      do {
        _ = try ONNXImporter.run(ModelFile(builder.model))
        return nil
      } catch { return error.isUnsupported }
    }
    #expect(isUnsupported(model("Frobnicate")) == true)
    #expect(isUnsupported(model("Relu", ["nowhere"])) == false)
    #expect(isUnsupported(model("Relu", opset: 99)) == true)
  }

  @Test func attributes() {
    #expect(
      model("Relu", ["x"], [.int("alpa", 1)]).failure()
        == "node 'n' (Relu, opset 17): attribute 'alpa': the operator has no such attribute at this opset"
    )
    #expect(
      model("Softmax", ["x"], [.string("axis", "last")]).failure()
        == "node 'n' (Softmax, opset 17): attribute 'axis': expected an integer, found text")
    #expect(
      model("Softmax", ["x"], [.int("axis", 1), .int("axis", 0)]).failure()
        == "node 'n' (Softmax, opset 17): attribute 'axis': it is given twice")
    #expect(
      model("Concat", ["x"]).failure()
        == "node 'n' (Concat, opset 17): attribute 'axis': it is required")
    #expect(
      model("AveragePool", ["x"], [.ints("kernel_shape", [1]), .string("auto_pad", "SAME")])
        .failure()
        == "node 'n' (AveragePool, opset 17): attribute 'auto_pad': expected one of 'NOTSET', "
        + "'SAME_UPPER', 'SAME_LOWER', 'VALID', found 'SAME'")
  }

  @Test func operands() {
    #expect(
      model("Relu", ["z"]).failure()
        == "node 'n' (Relu, opset 17): operand 'z': no earlier node, input or initializer defines it"
    )
    #expect(
      model("Add", ["x"]).failure() == "node 'n' (Add, opset 17): expected 2 operands, found 1")
    #expect(
      model("Add", ["", "x"]).failure()
        == "node 'n' (Add, opset 17): operand 'A': it is required")
    #expect(
      model("Add", ["x", "i"]).failure()
        == "node 'n' (Add, opset 17): operand 'right': operand 'right' has element type i64, expected f32"
    )
  }

  @Test func nodesWithoutNameTakeTheirOutputs() {
    #expect(
      model("Softmax", ["x"], [.int("axis", 5)], name: "").failure()
        == "node 'y' (Softmax, opset 17): axis 5 is out of range for rank 2")
  }

  @Test func versions() {
    #expect(
      model("Relu", opset: 29).failure()
        == "not supported: opset 29 of the ONNX operators is newer than 28, the newest known; "
        + "export with an older opset or convert with onnx.version_converter")
    var future = model("Relu")
    future.model.irVersion = 15
    #expect(future.failure() == "not supported: IR version 15; the newest known is 14")
    #expect(
      model("Gelu", opset: 13).failure()
        == "node 'n' (Gelu, opset 13): the operator exists since opset 20")
  }

  @Test func graphs() {
    var twice = model("Relu")
    twice.node("Neg", ["x"], ["y"])
    #expect(
      twice.failure() == "node 'y' (Neg, opset 17): output 'y': the value 'y' is defined twice")
    var missing = model("Relu")
    missing.output("z")
    #expect(missing.failure() == "output 'z': no node computes the graph output 'z'")
    var declared = model("Relu")
    declared.model.graph.valueInfo = [ModelBuilder.value("y", .float64, nil)]
    #expect(
      declared.failure() == "output 'y': it is declared as f64, its node computes f32")
    var sequence = model("Relu")
    sequence.model.graph.input[1].type = Onnx_TypeProto()
    sequence.model.graph.input[1].type.sequenceType = Onnx_TypeProto.Sequence()
    #expect(sequence.failure() == "tensor 'i': it has no type")
    var opaque = model("Relu")
    opaque.model.graph.input[1].type = Onnx_TypeProto()
    opaque.model.graph.input[1].type.opaqueType = Onnx_TypeProto.Opaque()
    #expect(opaque.failure() == "tensor 'i': not supported: opaque values")
  }

  @Test func weights() throws {
    var builder = model("Relu")
    var tensor = ModelBuilder.tensor("w", try .floats([1, 2]))
    tensor.dims = [3]
    builder.model.graph.initializer = [tensor]
    #expect(
      builder.failure()
        == "tensor 'w': a tensor f32[3] needs 12 bytes, found 8")
    tensor.dims = [-3]
    builder.model.graph.initializer = [tensor]
    #expect(builder.failure() == "tensor 'w': extent -3 is negative")
    tensor.dims = [2]
    tensor.dataType = 99
    builder.model.graph.initializer = [tensor]
    #expect(builder.failure() == "tensor 'w': elements of type data type 99 do not exist")
  }
}
