internal import ApusTensor
internal import CApusPlatform

/// Small files of a model's directory.
enum SmallFile {
  /// Throws where the file cannot be read, is larger than `limit` bytes or no UTF-8.
  static func text(_ path: String, limit: Int = 16 << 20) throws(ServingError) -> String {
    let bytes = try data(path, limit: limit)
    guard let text = unsafe String(validating: bytes.bytes, as: UTF8.self) else {
      throw ServingError(.invalidArgument, "\(path): not a text in UTF-8")
    }
    return text
  }

  /// The start of a file whose size the system does not tell, such as those of `/proc`.
  static func pseudo(_ path: String) throws(ServingError) -> String {
    var count = 0
    let text = unsafe withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 1) { buffer in
      let error = unsafe apus_file_read(path, 0, buffer.baseAddress, buffer.count, &count)
      guard error == 0 else { return "" }
      return unsafe String(decoding: buffer.prefix(count), as: UTF8.self)
    }
    guard !text.isEmpty else { throw ServingError(.notFound, path) }
    return text
  }

  /// The bytes of a file, copied.
  static func data(_ path: String, limit: Int = 1 << 30) throws(ServingError) -> Storage {
    do {
      let size = try FileSystem.stamp(path).size
      guard size <= UInt64(limit) else {
        throw ServingError(.invalidArgument, "\(path): \(size) bytes, at most \(limit) are read")
      }
      // Read, not mapped: a file that is rewritten meanwhile ends early instead of ending the process.
      let storage = try Storage.uninitialized(byteCount: Int(size))
      var count = 0
      let error = unsafe apus_file_read(path, 0, storage.address, storage.byteCount, &count)
      guard error == 0, count == storage.byteCount else {
        let reason = error == 0 ? "it changed while it was read" : errorText(error)
        throw ServingError(.invalidArgument, "\(path): \(reason)")
      }
      return storage
    } catch let error as ServingError { throw error } catch {
      throw ServingError(.invalidArgument, "\(error)")
    }
  }
}
