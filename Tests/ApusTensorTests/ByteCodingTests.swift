import ApusTensor
import Testing

@Suite struct ByteCodingTests {
  @Test func roundTrip() throws {
    let integers = [0, 1, -1, 63, 64, -64, -65, 1 << 40, .max, .min]
    var writer = ByteWriter()
    for value in integers { writer.write(integer: value) }
    writer.write(unsigned: .max)
    writer.write(flag: true)
    writer.write(fixed: UInt32(0x0403_0201))
    writer.write(fixed: Int64.min)
    writer.write(real: -0.1)
    writer.write(text: "grüß")
    writer.write(bytes: [1, 2, 3])
    writer.align(to: 16)
    writer.write(byte: 7)
    #expect(writer.count % 16 == 1)
    var reader = ByteReader(writer.bytes)
    for value in integers { #expect(try reader.readInteger() == value) }
    #expect(try reader.readUnsigned() == .max)
    #expect(try reader.readFlag())
    #expect(try reader.readFixed(UInt32.self) == 0x0403_0201)
    #expect(try reader.readFixed(Int64.self) == .min)
    #expect(try reader.readReal() == -0.1)
    #expect(try reader.readText("text") == "grüß")
    #expect(try reader.readBytes("bytes") == [1, 2, 3])
    try reader.align(to: 16)
    #expect(try reader.readByte() == 7)
    try reader.finish()
  }

  @Test func littleEndian() {
    var writer = ByteWriter()
    writer.write(fixed: UInt32(1))
    writer.write(unsigned: 300)
    #expect(writer.bytes == [1, 0, 0, 0, 0xAC, 2])
  }

  @Test func integersThatAreTooLongOrNotShortest() {
    var reader = ByteReader(Array(repeating: 0xFF, count: 11))
    #expect(throws: CodingError.self) { try reader.readUnsigned() }
    reader = ByteReader([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2])
    #expect(throws: CodingError.self) { try reader.readUnsigned() }
    reader = ByteReader([0x80, 0])
    #expect(throws: CodingError.self) { try reader.readUnsigned() }
    reader = ByteReader([0x80])
    #expect(throws: CodingError.truncated(needed: 1, available: 0, offset: 1)) {
      try reader.readUnsigned()
    }
  }

  @Test func lengthsAreChecked() {
    var reader = ByteReader([200, 1, 5], baseOffset: 1000)
    #expect(throws: CodingError.limit("text", found: 200, limit: 1, offset: 1000)) {
      try reader.readText("text")
    }
    reader = ByteReader([3, 0, 0, 0])
    #expect(throws: CodingError.limit("list", found: 3, limit: 1, offset: 0)) {
      try reader.readCount("list", minimumBytes: 2)
    }
    reader = ByteReader([1])
    #expect(throws: CodingError.truncated(needed: 4, available: 1, offset: 0)) {
      try reader.readFixed(UInt32.self)
    }
    reader = ByteReader([2, 0xC3, 0x28])
    #expect(throws: CodingError.malformed("text is not valid UTF-8", offset: 0)) {
      try reader.readText("text")
    }
    reader = ByteReader([1, 1])
    #expect(throws: CodingError.malformed("2 bytes too many", offset: 0)) { try reader.finish() }
    reader = ByteReader([2])
    #expect(throws: CodingError.self) { try reader.readFlag() }
  }

  @Test func types() throws {
    let a = Extent.symbol("a")
    let b = Extent.symbol("b")
    let types = [
      TensorType(.float32, .unranked), TensorType(.int4, []),
      TensorType(.string, [a, 3, a * b * 2 - 7]),
      TensorType(.bool, [.maximum(a, b).floorDivided(by: b + 1), .minimum(a, 9)]),
      TensorType(.float16, [.broadcast(a, b) * 2, .broadcast(a, .broadcast(b, a * b))]),
    ]
    var writer = ByteWriter()
    for type in types { writer.write(type) }
    var reader = ByteReader(writer.bytes)
    for type in types { #expect(try reader.readType() == type) }
    try reader.finish()
  }

  /// Expressions deeper than any model needs are refused, not followed.
  @Test func nesting() {
    var bytes: [UInt8] = []
    for _ in 0..<100_000 { bytes += [1, 1, 2, 1, 2] }
    var reader = ByteReader(bytes)
    #expect(throws: CodingError.self) { try reader.readExtent() }
  }
}
