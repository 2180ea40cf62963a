internal import ApusTensor
internal import Testing

@Suite struct NumPyFileTests {
  private func decode(_ fixture: String) throws -> HostTensor {
    try NumPyFile.decode(ByteRange(copying: NumPyFixture.bytes(fixture)))
  }

  @Test func fortranOrderIsTransposed() throws {
    let tensor = try decode(NumPyFixture.fortran)
    #expect(tensor.shape == [2, 3])
    #expect(try tensor.reals() == [0, 1, 2, 3, 4, 5])
  }

  @Test func bigEndianIsSwapped() throws {
    #expect(try decode(NumPyFixture.bigEndian).integers() == [1, -2, 300])
    #expect(
      try decode(NumPyFixture.bigEndianComplex).elements() == .complex([Complex(1, 2)]))
  }

  @Test func strings() throws {
    let unicode = try decode(NumPyFixture.unicode)
    #expect(unicode.shape == [2, 2])
    #expect(try unicode.elements() == .text(["a", "béc", "", "xyz"]))
    #expect(try decode(NumPyFixture.byteStrings).elements() == .text(["ab", "c"]))
  }

  @Test func versionsTwoAndThree() throws {
    #expect(try decode(NumPyFixture.version2).booleans() == [true, false])
    let third = try decode(NumPyFixture.version3)
    #expect(third.element == .uint16)
    #expect(try third.integers() == [7])
  }

  @Test func scalars() throws {
    let tensor = try decode(NumPyFixture.scalar)
    #expect(tensor.shape == [])
    #expect(tensor.element == .float16)
    #expect(try tensor.reals() == [2.5])
  }

  @Test(arguments: [
    ElementType.float32, .float64, .float16, .int8, .int16, .int32, .int64, .uint8, .uint16,
    .uint32, .uint64, .bool,
  ]) func writtenFilesReadBack(_ element: ElementType) throws {
    let tensor = try HostTensor(element, shape: [2, 2], .real([0, 1, 1, 0]))
    let (header, data) = try NumPyFile.encode(tensor)
    #expect(header.count % 64 == 0)
    let back = try NumPyFile.decode(ByteRange(copying: header + data.packedBytes))
    #expect(back.element == element)
    #expect(back.shape == [2, 2])
    #expect(back.packedBytes == tensor.packedBytes)
  }

  @Test func writtenStringsReadBack() throws {
    let tensor = try HostTensor(texts: ["", "ab", "ü𝄞"], shape: [3])
    let (header, data) = try NumPyFile.encode(tensor)
    let back = try NumPyFile.decode(ByteRange(copying: header + data.packedBytes))
    #expect(try back.elements() == .text(["", "ab", "ü𝄞"]))
  }

  @Test func typesWithoutNumPyNameAreRefused() throws {
    let tensor = try HostTensor(zeros: .bfloat16, shape: [1])
    #expect(
      throws: TensorError.unsupportedElement(
        .bfloat16, operation: "writing .npy (NumPy lacks the type)")
    ) { try NumPyFile.encode(tensor) }
  }

  @Test func messagesHelp() throws {
    #expect(message("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }").contains("pickled"))
    #expect(
      message("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }")
        .contains("structured arrays"))
    #expect(
      message("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }")
        .contains("leaves the integer range"))
    #expect(
      message("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }")
        == "not a valid npy file: shape [3] of '<f4' needs 12 bytes, 0 follow (at byte 64)")
    #expect(message("{'descr': '<f4'}").contains("lacks one of"))
  }

  /// What decoding a version 1 file with this header and no data reports.
  private func message(_ header: String) -> String {
    let text = Array(header.utf8)
    let padded = text + [UInt8](repeating: 0x20, count: max(0, 54 - text.count))
    let bytes: [UInt8] =
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(padded.count & 255), UInt8(padded.count >> 8)]
      + padded
    do {
      _ = try NumPyFile.decode(ByteRange(copying: bytes))
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func damagedFilesNeverTrap() throws {
    for fixture in [
      NumPyFixture.fortran, NumPyFixture.bigEndian, NumPyFixture.unicode, NumPyFixture.version2,
    ] {
      let bytes = NumPyFixture.bytes(fixture)
      for length in bytes.indices {
        #expect(throws: TensorError.self) {
          try NumPyFile.decode(ByteRange(copying: Array(bytes[..<length])))
        }
      }
      for index in bytes.indices {
        for bit in 0..<8 {
          var damaged = bytes
          damaged[index] ^= 1 << bit
          _ = try? NumPyFile.decode(ByteRange(copying: damaged))
        }
      }
    }
  }
}
