import Apus
import ApusEngine
import ApusONNX
import ApusRuntime
import ApusTestSupport
import Foundation
import Testing

/// What the command says when something is wrong, word for word.
@Suite struct ErrorProseTests {
  @Test(arguments: [
    (
      "run missing.onnx --inputs x", 2,
      "error: missing.onnx: there is no such file\n"
        + "  the folder holds digits.onnx, empty.onnx, text.onnx\n"
    ),
    ("build --onnx=empty/m.onnx", 2, "error: empty/m.onnx: there is no such file\n"),
    (
      "run . --inputs x", 2,
      "error: .: this is a folder, not a model\n"
        + "  the folder holds digits.onnx, empty.onnx, text.onnx\n"
    ),
    ("build --onnx=empty", 2, "error: empty: this is a folder, not a model\n"),
    (
      "build --onnx=empty.onnx", 2,
      "error: empty.onnx: the file is empty (0 bytes); the export or download that made it did not "
        + "finish\n"
    ),
    (
      "build --onnx=digits.onnx --saveEngine=nowhere/a.engine", 2,
      "error: nowhere/a.engine: cannot be written: there is no folder nowhere\n"
        + "  mkdir -p nowhere makes it\n"
    ),
    (
      "build --onnx=digits.onnx --saveEngine=empty", 2,
      "error: empty: this is a folder; a file is to be written\n"
        + "  give a name in it, such as empty/model.engine\n"
    ),
    (
      "build --onnx=digits.onnx --builderOptimizationLevel=6", 2,
      "error: --builderOptimizationLevel must lie between 0 and 5, found 6\n"
    ),
    (
      "build --onnx=digits.onnx --profile=1 --optShapes=image:1x1x8x8", 2,
      "error: profile 1 was given, but not profile 0\n"
        + "  profiles count from 0: give --profile=0 and its shapes, too\n"
    ),
    (
      "build --onnx=digits.onnx --fp16 --builderOptimizationLevel=0", 0,
      "note: --fp16 has no effect: the engine computes in the types that the model declares\n"
    ),
    (
      "bench --onnx=digits.onnx --useProfile=2 --builderOptimizationLevel=0", 2,
      "error: there is no optimisation profile 2\n  the engine has 0\n"
    ),
    (
      "run text.onnx --inputs x", 2,
      "error: text.onnx: the file is text, not an ONNX model "
        + "(it starts with \"hello there\" at byte 0)\n"
    ),
    (
      "run digits.onnx --inputs nowhere", 2,
      "error: nowhere: there is no such file or folder\n"
        + "  give a folder with NAME.npy or input_0.pb files, or a .npz file\n"
    ),
    (
      "run digits.onnx --inputs empty", 2,
      "error: empty: input 'image' is missing\n"
        + "  nothing is there; 'image.npy' is looked for\n"
    ),
    (
      "bench --loadEngine=digits.onnx", 2,
      "error: digits.onnx: the file is no Apus engine\n"
        + "  apus build --onnx=MODEL --saveEngine=digits.onnx makes one from an ONNX model\n"
    ),
    (
      "build --onnx=digits.onnx --optShapes=image:1x1x8x9", 2,
      "error: input 'image' cannot have shape 1x1x8x9: it is f32[batch, 1, 8, 8]\n"
    ),
    (
      "build --onnx=digits.onnx --minShapes=image:4x1x8x8 --optShapes=image:2x1x8x8", 2,
      "error: the shapes of input 'image' do not grow: 4x1x8x8 to 2x1x8x8 to 2x1x8x8\n"
        + "  minShapes <= optShapes <= maxShapes must hold in every dimension\n"
    ),
    ("build", 2, "error: no model was given\n  add --onnx=model.onnx\n"),
    (
      "build --omnx=digits.onnx", 2,
      "error: unknown flag --omnx\n  did you mean --onnx?\n"
    ),
    (
      "trtexec --deploy=m.prototxt", 3,
      "error: --deploy is not supported: only ONNX models are read; export the model to ONNX\n"
    ),
  ])
  func prose(_ line: String, _ code: Int32, _ prose: String) throws {
    let runner = try Self.runner()
    let result = try #require(try runner.run(line))
    #expect(result.errors == prose)
    #expect(result.code == code)
  }

  @Test func aSavedEngineRunsAndADamagedOneIsRefused() throws {
    let runner = try Self.runner()
    let build = "build --onnx=digits.onnx --saveEngine=d.engine --builderOptimizationLevel=0"
    #expect(try #require(try runner.run(build)).code == 0)
    #expect(try #require(try runner.run("compare d.engine digits.onnx")).code == 0)
    let file = runner.folder.appending(path: "d.engine")
    let whole = try Data(contentsOf: file)
    var other = whole
    other[8] ^= 1
    try other.write(to: file)
    let refused = try #require(try runner.run("bench --loadEngine=d.engine"))
    let remedy = "build it again: apus build --onnx=MODEL --saveEngine=d.engine\n"
    #expect(
      refused.errors
        == "error: d.engine: the engine has format version 0, this build reads version 1\n"
        + "  \(remedy)")
    #expect(refused.code == 3)
    try whole.prefix(5000).write(to: file)
    let cut = try #require(try runner.run("inspect d.engine"))
    #expect(
      cut.errors == "error: d.engine: the engine is damaged: the index is cut off\n"
        + "  copy it again, or \(remedy)")
    #expect(cut.code == 2)
    try whole.write(to: file)
    let built = try #require(try runner.run("build --onnx=d.engine"))
    #expect(
      built.errors == "error: d.engine: the file is an Apus engine, not an ONNX model\n"
        + "  it needs no building: apus bench --loadEngine=d.engine\n")
    #expect(built.code == 2)
  }

  /// Nothing is left behind where the disk is full, and what stood there before stays.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func aFullDisk() throws {
    let runner = try Self.runner()
    let build = "build --onnx=digits.onnx --saveEngine=/dev/full --builderOptimizationLevel=0"
    let result = try #require(try runner.run(build))
    #expect(
      result.errors == "error: /dev/full: No space left on device\n"
        + "  the engine was not saved; a file that was there is as it was\n")
    #expect(result.code == 2)
    let type = try FileManager.default.attributesOfItem(atPath: "/dev/full")[.type]
    #expect(type as? FileAttributeType == .typeCharacterSpecial)
  }

  @Test func anEngineOfAnotherProcessorIsBuiltAgain() throws {
    let runner = try Self.runner()
    let path = runner.folder.appending(path: "d.engine").path
    let digits = runner.folder.appending(path: "digits.onnx").path
    let source = try Compiler.importModel(digits).graph
    let plan = try Compiler.build(source).engine.plan
    try EngineWriter.write(
      .init(source: source, plan: plan, target: "another processor", producer: "test"), to: path)
    let run = "bench --loadEngine=d.engine --duration=0 --warmUp=0 --iterations=1 --json"
    let result = try #require(try runner.run(run))
    #expect(
      result.errors.hasPrefix(
        "note: the engine was built for a processor with other features; it was rebuilt from the "
          + "graph inside it\n"))
    #expect(result.code == 0)
  }

  /// Runs commands beside a model, text that pretends to be one, an empty file and an empty folder.
  private static func runner() throws -> CommandRunner {
    let runner = try CommandRunner()
    try FileManager.default.createDirectory(
      at: runner.folder.appending(path: "empty"), withIntermediateDirectories: true)
    try runner.write("", "empty.onnx")
    try runner.write("hello there\n", "text.onnx")
    return runner
  }
}
