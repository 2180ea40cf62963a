package import Foundation

/// A folder for one test's files, removed with its owner.
///
/// All lie in one folder a process. A test run that was killed cannot tidy up; the next one removes
/// the folders of processes that are gone.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() throws {
    path = try Self.run.get().appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  package var url: URL { URL(filePath: path, directoryHint: .isDirectory) }

  /// The path of a file in the folder.
  package func file(_ name: String) -> String { url.appending(path: name).path }

  private static let prefix = "apus-tests-of-"

  /// The folder of this process.
  private static let run = Result {
    let manager = FileManager.default
    let all = manager.temporaryDirectory
    for name in (try? manager.contentsOfDirectory(atPath: all.path)) ?? [] {
      guard name.hasPrefix(prefix), let process = Int32(name.dropFirst(prefix.count)),
        kill(process, 0) != 0, errno == ESRCH
      else { continue }
      try? manager.removeItem(at: all.appending(path: name))
    }
    let own = all.appending(path: "\(prefix)\(ProcessInfo.processInfo.processIdentifier)")
    try manager.createDirectory(at: own, withIntermediateDirectories: true)
    atexit { TemporaryFolder.removeRun() }
    return own
  }

  private static func removeRun() {
    if let folder = try? run.get() { try? FileManager.default.removeItem(at: folder) }
  }
}
