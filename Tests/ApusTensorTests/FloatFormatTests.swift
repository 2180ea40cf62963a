import ApusTensor
import Testing

@Suite struct FloatFormatTests {
  static let eightBits: [ElementType] = [
    .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz,
  ]

  /// The finite values of a format with their codes, ascending, without negative zero.
  private func finite(_ format: FloatFormat, _ codes: Int) -> [(value: Double, code: UInt16)] {
    (0..<UInt16(codes)).map { (format.decode($0), $0) }
      .filter { $0.0.isFinite && !($0.0 == 0 && $0.0.sign == .minus) }
      .sorted { $0.0 < $1.0 }
  }

  @Test(arguments: eightBits)
  func everyCodeRoundTrips(element: ElementType) throws {
    let format = try #require(element.floatFormat)
    for code in UInt16(0)...255 {
      let value = format.decode(code)
      if value.isNaN {
        #expect(format.decode(format.encode(value)).isNaN)
      } else {
        #expect(format.encode(value) == code)
      }
    }
  }

  /// Between two neighbours the nearer wins, and halfway the one with the even code.
  @Test(arguments: eightBits + [.float4e2m1, .float6e2m3, .float6e3m2])
  func roundsToNearestEven(element: ElementType) throws {
    let format = try #require(element.floatFormat)
    let values = finite(format, 1 << element.bitWidth)
    for (low, high) in zip(values, values.dropFirst()) {
      let middle = (low.value + high.value) / 2
      let step = (high.value - low.value) / 8
      #expect(format.decode(format.encode(middle - step)) == low.value)
      #expect(format.decode(format.encode(middle + step)) == high.value)
      let even = low.code & 1 == 0 ? low : high
      #expect(format.decode(format.encode(middle)) == even.value, "\(middle)")
    }
  }

  @Test func limits() {
    let limits: [(FloatFormat, Double, Double)] = [
      (.e4m3fn, 448, 0.001953125), (.e4m3fnuz, 240, 0.0009765625),
      (.e5m2, 57344, 0.0000152587890625), (.e5m2fnuz, 57344, 0.00000762939453125),
    ]
    for (format, largest, smallest) in limits {
      let values = finite(format, 256).map(\.value)
      #expect(values.last == largest)
      #expect(values.first == -largest)
      #expect(values.first { $0 > 0 } == smallest)
      for value in [1e9, Double.infinity] {
        #expect(format.decode(format.encode(value, saturating: true)) == largest)
        #expect(format.decode(format.encode(-value, saturating: true)) == -largest)
        let open = format.decode(format.encode(value))
        #expect(format.specials == .ieee ? open == .infinity : open.isNaN)
      }
    }
  }

  @Test func zeros() {
    #expect(FloatFormat.e4m3fn.encode(-0.0) == 0x80)
    // No negative zero: its code is not-a-number.
    #expect(FloatFormat.e4m3fnuz.encode(-0.0) == 0)
    #expect(FloatFormat.e5m2fnuz.encode(-1e-30) == 0)
    #expect(FloatFormat.e4m3fnuz.decode(0x80).isNaN)
    #expect(FloatFormat.half.encode(.leastNonzeroMagnitude) == 0)
    #expect(FloatFormat.half.encode(.greatestFiniteMagnitude) == 0x7C00)
  }
}
