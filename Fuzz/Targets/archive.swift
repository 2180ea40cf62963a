import ApusTensor

extension FuzzTarget {
  /// `.npz` archives: directory, inflation, members.
  static func archive(_ bytes: [UInt8]) {
    guard let range = try? ByteRange(copying: bytes), let archive = try? ZipArchive(range) else {
      return
    }
    // Each entry by itself, so that a damaged one does not hide the next.
    for entry in archive.entries.prefix(16) {
      if let content = try? archive.content(of: entry) { _ = try? NumPyFile.decode(content) }
    }
  }
}
