#if Server
/// Bytes of any value as texts and back, without loss.
///
/// Texts of the protocol are bytes, those of ONNX models UTF-8. A byte that is not part of UTF-8 becomes one
/// character of the last private range, U+10FF00 plus the byte; so do the bytes of characters that stand
/// in that range themselves.
enum ByteText {
  private static let escapes: ClosedRange<UInt32> = 0x10_FF00...0x10_FFFF
  /// What texts with such characters have in them.
  private static let lead: UInt8 = 0xF4

  static func text(_ bytes: [UInt8]) -> String {
    if !bytes.contains(lead), let text = String(validating: bytes, as: UTF8.self) { return text }
    var scalars = String.UnicodeScalarView()
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var position = 0
    while true {
      let end: Int
      switch parser.parseScalar(from: &iterator) {
      case .emptyInput: return String(scalars)
      case .valid(let encoded):
        end = position + encoded.count
        let scalar = Unicode.UTF8.decode(encoded)
        if !escapes.contains(scalar.value) {
          scalars.append(scalar)
          position = end
        }
      case .error(let length): end = position + length
      }
      while position < end {
        if let scalar = Unicode.Scalar(escapes.lowerBound + UInt32(bytes[position])) {
          scalars.append(scalar)
        }
        position += 1
      }
    }
  }

  static func bytes(_ text: String) -> [UInt8] {
    let plain = Array(text.utf8)
    guard plain.contains(lead) else { return plain }
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      if escapes.contains(scalar.value) {
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      } else {
        bytes.append(contentsOf: UTF8.encode(scalar) ?? .init())
      }
    }
    return bytes
  }
}
#endif
