import Foundation
import Testing

/// Limits of what a model may ask for, on the command line.
@Suite struct LimitFlagTests {
  private static let network = """
    <ir_version: 8, opset_import: ["" : 17, "f": 1]>
    small (float[2] x) => (float[2] y) { y = f.Twice(x) }
    <domain: "f", opset_import: ["" : 17]>
    Twice (a) => (b) { c = Neg(a) b = Neg(c) }
    """

  private static let constants = """
    <ir_version: 8, opset_import: ["" : 17, "f": 1]>
    small (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { v = f.Twice(w) y = Add(x, v) }
    <domain: "f", opset_import: ["" : 17]>
    Twice (a) => (b) { c = Neg(a) b = Neg(c) }
    """

  @Test(arguments: [
    ("check m.onnxtxt", 0, ""),
    (
      "check m.onnxtxt --nodeLimit 2", 3,
      "more than 2 nodes after expansion of functions; raise the limit with --nodeLimit=N"
    ),
    (
      "check m.onnxtxt --functionDepthLimit 0", 3,
      "functions nested more than 0 deep; raise the limit with --functionDepthLimit=N"
    ),
    ("inspect m.onnxtxt --nodeLimit=1", 3, "more than 1 nodes"),
    ("build --onnx=m.onnxtxt --nodelimit=1", 3, "more than 1 nodes"),
    ("bench --onnx=m.onnxtxt --nodeLimit 1", 3, "more than 1 nodes"),
    ("try m.onnxtxt --nodeLimit 1", 3, "more than 1 nodes"),
    ("compare m.onnxtxt --nodeLimit 1", 3, "more than 1 nodes"),
    ("run m.onnxtxt --inputs x --nodeLimit 1", 3, "more than 1 nodes"),
    (
      "compare m.onnxtxt --memPoolSize workspace:8B", 2, "memory limit of 8 bytes"
    ),
    ("check m.onnxtxt --nestingLimit 17", 2, "--nestingLimit must lie between 0 and 16, found 17"),
    ("run m.onnxtxt --inputs x --loopLimit=-1", 2, "--loopLimit must not be negative, found -1"),
    ("check m.onnxtxt --functionBytesLimit many", 2, "cannot read --functionBytesLimit=many"),
    ("run m.onnxtxt --inputs x --memPoolSize 1", 2, "cannot read --memPoolSize=1"),
    ("bench --onnx=m.onnxtxt --memPoolSize=1", 2, "cannot read --memPoolSize=1"),
    // Where nothing runs there is nothing for the limits of runs to limit.
    ("check m.onnxtxt --memPoolSize workspace:1G", 2, "Unknown option '--memPoolSize'"),
    ("inspect m.onnxtxt --loopLimit 1", 2, "Unknown option '--loopLimit'"),
    ("build --onnx=m.onnxtxt --memPoolSize=workspace:1G", 2, "Unknown option '--memPoolSize'"),
    (
      "surgeon sanitize m.onnxtxt --fold-constants -o o.onnx --nestingLimit 17", 2,
      "--nestingLimit must lie between 0 and 16, found 17"
    ),
    ("polygraphy surgeon sanitize m.onnxtxt -o o.onnx --nestingLimit=17", 2, "found 17"),
    ("polygraphy inspect model m.onnxtxt --nodeLimit=1", 2, "unknown flag --nodeLimit"),
    ("polygraphy check lint m.onnxtxt --nodeLimit 2", 3, "more than 2 nodes"),
    ("polygraphy run m.onnxtxt --memPoolSize workspace:8B", 2, "memory limit of 8 bytes"),
    ("surgeon sanitize c.onnxtxt --fold-constants -o o.onnx", 0, "folded 1 nodes"),
    ("surgeon sanitize c.onnxtxt --fold-constants -o o.onnx --functionDepthLimit 0", 0, "folded 0"),
  ])
  func limits(_ line: String, _ code: Int, _ text: String) throws {
    let runner = try CommandRunner()
    try runner.write(Self.network, "m.onnxtxt")
    try runner.write(Self.constants, "c.onnxtxt")
    let result = try #require(try runner.run(line))
    #expect(Int(result.code) == code, "\(result.output)\(result.errors)")
    #expect((result.output + result.errors).contains(text) || text.isEmpty, "\(result.errors)")
  }

  @Test func weightsOutsideOfTheFolderNeedAFlag() throws {
    let runner = try CommandRunner()
    try runner.write("12345678", "w.bin")
    try FileManager.default.createDirectory(
      at: runner.folder.appending(path: "in"), withIntermediateDirectories: true)
    try runner.write(
      """
      ir_version: 8
      opset_import { version: 17 }
      graph {
        name: "g"
        node { op_type: "Neg" input: "w" output: "y" }
        initializer {
          name: "w" dims: 2 data_type: 1 data_location: EXTERNAL
          external_data { key: "location" value: "../w.bin" }
        }
        output { name: "y" type { tensor_type { elem_type: 1 shape { dim { dim_value: 2 } } } } }
      }
      """, "in/m.textproto")
    let refused = try #require(try runner.run("check in/m.textproto"))
    #expect(refused.code == 2)
    #expect(refused.output.contains("leaves the model's folder"))
    let admitted = try #require(try runner.run("check in/m.textproto --allowOutsideData"))
    #expect(admitted.code == 0, "\(admitted.output)")
    let edit = "surgeon sanitize in/m.textproto --fold-constants -o out.onnx"
    #expect(try runner.run(edit)?.code == 2)
    let edited = try #require(try runner.run(edit + " --allowOutsideData"))
    #expect(edited.code == 0, "\(edited.errors)")
    let show = "polygraphy inspect model in/m.textproto --mode=full --allowOutsideData"
    #expect(try runner.run(show)?.code == 0)
  }
}
