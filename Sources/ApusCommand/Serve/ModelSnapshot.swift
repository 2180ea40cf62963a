#if Server
internal import ApusServing
internal import ApusTensor

/// A private copy of a version's files, to map weights from.
///
/// Users replace models by writing over their files while they are served. What is mapped changes with its
/// file, and reading behind a shortened file's end ends the process; nobody else knows the copy. Its names
/// can be removed as soon as the files are mapped.
struct ModelSnapshot {
  private let folder: TemporaryDirectory
  private let original: String
  /// The model's file in the copy.
  let path: String

  /// Throws where the files cannot be copied, such as without room for them.
  init(_ source: ModelSource) throws {
    folder = try TemporaryDirectory()
    original = source.directory
    let name = String(source.path.dropFirst(source.directory.count).drop { $0 == "/" })
    path = FileSystem.join(folder.path, name)
    try Self.copy(source.directory, to: folder.path, depth: 0)
  }

  private static func copy(_ directory: String, to target: String, depth: Int) throws {
    for name in try FileSystem.list(directory) {
      let path = FileSystem.join(directory, name)
      let copy = FileSystem.join(target, name)
      if !FileSystem.isDirectory(path) {
        try FileSystem.copy(path, to: copy)
      } else if Int(name) == nil, depth < 4, !FileSystem.exists(FileSystem.join(path, "1")) {
        // Directories of versions, and of models beside a bare file, belong to others.
        try FileSystem.makeDirectory(copy)
        try Self.copy(path, to: copy, depth: depth + 1)
      }
    }
  }

  /// A message about the copy, about the original.
  func translated(_ message: String) -> String {
    message.split(separator: folder.path, omittingEmptySubsequences: false).joined(
      separator: original)
  }
}
#endif
