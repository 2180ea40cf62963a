internal import CApusPlatform

/// A file mapped read-only into memory; ranges of it may be viewed for as long as it lives.
@safe package final class MappedFile: @unchecked Sendable {
  package let path: String
  private var mapping: apus_mapping

  package init(path: String) throws(TensorError) {
    var mapping = unsafe apus_mapping()
    let error = unsafe apus_file_map(path, APUS_MAP_READ_ONLY, &mapping)
    guard error == 0 else { throw .file(path: path, reason: errorText(error)) }
    guard unsafe mapping.size <= UInt64(Int.max) else {
      unsafe apus_file_unmap(&mapping)
      throw .file(path: path, reason: "the file is too large to map")
    }
    self.path = path
    unsafe self.mapping = mapping
  }

  package var byteCount: Int { unsafe Int(mapping.size) }

  /// The whole file; the range keeps the mapping alive.
  package var range: ByteRange {
    let bytes = unsafe UnsafeRawBufferPointer(start: mapping.bytes, count: byteCount)
    return unsafe ByteRange(Storage.borrowing(bytes, owner: self))
  }

  deinit { unsafe apus_file_unmap(&mapping) }
}

/// What a platform error number means.
package func errorText(_ error: Int32) -> String {
  unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 160) { buffer in
    unsafe apus_error_text(error, buffer.baseAddress, buffer.count)
    return unsafe buffer.baseAddress.map { unsafe String(cString: $0) } ?? "error \(error)"
  }
}

/// Questions about paths.
package enum FileSystem {
  package static func exists(_ path: String) -> Bool { unsafe apus_file_exists(path) }
  package static func remove(_ path: String) throws(TensorError) {
    let error = unsafe apus_file_remove(path)
    guard error == 0 else { throw .file(path: path, reason: errorText(error)) }
  }
  package static func isDirectory(_ path: String) -> Bool { unsafe apus_file_is_directory(path) }

  /// The absolute path without symbolic links.
  package static func resolve(_ path: String) throws(TensorError) -> String {
    var error: Int32 = 0
    let resolved = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 8192) { buffer in
      error = unsafe apus_file_resolve(path, buffer.baseAddress, buffer.count)
      guard error == 0, let start = buffer.baseAddress else { return "" }
      return unsafe String(cString: start)
    }
    guard error == 0 else { throw .file(path: path, reason: errorText(error)) }
    return resolved
  }

  /// Copies a file to a new one, sharing blocks where the file system can.
  package static func copy(_ path: String, to copy: String) throws(TensorError) {
    let error = unsafe apus_file_copy(path, copy)
    guard error == 0 else { throw .file(path: path, reason: errorText(error)) }
  }

  /// When a file or directory was changed last, in nanoseconds since 1970, and its size in bytes.
  package static func stamp(_ path: String) throws(TensorError) -> (changed: UInt64, size: UInt64) {
    var changed: UInt64 = 0
    var size: UInt64 = 0
    let error = unsafe apus_file_stamp(path, &changed, &size)
    guard error == 0 else { throw .file(path: path, reason: errorText(error)) }
    return (changed, size)
  }

  /// Makes a directory whose name begins with `prefix` and is new.
  package static func makeTemporaryDirectory(prefix: String) throws(TensorError) -> String {
    var error: Int32 = 0
    let path = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      error = unsafe apus_directory_make_temporary(prefix, buffer.baseAddress, buffer.count)
      guard error == 0, let start = buffer.baseAddress else { return "" }
      return unsafe String(cString: start)
    }
    guard error == 0 else { throw .file(path: prefix, reason: errorText(error)) }
    return path
  }

  /// Removes a directory with everything in it.
  package static func removeDirectory(_ path: String) throws(TensorError) {
    let error = unsafe apus_directory_remove(path)
    guard error == 0 else { throw .file(path: path, reason: errorText(error)) }
  }

  /// Makes a directory and its parents; an existing one is no error.
  package static func makeDirectory(_ path: String) throws(TensorError) {
    let error = unsafe apus_directory_make(path, true)
    guard error == 0 else { throw .file(path: path, reason: errorText(error)) }
  }

  /// Names in a directory, sorted by bytes.
  package static func list(_ path: String, limit: Int = 1_000_000) throws(TensorError) -> [String] {
    var listing = unsafe apus_listing()
    let error = unsafe apus_directory_list(path, UInt32(clamping: limit), &listing)
    guard error == 0 else { throw .file(path: path, reason: errorText(error)) }
    defer { unsafe apus_listing_free(&listing) }
    let bytes = unsafe UnsafeRawBufferPointer(start: listing.names, count: listing.bytes)
    return unsafe bytes.split(separator: 0).map { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// The path without its last component; "." where there is only one.
  package static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  package static func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }
}
