import ApusTensor
import Testing

@Suite struct ElementsTests {
  /// Every code of up to 16 bits decodes and encodes back, but for the many codes of not-a-number
  /// and for infinities of 8 bits, which saturate as casts do.
  @Test(
    arguments: ElementType.allCases.filter { (1...16).contains($0.bitWidth) && $0 != .bool })
  func everyCode(element: ElementType) throws {
    let width = element.bitWidth
    let bytes: [UInt8] =
      width == 16
      ? (0...0xFFFF).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
      : (0..<(width == 6 ? 252 : 256)).map { UInt8($0) }
    let tensor = try HostTensor(element, shape: [bytes.count * 8 / width], bytes: bytes)
    let values = try tensor.elements()
    let copy = try HostTensor(element, shape: tensor.shape, values)
    if case .real(let numbers) = values {
      let found = try copy.reals()
      let kept = numbers.indices.filter { width > 8 || !numbers[$0].isInfinite }
      #expect(equal(kept.map { found[$0] }, kept.map { numbers[$0] }))
      if kept.allSatisfy({ !numbers[$0].isNaN }), kept.count == numbers.count {
        #expect(copy.packedBytes == bytes)
      }
    } else {
      #expect(copy.packedBytes == bytes)
    }
  }

  private func equal(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count
      && zip(a, b).allSatisfy { $0.isNaN ? $1.isNaN : $0 == $1 && $0.sign == $1.sign }
  }

  @Test func wideIntegers() throws {
    for value in [Int64.min, -1, 0, 1, .max] {
      let tensor = try HostTensor(.int64, shape: [1], .signed([value]))
      #expect(try tensor.elements() == .signed([value]))
      let narrow = try tensor.converted(to: .int32)
      #expect(try narrow.elements() == .signed([Int64(Int32(truncatingIfNeeded: value))]))
    }
    let large = try HostTensor(.uint64, shape: [2], .unsigned([.max, 1 << 63]))
    #expect(try large.elements() == .unsigned([.max, 1 << 63]))
    #expect(throws: TensorError.self) { try large.integers() }
    #expect(try large.reals() == [18_446_744_073_709_551_616, 9_223_372_036_854_775_808])
    #expect(try large.converted(to: .int64).elements() == .signed([-1, .min]))
  }

  @Test func halfEqualsTheHardware() throws {
    let codes = (UInt16.min...UInt16.max).map { $0 }
    let bytes = codes.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let reals = try HostTensor(.float16, shape: [codes.count], bytes: bytes).reals()
    #expect(equal(reals, codes.map { Double(Float16(bitPattern: $0)) }))
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let value = Double(Float(bitPattern: UInt32.random(in: 0...(.max), using: &random)))
      if value.isNaN { continue }
      #expect(FloatFormat.half.encode(value) == Float16(value).bitPattern, "\(value)")
      // Near the halves between neighbours and in the subnormal range too.
      let small = Double.random(in: -1...1, using: &random) * 1e-6
      #expect(FloatFormat.half.encode(small) == Float16(small).bitPattern, "\(small)")
    }
  }

  @Test func brainFloatsAreTheUpperHalfOfFloats() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let bits = UInt32.random(in: 0...(.max), using: &random)
      let value = Float(bitPattern: bits)
      if value.isNaN { continue }
      let rounded = bits &+ 0x7FFF &+ (bits >> 16 & 1)
      #expect(FloatFormat.brain.encode(Double(value)) == UInt16(rounded >> 16), "\(value)")
      let decoded = FloatFormat.brain.decode(UInt16(bits >> 16))
      let truncated = Float(bitPattern: bits & 0xFFFF_0000)
      #expect(truncated.isNaN ? decoded.isNaN : decoded == Double(truncated))
    }
  }

  @Test func floatsTruncateToIntegers() throws {
    let x = try HostTensor(
      .float64, shape: [7], .real([1.9, -1.9, .nan, .infinity, -.infinity, 1e10, -300]))
    #expect(
      try x.converted(to: .int64).elements()
        == .signed([1, -1, 0, .max, .min, 10_000_000_000, -300]))
    let positive = try HostTensor(.float64, shape: [3], .real([1.9, .nan, 1e30]))
    #expect(try positive.converted(to: .uint64).elements() == .unsigned([1, 0, .max]))
    let wrapping = try HostTensor(.float32, shape: [3], .real([300, -300, 44]))
    #expect(try wrapping.converted(to: .uint8).elements() == .unsigned([44, 212, 44]))
    #expect(try wrapping.converted(to: .int8).elements() == .signed([44, -44, 44]))
  }

  @Test func narrowFloatsSaturate() throws {
    let x = try HostTensor(.float32, shape: [3], .real([1e6, -1e6, .nan]))
    let found = try x.converted(to: .float8e4m3fn).reals()
    #expect(found[0] == 448 && found[1] == -448 && found[2].isNaN)
    #expect(try x.converted(to: .float4e2m1).reals().prefix(2) == [6, -6])
    #expect(try x.converted(to: .float6e2m3).reals().prefix(2) == [7.5, -7.5])
    #expect(try x.converted(to: .float6e3m2).reals().prefix(2) == [28, -28])
    #expect(try x.converted(to: .float16).reals().prefix(2) == [.infinity, -.infinity])
  }

  /// Six bits lie across bytes; the numbers are those of the package ml_dtypes.
  @Test func sixBits() throws {
    let x = try HostTensor(.float6e2m3, shape: [4], bytes: [0x04, 0x62, 0x7F])
    #expect(try x.reals() == [0.5, 1, -3.5, 7.5])
    for element in [ElementType.float6e2m3, .float6e3m2] {
      for count in 0..<10 {
        let values = (0..<count).map { Double($0 % 5 - 2) }
        let packed = try HostTensor(element, shape: [count], .real(values))
        #expect(packed.byteCount == (count * 6 + 7) / 8)
        #expect(try packed.reals() == values)
        let one = try HostTensor(element, shape: [], .real([-1.5]))
        let many = try HostTensor(splat: one, shape: [count]).densified()
        #expect(try many.reals() == Array(repeating: -1.5, count: count))
      }
    }
  }

  @Test func truthAndComplexNumbers() throws {
    let x = try HostTensor(.float32, shape: [4], .real([0, -0.0, .nan, 2]))
    #expect(try x.converted(to: .bool).elements() == .boolean([false, false, true, true]))
    let flags = try HostTensor(.bool, shape: [2], .boolean([true, false]))
    #expect(try flags.converted(to: .int4).integers() == [1, 0])
    for element in [ElementType.complex64, .complex128] {
      let values = Elements.complex([Complex(1, -2), Complex(0.5, 4)])
      #expect(try HostTensor(element, shape: [2], values).elements() == values)
    }
    #expect(throws: TensorError.self) { try x.converted(to: .complex64) }
  }

  @Test func exponentsRoundUp() throws {
    let x = try HostTensor(.float32, shape: [5], .real([0.124, 0.25, 1.1, 2, 0]))
    let found = try x.converted(to: .float8e8m0)
    #expect(Array(found.packedBytes.prefix(4)) == [124, 125, 128, 128])
    #expect(found.packedBytes[4] == 0)
  }
}
