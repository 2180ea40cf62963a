internal import CApusPlatform

/// Writes a file so that readers see the old content or all of the new. Dropped without `commit`, it
/// leaves nothing behind.
@safe package struct FileWriter: ~Copyable {
  private let path: String
  private var writer: OpaquePointer?

  package init(path: String) throws(TensorError) {
    var error: Int32 = 0
    guard let writer = unsafe apus_writer_open(path, &error) else {
      throw .file(path: path, reason: errorText(error))
    }
    self.path = path
    unsafe self.writer = writer
  }

  /// Bytes appended so far.
  package var position: UInt64 { unsafe apus_writer_position(writer) }

  package func append(_ bytes: UnsafeRawBufferPointer) throws(TensorError) {
    let error = unsafe apus_writer_append(writer, bytes.baseAddress, bytes.count)
    guard error == 0 else { throw .file(path: path, reason: errorText(error)) }
  }

  package func append(_ bytes: [UInt8]) throws(TensorError) {
    let error = unsafe bytes.withUnsafeBytes {
      unsafe apus_writer_append(writer, $0.baseAddress, $0.count)
    }
    guard error == 0 else { throw .file(path: path, reason: errorText(error)) }
  }

  package func append(_ range: ByteRange) throws(TensorError) {
    let error = unsafe range.withBytes {
      unsafe apus_writer_append(writer, $0.baseAddress, $0.count)
    }
    guard error == 0 else { throw .file(path: path, reason: errorText(error)) }
  }

  /// The packed bytes of a tensor.
  package func append(_ tensor: HostTensor) throws(TensorError) {
    let error = unsafe tensor.withBytes {
      unsafe apus_writer_append(writer, $0.baseAddress, $0.count)
    }
    guard error == 0 else { throw .file(path: path, reason: errorText(error)) }
  }

  /// Puts the file in place; a durable one is on the disk before this returns.
  package consuming func commit(durable: Bool) throws(TensorError) {
    let path = self.path
    let writer = unsafe self.writer
    unsafe self.writer = nil
    let error = unsafe apus_writer_commit(writer, durable)
    guard error == 0 else { throw .file(path: path, reason: errorText(error)) }
  }

  deinit { if let writer = unsafe writer { unsafe apus_writer_abandon(writer) } }
}

extension FileSystem {
  /// Writes a whole file atomically.
  package static func write(
    _ bytes: [UInt8], to path: String, durable: Bool = false
  ) throws(TensorError) {
    let error = unsafe bytes.withUnsafeBytes {
      unsafe apus_file_write(path, $0.baseAddress, $0.count, durable)
    }
    guard error == 0 else { throw .file(path: path, reason: errorText(error)) }
  }
}
