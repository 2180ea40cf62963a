#if Server
internal import ApusServing
internal import ApusTensor
internal import GRPCCore
internal import GRPCNIOTransportHTTP2

/// Keeps the buffer that a message arrived in, as long as tensors lie in it.
private final class MessageOwner: Sendable {
  private let bytes: GRPCNIOTransportBytes

  init(_ bytes: GRPCNIOTransportBytes) { self.bytes = bytes }

  /// The message's bytes. The buffer lies on the heap and nobody writes to it while it is shared, so that
  /// they stay where they are as long as the owner lives.
  var storage: Storage {
    unsafe bytes.withUnsafeBytes { unsafe Storage.borrowing($0, owner: self) }
  }
}

enum MessageBytes {
  /// The bytes of a message: those of the network's buffer in place, others copied.
  static func storage<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws(ServingError) -> Storage {
    if let bytes = bytes as? GRPCNIOTransportBytes { return MessageOwner(bytes).storage }
    let storage: Storage
    do { storage = try Storage.uninitialized(byteCount: bytes.count) } catch {
      throw ServingError(.internalFailure, error.description)
    }
    unsafe bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress, source.count > 0 else { return }
      unsafe storage.address.copyMemory(from: base, byteCount: source.count)
    }
    return storage
  }
}
#endif
