internal import CApusPlatform
package import ApusTensor

/// The discrete Fourier transform along an axis.
///
/// Operands `data` [batch…, axis…, 1 or 2] (real, or real and imaginary parts), optional `length`
/// (one int64: longer data is cut, shorter filled with zeros), optional `axis` (one int64). With
/// `oneSided` the first half of the spectrum of real data; inverse and one-sided, real data from the
/// first half. Source: ONNX DFT-20.
package struct FourierTransform: MeasuredOperator {
  package static let name = "fourier_transform"
  package static let operandNames = ["data", "length", "axis"]
  package static var fields: [Field<Self>] {
    [Field("inverse", \.inverse), Field("oneSided", \.oneSided)]
  }

  package var inverse = false
  package var oneSided = false

  package init() {}
  package init(inverse: Bool, oneSided: Bool) {
    self.inverse = inverse
    self.oneSided = oneSided
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...3)
    let data = try operands.require(0, arithmetic: [.real])
    for index in 1..<3 where operands[index] != nil {
      _ = try operands.require(index, element: [.int64, .int32])
    }
    guard var extents = data.type.extents else { return [.unknown(data.element)] }
    guard extents.count >= 2 else {
      throw .rank(operand: "data", found: extents.count, expected: "2 or more")
    }
    if let parts = extents.last?.fixed, parts != 1, parts != 2 {
      throw .extents(operand: "data", found: .fixed(parts), expected: 2)
    }
    extents[extents.count - 1] = inverse && oneSided ? 1 : 2
    guard operands[2] == nil || operands[2]?.integers != nil else {
      return [.unknown(data.element, rank: extents.count)]
    }
    let axis = try Self.axis(operands[2]?.integers?.first ?? -2, rank: extents.count)
    let length = operands[1] == nil ? nil : operands[1]?.contents?.first ?? .unknown
    if let length = length?.fixed, length < 1 {
      throw .invalid(field: "length", reason: "\(length) is not positive")
    }
    if inverse && oneSided {
      extents[axis] = length ?? (extents[axis] - 1) * 2
    } else {
      let full = length ?? extents[axis]
      extents[axis] = oneSided ? full.floorDivided(by: 2) + 1 : full
    }
    return [Fact(data.element, extents)]
  }

  private static func axis(_ axis: Int, rank: Int) throws(TypeError) -> Int {
    let normal = try normalize(axis: axis, rank: rank)
    guard normal != rank - 1 else {
      throw .invalid(field: "axis", reason: "\(axis) is the axis of real and imaginary parts")
    }
    return normal
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let shape = try results.fixedShape(0)
    let axis: Int
    do {
      axis = try Self.axis(
        try operands.optional(2)?.decodedIntegers().first ?? -2, rank: data.rank)
    } catch let error as TypeError { throw .type(error) } catch let error as EvaluationError {
      throw error
    } catch { throw .value("\(error)") }
    let given = try operands.optional(1)?.decodedIntegers().first
    let parts = data.shape[data.rank - 1]
    let length = given ?? (inverse && oneSided ? (data.shape[axis] - 1) * 2 : data.shape[axis])
    guard length > 0, length <= 1 << 30 else { throw .value("a transform of length \(length)") }
    // The line, its transform and what the recursion holds of it.
    try context.require(length, of: 96)
    let x = try data.decodedReals()
    let strides = rowMajorStrides(data.shape)
    var outer = data.shape
    outer[axis] = 1
    outer[data.rank - 1] = 1
    let targets = rowMajorStrides(shape)
    var values = [Double](repeating: 0, count: Array.product(shape) ?? 0)
    for coordinates in Coordinates(outer) {
      let start = zip(coordinates, strides).reduce(0) { $0 + $1.0 * $1.1 }
      let target = zip(coordinates, targets).reduce(0) { $0 + $1.0 * $1.1 }
      var line = (0..<length).map { index -> Complex in
        guard index < data.shape[axis] else { return Complex(0, 0) }
        let offset = start + index * strides[axis]
        return Complex(x[offset], parts == 2 ? x[offset + 1] : 0)
      }
      if inverse && oneSided {
        // The other half of a real signal's spectrum is the conjugate of this one.
        for index in (length / 2 + 1)..<max(length, length / 2 + 1) {
          line[index] = Complex(line[length - index].real, -line[length - index].imaginary)
        }
      }
      let spectrum = Self.transform(
        line, inverse: inverse, element: parts == 2 ? data.element : .float64)
      for index in 0..<shape[axis] {
        values[target + index * targets[axis]] = spectrum[index].real
        if shape[data.rank - 1] == 2 {
          values[target + index * targets[axis] + 1] = spectrum[index].imaginary
        }
      }
    }
    return [try .make(data.element, shape, .real(values))]
  }

  /// The transform; of complex numbers in single precision in that precision, as FFT libraries
  /// compute it.
  static func transform(_ x: [Complex], inverse: Bool, element: ElementType) -> [Complex] {
    element == .float32
      ? Spectrum<Float>.transform(x, inverse: inverse)
      : Spectrum<Double>.transform(x, inverse: inverse)
  }
}

