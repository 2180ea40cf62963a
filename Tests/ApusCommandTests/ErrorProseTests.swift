import Foundation
import Testing

/// What the command says when something is wrong, word for word.
@Suite struct ErrorProseTests {
  private static let digits = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Sources/CApusDemo/data/digits.onnx")

  @Test(arguments: [
    ("run missing.onnx --inputs x", 2, "error: missing.onnx: there is no such file\n"),
    ("run . --inputs x", 2, "error: .: this is a folder, not a model\n"),
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
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let result = try #require(try Self.apus(line, in: folder))
    #expect(result.errors == prose)
    #expect(result.code == code)
  }

  @Test func aSavedEngineRunsAndADamagedOneIsRefused() throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let build = "build --onnx=digits.onnx --saveEngine=d.engine --builderOptimizationLevel=0"
    #expect(try #require(try Self.apus(build, in: folder)).code == 0)
    #expect(try #require(try Self.apus("compare d.engine digits.onnx", in: folder)).code == 0)
    let file = folder.appending(path: "d.engine")
    let whole = try Data(contentsOf: file)
    var other = whole
    other[8] ^= 1
    try other.write(to: file)
    let refused = try #require(try Self.apus("bench --loadEngine=d.engine", in: folder))
    #expect(
      refused.errors
        == "error: d.engine: the engine has format version 1, this build reads version 0; "
        + "build it again from the model\n")
    #expect(refused.code == 2)
    try whole.prefix(5000).write(to: file)
    let cut = try #require(try Self.apus("inspect d.engine", in: folder))
    #expect(cut.errors == "error: d.engine: the engine is damaged: the index is cut off\n")
  }

  /// A folder with a model, a text file that pretends to be one, and an empty folder.
  private static func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "apus-prose-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder.appending(path: "empty"), withIntermediateDirectories: true)
    try Data("hello there\n".utf8).write(to: folder.appending(path: "text.onnx"))
    try FileManager.default.copyItem(at: digits, to: folder.appending(path: "digits.onnx"))
    return folder
  }

  /// Runs the command that was built beside the tests.
  private static func apus(
    _ line: String, in folder: URL
  ) throws -> (code: Int32, errors: String)? {
    let products = URL(filePath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
    let command = products.appending(path: "apus")
    guard FileManager.default.isExecutableFile(atPath: command.path) else { return nil }
    let process = Process()
    process.executableURL = command
    process.arguments = line.split(separator: " ").map(String.init)
    process.currentDirectoryURL = folder
    let errors = Pipe()
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let data = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}
