internal import ApusTensor

/// A directory that is removed with its last user.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package init() throws(ServingError) {
    do { path = try FileSystem.makeTemporaryDirectory(prefix: "/tmp/apus-model-") } catch {
      throw ServingError(.internalFailure, error.description)
    }
  }

  /// Writes a file below the directory; `name` may not lead out of it.
  func write(_ bytes: [UInt8], to name: String) throws(ServingError) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !parts.contains(""), !parts.contains("."), !parts.contains("..") else {
      throw ServingError(.invalidArgument, "'\(name)' is no path of a model's file")
    }
    let file = FileSystem.join(path, name)
    do {
      try FileSystem.makeDirectory(FileSystem.folder(of: file))
      try FileSystem.write(bytes, to: file)
    } catch { throw ServingError(.internalFailure, error.description) }
  }

  deinit { try? FileSystem.removeDirectory(path) }
}
