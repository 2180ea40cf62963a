/// The elements of a tensor in the arithmetic of reference evaluation.
package enum Elements: Sendable, Hashable {
  case real([Double])
  case signed([Int64])
  case unsigned([UInt64])
  case boolean([Bool])
  case text([String])
  case complex([Complex])

  package var count: Int {
    switch self {
    case .real(let values): values.count
    case .signed(let values): values.count
    case .unsigned(let values): values.count
    case .boolean(let values): values.count
    case .text(let values): values.count
    case .complex(let values): values.count
    }
  }
}

/// A complex number in double precision.
package struct Complex: Hashable, Sendable {
  package var real: Double
  package var imaginary: Double

  package init(_ real: Double, _ imaginary: Double) {
    self.real = real
    self.imaginary = imaginary
  }
}

extension HostTensor {
  /// A tensor of `element` from values; each value is converted as ONNX `Cast` does: floats round to
  /// nearest even, integers wrap, float to integer truncates (NaN gives 0, the rest saturates).
  package init(
    _ element: ElementType, shape: [Int], _ values: Elements
  ) throws(TensorError) {
    guard let count = Array.product(shape) else {
      throw .tooLarge(element: element, shape: shape)
    }
    guard count == values.count else {
      throw .elementCount(expected: count, found: values.count)
    }
    if case .text(let texts) = values {
      guard element == .string else {
        throw .unsupportedElement(element, operation: "conversion from string")
      }
      try self.init(texts: texts, shape: shape)
      return
    }
    try self.init(element, shape: shape, bytes: try Self.encode(values, as: element))
  }

  /// Converts to another element type by the rules of ONNX `Cast`.
  package func converted(to element: ElementType) throws(TensorError) -> HostTensor {
    if element == self.element { return self }
    return try HostTensor(element, shape: shape, elements())
  }

  /// Real, integer or boolean elements as `Double`.
  package func reals() throws(TensorError) -> [Double] {
    switch try elements() {
    case .real(let values): return values
    case .signed(let values): return values.map { Double($0) }
    case .unsigned(let values): return values.map { Double($0) }
    case .boolean(let values): return values.map { $0 ? 1 : 0 }
    case .text, .complex: throw .unsupportedElement(element, operation: "real arithmetic")
    }
  }

  /// Integer or boolean elements as `Int`; values over `Int.max` are an error.
  package func integers() throws(TensorError) -> [Int] {
    switch try elements() {
    case .signed(let values): return values.map(Int.init)
    case .unsigned(let values):
      guard values.allSatisfy({ $0 <= UInt64(Int.max) }) else {
        throw .unsupportedElement(element, operation: "an integer over the signed 64-bit range")
      }
      return values.map(Int.init)
    case .boolean(let values): return values.map { $0 ? 1 : 0 }
    case .real, .text, .complex:
      throw .unsupportedElement(element, operation: "integer arithmetic")
    }
  }

  /// Elements as truth values: non-zero is true.
  package func booleans() throws(TensorError) -> [Bool] {
    switch try elements() {
    case .boolean(let values): return values
    case .real(let values): return values.map { $0 != 0 }
    case .signed(let values): return values.map { $0 != 0 }
    case .unsigned(let values): return values.map { $0 != 0 }
    case .text, .complex: throw .unsupportedElement(element, operation: "truth values")
    }
  }

  package static func scalar(
    _ value: Double, as element: ElementType
  ) throws(TensorError) -> HostTensor {
    try HostTensor(element, shape: [], .real([value]))
  }

  /// A 64-bit integer tensor of rank 1.
  package static func vector(_ values: [Int]) throws(TensorError) -> HostTensor {
    try HostTensor(.int64, shape: [values.count], .signed(values.map(Int64.init)))
  }
}

/// Truncates a real number to an integer: NaN gives 0, what lies outside the range saturates.
package func saturatingInteger(_ value: Double) -> Int64 {
  if value.isNaN { return 0 }
  if value >= 9_223_372_036_854_775_808 { return .max }
  if value <= -9_223_372_036_854_775_808 { return .min }
  return Int64(value)
}

package func saturatingUnsigned(_ value: Double) -> UInt64 {
  if value.isNaN || value <= 0 { return 0 }
  if value >= 18_446_744_073_709_551_616 { return .max }
  return UInt64(value)
}
