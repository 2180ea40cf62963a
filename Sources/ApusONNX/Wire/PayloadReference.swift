/// What stands in a `raw_data` field in place of the payload: two little-endian 64-bit integers.
enum PayloadReference {
  /// Bytes of the scanned range.
  case file(offset: Int, count: Int)
  /// A tensor that an edit brought, by its place in `TensorDecoder.added`.
  case added(Int)

  /// No file has a payload at this offset.
  private static let addedMark = UInt64.max

  init?(_ bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    func word(_ start: Int) -> UInt64 {
      (0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[start + $1]) }
    }
    guard let second = Int(exactly: word(8)) else { return nil }
    if word(0) == Self.addedMark {
      self = .added(second)
    } else if let offset = Int(exactly: word(0)) {
      self = .file(offset: offset, count: second)
    } else {
      return nil
    }
  }

  var bytes: [UInt8] {
    let words: [UInt64] =
      switch self {
      case .file(let offset, let count): [UInt64(offset), UInt64(count)]
      case .added(let index): [Self.addedMark, UInt64(index)]
      }
    return words.flatMap { word in
      stride(from: 0, to: 64, by: 8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
    }
  }
}
