internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

@testable import ApusONNX

@Suite struct ONNXTextTests {
  private static let network = """
    <
      ir_version: 8,  # a comment
      opset_import: [ "" : 17, "local" : 1 ],
      producer_name: "a \\"quoted\\" name",
      metadata_props: [ "key" : "value" ]
    >
    agraph (float[N, 2] X, float[2] D = {1, 2.5}) => (float[N, 2] "the.output")
    <float[2] W = {-1.5e0, 3}, int64[N] unused_info>
    {
      [first] T = Add (X, W)
      [ "second node" ] S = local.scale <factor = 2.0> (T)
      "the.output" = Sum(S, D)
    }
    <opset_import: [ "" : 17 ], domain: "local">
    scale <factor> (A) => (B)
    {
      C = Constant <value_float: float = @factor> ()
      B = Mul(A, C)
    }
    """

  @Test func aModelWithFunctionsRuns() throws {
    let proto = try ONNXTextParser.model(Self.network)
    #expect(proto.producerName == "a \"quoted\" name")
    #expect(proto.metadataProps.map(\.value) == ["value"])
    #expect(proto.graph.node.map(\.name) == ["first", "second node", ""])
    #expect(proto.graph.valueInfo.map(\.name) == ["unused_info"])
    let bytes = try ModelBuilder.serialized(proto)
    let graph = try ONNXImporter.run(ModelFile(try ByteRange(copying: bytes))).graph
    let results = try ReferenceEvaluator(graph).run([try .floats([1, 1], [1, 2])])
    #expect(try results[0].reals() == [0, 10.5])
  }

  @Test func attributesOfAllKinds() throws {
    let proto = try ONNXTextParser.model(
      """
      g () => (float y) {
        y = Op <i = -3, f = 1.5, s = "t", is = [1, 2], fs = [1, 2.5], ss = ["a", "b"],
          none: ints = [], t = int64[2] {1, 2}, named = float[1] w = {7},
          tp = seq(float[N, ?, 3]), n = -inf, whole: float = 3,
          body = inner (float a) => (float b) { b = Neg(a) }> (, x, "", z)
        , q = Other(x,)
      }
      """)
    let attributes = proto.graph.node[0].attribute
    #expect(
      attributes.map(\.type) == [
        .int, .float, .string, .ints, .floats, .strings, .ints, .tensor, .tensor, .typeProto,
        .float, .float, .graph,
      ])
    #expect(attributes[0].i == -3)
    #expect(attributes[4].floats == [1, 2.5])
    #expect(attributes[7].t.int64Data == [1, 2])
    #expect(attributes[8].t.name == "w")
    #expect(attributes[10].f == -.infinity)
    #expect(attributes[12].g.node.map(\.opType) == ["Neg"])
    #expect(proto.graph.node[0].input == ["", "x", "", "z"])
    #expect(proto.graph.node[1].output == ["", "q"])
    #expect(proto.graph.node[1].input == ["x"])
  }

  @Test(arguments: [
    ("", "line 1, column 1: expected a name, found the end"),
    ("g (float x) (float y) {}", "line 1, column 13: expected '=', found '('"),
    ("g () => (flaot y) {}", "line 1, column 16: expected ')', found 'y'"),
    ("g () => () {\n y = (x) }", "line 2, column 6: expected a name, found '('"),
    (
      "g () => () { y = A <a = []> () }",
      "line 1, column 27: an empty list needs its kind, such as 'a: ints = []'"
    ),
    (
      "g () => () { y = A <a = [1, \"x\"]> () }",
      "line 1, column 32: the list mixes kinds of values"
    ),
    ("g () => () <float[2] w = {1, x}> {}", "line 1, column 30: expected a value, found 'x'"),
    (
      "<ir_version: 99999999999999999999> g () => () {}",
      "line 1, column 34: expected a 64-bit integer"
    ),
    ("<colour: 3> g () => () {}", "line 1, column 9: a model has no property 'colour'"),
  ])
  func errorsSayWhere(_ text: String, _ message: String) {
    #expect(throws: ONNXTextError.self) { try ONNXTextParser.model(text) }
    do { _ = try ONNXTextParser.model(text) } catch { #expect("\(error)" == message) }
  }

  @Test func nestingIsBounded() throws {
    let types = String(repeating: "seq(", count: 100_000)
    #expect(throws: ONNXTextError.self) { try ONNXTextParser.model("g (\(types)float x) => () {}") }
    let bodies = String(repeating: "g () => () { y = If <b = ", count: 100_000)
    #expect(throws: ONNXTextError.self) { try ONNXTextParser.model(bodies) }
  }

  /// Damaged texts must fail or parse, and never trap or hang.
  @Test func damagedTextsAreRefused() throws {
    let bytes = Array(Self.network.utf8)
    var state: UInt64 = 7
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let signs = Array("<>(){}[]=,:.\"@#-?e1a\\ \n".utf8)
    for _ in 0..<4000 {
      var copy = bytes
      for _ in 0...random(4) {
        switch random(3) {
        case 0: copy[random(copy.count)] = signs[random(signs.count)]
        case 1: copy.remove(at: random(copy.count))
        default: copy.insert(signs[random(signs.count)], at: random(copy.count))
        }
      }
      let text = String(decoding: copy.prefix(random(copy.count) + 1), as: UTF8.self)
      guard let proto = try? ONNXTextParser.model(text),
        let serialized = try? ModelBuilder.serialized(proto)
      else { continue }
      _ = try? ONNXImporter.run(ModelFile(try ByteRange(copying: serialized)))
    }
  }
}
