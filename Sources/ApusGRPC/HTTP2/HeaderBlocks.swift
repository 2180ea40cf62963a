#if Server
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
#endif
