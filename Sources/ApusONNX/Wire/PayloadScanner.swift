internal import ApusTensor

/// Takes the `raw_data` of every tensor out of a serialized message, so that protobuf decodes only
/// structure and weights stay where they are in the mapped file.
///
/// In the result each `raw_data` field holds a reference instead: offset and length of the payload
/// in the scanned range, two little-endian 64-bit integers. There is one for every `raw_data`,
/// however small, so references and data cannot be confused.
struct PayloadScanner {
  /// The messages that may contain tensors, and the fields that lead to them.
  enum Message {
    case model, training, function, graph, node, attribute, sparseTensor, tensor

    func child(_ field: Int) -> Message? {
      switch (self, field) {
      case (.model, 7), (.training, 1), (.training, 2): .graph
      case (.model, 20): .training
      case (.model, 25): .function
      case (.graph, 1), (.function, 7): .node
      case (.graph, 5), (.attribute, 5), (.attribute, 10): .tensor
      case (.sparseTensor, 1), (.sparseTensor, 2): .tensor
      case (.graph, 15), (.attribute, 22), (.attribute, 23): .sparseTensor
      case (.node, 5), (.function, 11): .attribute
      case (.attribute, 6), (.attribute, 11): .graph
      default: nil
      }
    }
  }

  /// Bytes of the message without payloads.
  static func scan(_ bytes: ByteRange, as message: Message) throws(WireError) -> [UInt8] {
    var writer = WireWriter()
    try copy(bytes, at: 0, message, into: &writer, depth: 0)
    guard writer.bytes.count < 0x7FFF_FFFF else { throw .tooLarge(writer.bytes.count) }
    return writer.bytes
  }

  private static let rawData = 9
  private static let deepest = 90

  private static func copy(
    _ bytes: ByteRange, at base: Int, _ message: Message, into writer: inout WireWriter, depth: Int
  ) throws(WireError) {
    guard depth < deepest else { throw .tooDeep(offset: bytes.offset) }
    var reader = WireReader(bytes)
    while let field = try reader.next() {
      guard case .range(let start, let count) = field.payload,
        let content = bytes.slice(at: start, count: count)
      else {
        copyField(field, bytes, &writer)
        continue
      }
      if message == .tensor, field.number == rawData {
        writer.reference(rawData, base + start, count)
      } else if let child = message.child(field.number) {
        try writer.message(field.number) { (writer) throws(WireError) in
          try copy(content, at: base + start, child, into: &writer, depth: depth + 1)
        }
      } else {
        copyField(field, bytes, &writer)
      }
    }
  }

  private static func copyField(
    _ field: WireReader.Field, _ bytes: ByteRange, _ writer: inout WireWriter
  ) {
    if let whole = bytes.slice(at: field.start, count: field.end - field.start) {
      writer.append(whole)
    }
  }
}
