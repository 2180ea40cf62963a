internal import ApusTensor

/// Where a model of a repository lies.
///
/// Three layouts are read: `NAME/VERSION/model.onnx`; `NAME/model.onnx` without versions; and a file
/// `NAME.onnx` beside the directories. The last two are version 1.
struct ModelDirectory: Sendable {
  let name: String
  /// The model's directory, where `config.pbtxt` is; for a bare file the repository.
  let path: String
  /// The file, where it lies beside the directories.
  let bareFile: String?

  private static let extensions = [".onnx", ".plan", ".engine"]

  /// Models of a repository by name. Throws where the directory cannot be read.
  static func scan(_ repository: String) throws(ServingError) -> [ModelDirectory] {
    let names: [String]
    do { names = try FileSystem.list(repository) } catch {
      throw ServingError(
        .notFound, "cannot read the model repository: \(error.description)")
    }
    var found: [ModelDirectory] = []
    for name in names where !name.hasPrefix(".") {
      let path = FileSystem.join(repository, name)
      if FileSystem.isDirectory(path) {
        found.append(ModelDirectory(name: name, path: path, bareFile: nil))
      } else if let suffix = extensions.first(where: name.hasSuffix), name.count > suffix.count {
        let stem = String(name.dropLast(suffix.count))
        if !names.contains(stem) {
          found.append(ModelDirectory(name: stem, path: repository, bareFile: name))
        }
      }
    }
    return found
  }

  /// Directories of versions. Without any, the model's own directory is version 1 where it holds a
  /// model's file.
  func versions() -> [Int: String] {
    if bareFile != nil { return [1: path] }
    var versions: [Int: String] = [:]
    let names = (try? FileSystem.list(path)) ?? []
    for name in names {
      guard let version = Int(name), version > 0, String(version) == name else { continue }
      let directory = FileSystem.join(path, name)
      if FileSystem.isDirectory(directory) { versions[version] = directory }
    }
    if versions.isEmpty,
      names.contains(where: { name in
        Self.extensions.contains(where: name.hasSuffix)
      })
    {
      versions[1] = path
    }
    return versions
  }

  /// Names in a version's directory, or the bare file alone.
  func files(in directory: String) -> [String] {
    if let bareFile { return [bareFile] }
    return (try? FileSystem.list(directory)) ?? []
  }

  /// The configuration's file; nil where the model has none.
  func configPath(named custom: String) -> String? {
    guard bareFile == nil else { return nil }
    if !custom.isEmpty {
      let path = FileSystem.join(FileSystem.join(path, "configs"), custom + ".pbtxt")
      if FileSystem.exists(path) { return path }
    }
    let path = FileSystem.join(path, "config.pbtxt")
    return FileSystem.exists(path) ? path : nil
  }

  /// What changes when anything in the model's directory does: names, sizes, times. Links are followed;
  /// no more than a few thousand names are looked at.
  func fingerprint() -> [String: [UInt64]] {
    if let bareFile {
      let stamp = try? FileSystem.stamp(FileSystem.join(path, bareFile))
      return [bareFile: stamp.map { [$0.changed, $0.size] } ?? []]
    }
    var stamps: [String: [UInt64]] = [:]
    func visit(_ directory: String, depth: Int) {
      guard depth < 8, let names = try? FileSystem.list(directory) else { return }
      for name in names where stamps.count < 10_000 {
        let path = FileSystem.join(directory, name)
        if FileSystem.isDirectory(path) {
          stamps[path] = []
          visit(path, depth: depth + 1)
        } else if let stamp = try? FileSystem.stamp(path) {
          stamps[path] = [stamp.changed, stamp.size]
        }
      }
    }
    visit(path, depth: 0)
    return stamps
  }
}
