#if Server
import Testing

@testable import ApusCommand

@Suite struct ByteTextTests {
  static let examples: [[UInt8]] = [
    [], Array("plain".utf8), Array("äöü€𝄞".utf8), [0, 1, 0], [0xFF], [0x61, 0xFF, 0xFE, 0x62],
    [0xE2, 0x82], [0xF0, 0x9D, 0x84], [0xC0, 0x80], [0xED, 0xA0, 0x80],
    Array("\u{10FF41}".utf8), Array("\u{10FFFF}\u{10FEFF}".utf8), [0xF4, 0x90, 0x80, 0x80],
    [0xF4], Array((0...255).map { UInt8($0) }),
  ]

  @Test(arguments: examples) func nothingIsLost(bytes: [UInt8]) {
    #expect(ByteText.bytes(ByteText.text(bytes)) == bytes)
  }

  @Test func textsStayTexts() {
    #expect(ByteText.text(Array("äöü€𝄞\u{0}".utf8)) == "äöü€𝄞\u{0}")
  }

  @Test(arguments: 0..<100) func randomBytesAreNotLost(seed: Int) {
    var state = UInt64(seed) &+ 88_172_645_463_325_252
    let bytes = (0..<64).map { _ -> UInt8 in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      // Often bytes that begin or go on with a sequence.
      return state & 3 == 0 ? UInt8(truncatingIfNeeded: state >> 8) : UInt8(0xF0 | (state >> 8) & 7)
    }
    #expect(ByteText.bytes(ByteText.text(bytes)) == bytes)
  }
}
#endif
