internal import ApusTensor

/// Changes that break readers: numbers at their limits, missing and repeated pieces.
struct Mutation {
  private var random: SplitMix

  init(seed: UInt64) { random = SplitMix(seed: seed) }

  private mutating func below(_ limit: Int) -> Int { random.below(max(limit, 1)) }

  private static let numbers: [UInt64] = [
    0, 1, 127, 128, 255, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
    1 << 40, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, .max,
  ]
  private static let words = [
    "0", "-1", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e999",
    "nan",
    "\"", "(", ")", "[", "]", "{", "}", ",", ":", "*", "\\", "\u{0}", "ü",
  ]

  /// One to four changes; `other` is where pieces are taken from.
  mutating func apply(to bytes: [UInt8], other: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...below(4) { change(&bytes, other) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8], _ other: [UInt8]) {
    guard !bytes.isEmpty else { return bytes.append(UInt8(truncatingIfNeeded: random.next())) }
    let place = below(bytes.count)
    let length = min(1 + below(16), bytes.count - place)
    switch below(8) {
    case 0, 1: bytes[place] ^= 1 << UInt8(below(8))
    case 2: bytes[place] = UInt8(truncatingIfNeeded: random.next())
    case 3:
      let number = Self.numbers[below(Self.numbers.count)]
      for index in 0..<min([1, 2, 4, 8][below(4)], bytes.count - place) {
        bytes[place + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index))
      }
    case 4: bytes.removeSubrange(place..<(place + length))
    case 5: bytes.insert(contentsOf: Array(bytes[place..<(place + length)]), at: below(bytes.count))
    case 6:
      let word = Array(Self.words[below(Self.words.count)].utf8)
      bytes.replaceSubrange(place..<(place + min(length, below(4))), with: word)
    default:
      guard !other.isEmpty else { return bytes.removeLast(bytes.count - place) }
      let from = below(other.count)
      let piece = other[from..<min(from + 1 + below(64), other.count)]
      bytes.replaceSubrange(place..<(place + length), with: piece)
    }
  }
}
