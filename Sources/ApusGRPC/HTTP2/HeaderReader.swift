#if Server
internal import NIOCore
internal import NIOHPACK

/// Reads blocks of headers. Clients repeat theirs, call by call: a block of table entries only means the same
/// as long as the table stays, and is not read again.
struct HeaderReader {
  private static let memoryLimit = 8

  private var decoder: HPACKDecoder
  private var known: [[UInt8]: CallMetadata] = [:]

  init(listLimit: Int) {
    decoder = HPACKDecoder(
      allocator: ByteBufferAllocator(), maxDynamicTableSize: 4096, maxHeaderListSize: listLimit)
  }

  mutating func read(_ block: ByteBuffer) throws(HTTP2.Failure) -> CallMetadata {
    // An entry of the table that one byte names has its highest bit set and others that are not all 1.
    let isRepeatable = block.readableBytesView.allSatisfy { $0 > 0x80 && $0 < 0xFF }
    let key = isRepeatable ? Array(block.readableBytesView) : []
    if isRepeatable, let headers = known[key] { return headers }
    var block = block
    let headers: CallMetadata
    do { headers = CallMetadata(try decoder.decodeHeaders(from: &block)) } catch {
      throw HTTP2.Failure(.compression)
    }
    if isRepeatable {
      if known.count < Self.memoryLimit { known[key] = headers }
    } else {
      known.removeAll(keepingCapacity: true)
    }
    return headers
  }
}

extension HPACKHeaders {
  /// Whether names and the order of pseudo headers are those of a request.
  var isWellFormed: Bool {
    var hasFields = false
    for (name, value, _) in self {
      if name.utf8.first == UInt8(ascii: ":") {
        if hasFields { return false }
      } else {
        hasFields = true
      }
      if name.isEmpty { return false }
      for byte in name.utf8 where byte <= 0x20 || byte >= 0x7F || (byte >= 0x41 && byte <= 0x5A) {
        return false
      }
      for byte in value.utf8 where byte == 0 || byte == 0x0A || byte == 0x0D { return false }
    }
    return true
  }
}
#endif
