internal import ApusTensor
internal import Foundation

/// A folder for one test's files, removed with its owner.
final class TemporaryFolder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("apus-test-\(UUID().uuidString)").path
    try FileSystem.makeDirectory(path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
