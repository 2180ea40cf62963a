#if Server
internal import NIOCore
internal import NIOHPACK

/// Blocks of headers that are sent. None uses the table of the connection, so that the common ones are
/// written once for all.
enum HeaderBlocks {
  /// The beginning of an answer, by its compression.
  static func beginning(_ coding: MessageCoding) -> [UInt8] {
    switch coding {
    case .identity: plain
    case .gzip: gzip
    case .deflate: deflate
    }
  }

  /// The end of an answer.
  static func end(_ status: CallStatus) -> [UInt8] {
    if status == .ok { return ok }
    var block = field("grpc-status", "\(status.code.rawValue)")
    if !status.message.isEmpty { block += field("grpc-message", status.encodedMessage) }
    return block
  }

  /// An answer without a message.
  static func only(_ status: CallStatus) -> [UInt8] { plain + end(status) }

  /// An answer to what is no call of gRPC: status 415.
  static let noCall = field(":status", "415")

  // Entry 8 of HPACK's static table is `:status: 200`.
  private static let plain =
    [0x88] + field("content-type", "application/grpc")
    + field("grpc-accept-encoding", MessageCoding.accepted)
  private static let gzip = plain + field("grpc-encoding", "gzip")
  private static let deflate = plain + field("grpc-encoding", "deflate")
  private static let ok = field("grpc-status", "0")

  /// A literal field that no table is to keep (RFC 7541, 6.2.2).
  private static func field(_ name: String, _ value: String) -> [UInt8] {
    [0] + text(name) + text(value)
  }

  private static func text(_ text: String) -> [UInt8] {
    var rest = text.utf8.count
    guard rest >= 127 else { return [UInt8(rest)] + Array(text.utf8) }
    var bytes: [UInt8] = [127]
    rest -= 127
    while rest >= 128 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
    return bytes + Array(text.utf8)
  }
}

/// Reads blocks of headers. Clients repeat theirs, call by call: a block of table entries only means the same
/// as long as the table stays, and is not read again.
struct HeaderReader {
  private static let memoryLimit = 8

  private var decoder: HPACKDecoder
  private var known: [[UInt8]: HPACKHeaders] = [:]

  init(listLimit: Int) {
    decoder = HPACKDecoder(
      allocator: ByteBufferAllocator(), maxDynamicTableSize: 4096, maxHeaderListSize: listLimit)
  }

  mutating func read(_ block: ByteBuffer) throws(HTTP2.Failure) -> HPACKHeaders {
    // An entry of the table that one byte names has its highest bit set and others that are not all 1.
    let isRepeatable = block.readableBytesView.allSatisfy { $0 > 0x80 && $0 < 0xFF }
    let key = isRepeatable ? Array(block.readableBytesView) : []
    if isRepeatable, let headers = known[key] { return headers }
    var block = block
    let headers: HPACKHeaders
    do { headers = try decoder.decodeHeaders(from: &block) } catch {
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