/// Discrete Fourier transforms in one precision: even lengths are split by decimation in frequency
/// (Gentleman & Sande, 1966), odd lengths summed over symmetric pairs.
private enum Spectrum<Real: BinaryFloatingPoint> {
  typealias Number = (real: Real, imaginary: Real)

  static func transform(_ x: [Complex], inverse: Bool) -> [Complex] {
    let numbers: [Number] = x.map { (Real($0.real), Real($0.imaginary)) }
    let scale: Real = inverse ? 1 / Real(x.count) : 1
    return sums(numbers, inverse ? 1 : -1).map { number in
      let (real, imaginary): (Real, Real) = (number.real * scale, number.imaginary * scale)
      return Complex(Double(real), Double(imaginary))
    }
  }

  /// cos and sin of a part of a turn.
  private static func turn(_ k: Int, of n: Int, _ sign: Double) -> Number {
    let angle = 2 * Double.pi * Double(k % n) / Double(n)
    return (Real(apus_cos(angle)), Real(sign * apus_sin(angle)))
  }

  private static func sums(_ x: [Number], _ sign: Double) -> [Number] {
    let n = x.count
    guard n > 1 else { return x }
    guard n % 2 == 0 else { return paired(x, sign) }
    let half = n / 2
    var low: [Number] = []
    var high: [Number] = []
    for k in 0..<half {
      let (a, b) = (x[k], x[k + half])
      low.append((a.real + b.real, a.imaginary + b.imaginary))
      let difference: Number = (a.real - b.real, a.imaginary - b.imaginary)
      let w = turn(k, of: n, sign)
      guard k > 0 else {
        high.append(difference)
        continue
      }
      let real: Real = difference.real * w.real - difference.imaginary * w.imaginary
      let imaginary: Real = difference.real * w.imaginary + difference.imaginary * w.real
      high.append((real, imaginary))
    }
    let (even, odd) = (sums(low, sign), sums(high, sign))
    var result = x
    for k in 0..<half {
      result[2 * k] = even[k]
      result[2 * k + 1] = odd[k]
    }
    return result
  }

  /// An odd length: elements as far from the start as from the end share their cosines.
  private static func paired(_ x: [Number], _ sign: Double) -> [Number] {
    let n = x.count
    let turns = (0..<n).map { turn($0, of: n, sign) }
    var result = x
    for k in 0...(n / 2) {
      var even = x[0]
      var odd: Number = (0, 0)
      for j in 1..<(n / 2 + 1) {
        let (a, b) = (x[j], x[n - j])
        let w: Number = turns[j * k % n]
        let sum: Number = (a.real + b.real, a.imaginary + b.imaginary)
        let difference: Number = (a.real - b.real, a.imaginary - b.imaginary)
        even.real += w.real * sum.real
        even.imaginary += w.real * sum.imaginary
        odd.imaginary += w.imaginary * difference.real
        odd.real -= w.imaginary * difference.imaginary
      }
      result[k] = (even.real + odd.real, even.imaginary + odd.imaginary)
      if k > 0 { result[n - k] = (even.real - odd.real, even.imaginary - odd.imaginary) }
    }
    return result
  }
}
