import ApusTestSupport
import Foundation

/// Runs the command that was built beside the tests, in a folder with a few models.
final class CommandRunner {
  struct Result {
    var code: Int32
    var output: String
    var errors: String
  }

  private let temporary: TemporaryFolder
  var folder: URL { temporary.url }

  init() throws {
    temporary = try TemporaryFolder()
    let data = URL(filePath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Sources/CApusDemo/data/digits.onnx")
    try FileManager.default.copyItem(atPath: data.path, toPath: temporary.file("digits.onnx"))
  }

  func write(_ text: String, _ name: String) throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
  }

  /// nil where the command was not built.
  func run(_ line: String) throws -> Result? {
    let products = URL(filePath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
    let command = products.appending(path: "apus")
    guard FileManager.default.isExecutableFile(atPath: command.path) else { return nil }
    let process = Process()
    process.executableURL = command
    process.arguments = line.split(separator: " ").map(String.init)
    process.currentDirectoryURL = folder
    // Files, since a full pipe would stop the command.
    let output = folder.appending(path: ".output")
    let errors = folder.appending(path: ".errors")
    for url in [output, errors] { try Data().write(to: url) }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    return Result(
      code: process.terminationStatus,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }
}
