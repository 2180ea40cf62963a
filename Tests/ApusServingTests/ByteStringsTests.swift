import ApusTensor
import Testing

@testable import ApusServing

@Suite struct ByteStringsTests {
  @Test func elementsKeepEveryByte() throws {
    let elements: [[UInt8]] = [[0, 1, 0], [], [0xFF, 0xFE], Array("ä".utf8)]
    let strings = try ByteStrings(elements)
    #expect(strings.count == 4)
    #expect(strings.elements == elements)
    #expect(try strings.slice(1..<3).elements == [[], [0xFF, 0xFE]])
    #expect(try strings.slice(4..<4).elements == [])
  }

  @Test(arguments: [[1, 0, 0], [5, 0, 0, 0, 1], [255, 255, 255, 255, 0], [0, 0, 0, 0, 1]])
  func damagedFormsAreRefused(bytes: [Int]) throws {
    let tensor = try HostTensor(.uint8, shape: [bytes.count], bytes: bytes.map { UInt8($0) })
    guard case .dense(let held, _) = tensor.content else {
      Issue.record("the bytes are not in one piece")
      return
    }
    #expect(throws: ServingError.self) {
      try ByteStrings(held, offset: 0, byteCount: bytes.count, count: 1)
    }
  }
}
