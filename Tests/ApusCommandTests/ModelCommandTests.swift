import Foundation
import Testing

/// What `surgeon`, `check`, `try` and `polygraphy` print, word for word.
@Suite struct ModelCommandTests {
  private static let network = """
    <ir_version: 8, opset_import: ["" : 17]>
    small (float[n, 4] x) => (float[n, 4] y)
    <float[4] w = {1, 2, 3, 4}, float[4] spare = {0, 0, 0, 0}>
    {
      [double] c = Add(w, w)
      [sum] s = Add(x, c)
      [last] y = Relu(s)
    }
    """

  private func runner() throws -> CommandRunner {
    let runner = try CommandRunner()
    try runner.write(Self.network, "m.onnxtxt")
    try runner.write(
      Self.network.replacingOccurrences(of: "Add(x, c)", with: "Addd(x, c)"), "bad.onnxtxt")
    return runner
  }

  @Test(arguments: [
    (
      "surgeon sanitize m.onnxtxt --fold-constants --cleanup -o o.textproto",
      "folded 1 nodes into 1 constants (16 B)\n"
        + "removed 0 nodes and 1 initializers that no output depends on\n"
        + "o.textproto: nodes 3 -> 2, initializers 2 -> 1, "
    ),
    (
      "surgeon extract m.onnxtxt --inputs s:auto:auto --outputs y:auto -o o.onnx",
      "o.onnx: nodes 3 -> 1, initializers 2 -> 0, "
    ),
    (
      "surgeon prune m.onnxtxt --nodes last -o o.onnx",
      "o.onnx: nodes 3 -> 3, initializers 2 -> 2, "
    ),
    (
      "surgeon rename m.onnxtxt --values x=image --nodes last=first --json -o o.onnx",
      "{\n  \"externalBytes\": 0,\n  \"externalTensors\": 0,\n  \"initializers\": 2,"
    ),
    (
      "surgeon insert m.onnxtxt --outputs s:auto -o o.onnx",
      "o.onnx: nodes 3 -> 3, initializers 2 -> 2, "
    ),
    (
      "check m.onnxtxt",
      "note: initializer 'spare': nothing reads it\nm.onnxtxt: 3 nodes, 3 fine, 1 note\n"
    ),
    (
      "try m.onnxtxt --tuning 0 --shapes x:2x4",
      "m.onnxtxt ("
    ),
  ])
  func output(_ line: String, _ start: String) throws {
    let result = try #require(try runner().run(line))
    #expect(result.errors == "")
    #expect(result.code == 0)
    #expect(result.output.hasPrefix(start), "\(result.output)")
  }

  @Test(arguments: [
    (
      "surgeon extract m.onnxtxt --inputs c:auto:auto --outputs y:auto -o o.onnx", 2,
      "error: m.onnxtxt: the outputs also depend on 'x'; cut there or further on, for example with "
        + "--inputs x:auto:auto\n"
    ),
    (
      "surgeon extract m.onnxtxt -o o.onnx", 2,
      "error: neither inputs nor outputs were given\n"
        + "  add --inputs NAME:auto:auto or --outputs NAME:auto\n"
    ),
    (
      "surgeon sanitize m.onnxtxt -o o.onnxtxt", 3,
      "error: o.onnxtxt: not supported: writing ONNX text syntax; write .onnx, .textproto or .json\n"
    ),
    (
      "check bad.onnxtxt", 3,
      "error: bad.onnxtxt: the model needs what is not supported\n"
    ),
    (
      "try bad.onnxtxt", 3,
      "error: bad.onnxtxt: the model cannot run yet\n"
        + "  apus check bad.onnxtxt tells everything that is in the way\n"
    ),
    (
      "polygraphy debug precision m.onnx", 3,
      "error: polygraphy debug is not supported\n"
        + "  surgeon sanitize, surgeon extract, surgeon insert, inspect model, check lint and run "
        + "are\n"
    ),
  ])
  func prose(_ line: String, _ code: Int32, _ prose: String) throws {
    let result = try #require(try runner().run(line))
    #expect(result.errors == prose)
    #expect(result.code == code)
  }

  @Test func findingsGoOnBehindErrors() throws {
    let result = try #require(try runner().run("check bad.onnxtxt"))
    #expect(
      result.output == """
        unsupported: node 'sum' (Addd, opset 17): the operator is not supported
          the nearest known: Add
        note: initializer 'spare': nothing reads it
        not checked: node 'last' (Relu): it reads 's'
        bad.onnxtxt: 3 nodes, 1 fine, 1 not checked, 1 thing not supported, 1 note

        """)
  }

  @Test func aPageAboutAModel() throws {
    let result = try #require(try runner().run("try digits.onnx --tuning 1 --shapes image:2x1x8x8"))
    #expect(result.code == 0)
    for part in [
      "  Can it run   yes, all on fast kernels\n", "  Input        image: f32[batch, 1, 8, 8]\n",
      "  Tried at     image 2x1x8x8\n", "  Agreement    logits: agrees",
      "  apus build --onnx=digits.onnx --saveEngine=digits.engine --optShapes=image:2x1x8x8\n",
    ] {
      #expect(result.output.contains(part), "\(result.output)")
    }
    let json = try #require(
      try runner().run("try digits.onnx --tuning 0 --shapes image:1x1x8x8 --json"))
    #expect(throws: Never.self) {
      try JSONSerialization.jsonObject(with: Data(json.output.utf8))
    }
  }

  @Test func polygraphysListing() throws {
    let result = try #require(
      try runner().run("polygraphy inspect model m.onnxtxt --show layers attrs weights"))
    #expect(
      result.output == """
        [I] Loading model: m.onnxtxt
        [I] ==== ONNX Model ====
            Name: small | ONNX Opset: 17

            ---- 1 Graph Input(s) ----
            {x [dtype=float32, shape=('n', 4)]}

            ---- 1 Graph Output(s) ----
            {y [dtype=float32, shape=('n', 4)]}

            ---- 2 Initializer(s) ----
            Initializer | w [dtype=float32, shape=(4,)] | Values: [1.0, 2.0, 3.0, 4.0]
            Initializer | spare [dtype=float32, shape=(4,)] | Values: [0.0, 0.0, 0.0, 0.0]

            ---- 3 Node(s) ----
            Node 0    | double [Op: Add]
                {w [dtype=float32, shape=(4,)],
                 w [dtype=float32, shape=(4,)]}
                 -> {c [dtype=float32, shape=(4,)]}
            Node 1    | sum [Op: Add]
                {x [dtype=float32, shape=('n', 4)],
                 c [dtype=float32, shape=(4,)]}
                 -> {s [dtype=float32, shape=('n', 4)]}
            Node 2    | last [Op: Relu]
                {s [dtype=float32, shape=('n', 4)]}
                 -> {y [dtype=float32, shape=('n', 4)]}

        """)
  }
}
