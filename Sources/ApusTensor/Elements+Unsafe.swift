extension HostTensor {
  /// All elements, decoded.
  package func elements() throws(TensorError) -> Elements {
    if case .texts(let texts) = content { return .text(texts) }
    try Storage.require(count, of: element.arithmetic == .complex ? 16 : 8)
    if case .splat(let storage) = content {
      let one = try HostTensor(element, shape: [], storage: storage)
      return try one.elements().repeated(count)
    }
    let count = self.count
    return unsafe withBytes { bytes in
      switch element {
      case .float32: return unsafe .real(Self.read(Float.self, bytes, count) { Double($0) })
      case .float64: return unsafe .real(Self.read(Double.self, bytes, count) { $0 })
      case .float16, .bfloat16:
        let format = element.floatFormat!
        return unsafe .real(Self.read(UInt16.self, bytes, count) { format.decode($0) })
      case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz:
        let format = element.floatFormat!
        return unsafe .real(Self.read(UInt8.self, bytes, count) { format.decode(UInt16($0)) })
      case .float8e8m0:
        return unsafe .real(
          Self.read(UInt8.self, bytes, count) {
            $0 == 255 ? .nan : Double(sign: .plus, exponent: Int($0) - 127, significand: 1)
          })
      case .float4e2m1, .float6e2m3, .float6e3m2:
        let format = element.floatFormat!
        return unsafe .real(
          PackedBits.codes(bytes, count: count, width: element.bitWidth).map {
            format.decode(UInt16($0))
          })
      case .int8: return unsafe .signed(Self.read(Int8.self, bytes, count) { Int64($0) })
      case .int16: return unsafe .signed(Self.read(Int16.self, bytes, count) { Int64($0) })
      case .int32: return unsafe .signed(Self.read(Int32.self, bytes, count) { Int64($0) })
      case .int64: return unsafe .signed(Self.read(Int64.self, bytes, count) { $0 })
      case .int4:
        return unsafe .signed(
          PackedBits.codes(bytes, count: count, width: 4).map { Int64($0 ^ 8) - 8 })
      case .int2:
        return unsafe .signed(
          PackedBits.codes(bytes, count: count, width: 2).map { Int64($0 ^ 2) - 2 })
      case .uint8: return unsafe .unsigned(Self.read(UInt8.self, bytes, count) { UInt64($0) })
      case .uint16: return unsafe .unsigned(Self.read(UInt16.self, bytes, count) { UInt64($0) })
      case .uint32: return unsafe .unsigned(Self.read(UInt32.self, bytes, count) { UInt64($0) })
      case .uint64: return unsafe .unsigned(Self.read(UInt64.self, bytes, count) { $0 })
      case .uint4:
        return unsafe .unsigned(PackedBits.codes(bytes, count: count, width: 4).map { UInt64($0) })
      case .uint2:
        return unsafe .unsigned(PackedBits.codes(bytes, count: count, width: 2).map { UInt64($0) })
      case .bool: return unsafe .boolean(Self.read(UInt8.self, bytes, count) { $0 != 0 })
      case .complex64:
        let parts = unsafe Self.read(Float.self, bytes, count * 2) { Double($0) }
        return .complex((0..<count).map { Complex(parts[2 * $0], parts[2 * $0 + 1]) })
      case .complex128:
        let parts = unsafe Self.read(Double.self, bytes, count * 2) { $0 }
        return .complex((0..<count).map { Complex(parts[2 * $0], parts[2 * $0 + 1]) })
      case .string: return .text([])
      }
    }
  }

  private static func read<Stored: BitwiseCopyable, Value>(
    _ type: Stored.Type, _ bytes: UnsafeRawBufferPointer, _ count: Int,
    _ convert: (Stored) -> Value
  ) -> [Value] {
    unsafe Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      let size = MemoryLayout<Stored>.size
      for index in 0..<count {
        let value = unsafe bytes.loadUnaligned(fromByteOffset: index * size, as: Stored.self)
        unsafe (buffer.baseAddress! + index).initialize(to: convert(value))
      }
      initialized = count
    }
  }

  /// Packs values as `element`; the rules are those of ONNX `Cast`.
  static func encode(_ values: Elements, as element: ElementType) throws(TensorError) -> [UInt8] {
    switch element.arithmetic {
    case .real:
      let reals = try values.asReals(for: element)
      switch element {
      case .float64: return pack(reals) { $0 }
      case .float32: return pack(reals) { Float($0) }
      case .float8e8m0: return pack(reals) { encodeExponent($0) }
      default:
        let format = element.floatFormat!
        if element.bitWidth < 8 {
          return PackedBits.bytes(reals.map { UInt8(format.encode($0)) }, width: element.bitWidth)
        }
        if element.bitWidth == 16 { return pack(reals) { format.encode($0) } }
        return pack(reals) { UInt8(format.encode($0, saturating: true)) }
      }
    case .signed, .unsigned:
      let codes = try values.asBitPatterns(for: element)
      switch element.bitWidth {
      case 64: return pack(codes) { $0 }
      case 32: return pack(codes) { UInt32(truncatingIfNeeded: $0) }
      case 16: return pack(codes) { UInt16(truncatingIfNeeded: $0) }
      case 8: return pack(codes) { UInt8(truncatingIfNeeded: $0) }
      default:
        return PackedBits.bytes(
          codes.map { UInt8(truncatingIfNeeded: $0) }, width: element.bitWidth)
      }
    case .boolean:
      switch values {
      case .boolean(let flags): return flags.map { $0 ? 1 : 0 }
      case .real(let numbers): return numbers.map { $0 != 0 ? 1 : 0 }
      case .signed(let numbers): return numbers.map { $0 != 0 ? 1 : 0 }
      case .unsigned(let numbers): return numbers.map { $0 != 0 ? 1 : 0 }
      case .text, .complex: throw .unsupportedElement(element, operation: "conversion to bool")
      }
    case .complex:
      guard case .complex(let numbers) = values else {
        throw .unsupportedElement(element, operation: "conversion to complex")
      }
      let parts = numbers.flatMap { [$0.real, $0.imaginary] }
      return element == .complex64 ? pack(parts) { Float($0) } : pack(parts) { $0 }
    case .text:
      throw .unsupportedElement(element, operation: "conversion to string")
    }
  }

  /// Rounds up, as ONNX casts do by default.
  private static func encodeExponent(_ value: Double) -> UInt8 {
    if value.isNaN || value.isInfinite { return 255 }
    if value <= 0 { return 0 }
    let exponent = Int(value.exponent) + (value.significand > 1 ? 1 : 0) + 127
    return UInt8(min(max(exponent, 0), 254))
  }

  private static func pack<Value, Stored: BitwiseCopyable>(
    _ values: [Value], _ convert: (Value) -> Stored
  ) -> [UInt8] {
    let size = MemoryLayout<Stored>.size
    return unsafe Array(unsafeUninitializedCapacity: values.count * size) { buffer, initialized in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      for index in values.indices {
        unsafe raw.storeBytes(
          of: convert(values[index]), toByteOffset: index * size, as: Stored.self)
      }
      initialized = values.count * size
    }
  }
}

extension Elements {
  /// `count` copies of the only element.
  func repeated(_ count: Int) -> Elements {
    switch self {
    case .real(let values): .real(Array(repeating: values[0], count: count))
    case .signed(let values): .signed(Array(repeating: values[0], count: count))
    case .unsigned(let values): .unsigned(Array(repeating: values[0], count: count))
    case .boolean(let values): .boolean(Array(repeating: values[0], count: count))
    case .text(let values): .text(Array(repeating: values[0], count: count))
    case .complex(let values): .complex(Array(repeating: values[0], count: count))
    }
  }

  fileprivate func asReals(for element: ElementType) throws(TensorError) -> [Double] {
    switch self {
    case .real(let values): return values
    case .signed(let values): return values.map { Double($0) }
    case .unsigned(let values): return values.map { Double($0) }
    case .boolean(let values): return values.map { $0 ? 1 : 0 }
    case .text, .complex:
      throw .unsupportedElement(element, operation: "conversion from string or complex")
    }
  }

  /// Two's complement in 64 bits; truncation to the element's width wraps.
  fileprivate func asBitPatterns(for element: ElementType) throws(TensorError) -> [UInt64] {
    switch self {
    case .signed(let values): return values.map { UInt64(bitPattern: $0) }
    case .unsigned(let values): return values
    case .boolean(let values): return values.map { $0 ? 1 : 0 }
    case .real(let values):
      let unsigned = element.arithmetic == .unsigned
      let width = element.bitWidth
      return values.map { value in
        if unsigned {
          if value < 0 { return UInt64(bitPattern: saturatingInteger(value)) }
          return width == 64 ? saturatingUnsigned(value) : UInt64(saturatingInteger(value))
        }
        return UInt64(bitPattern: saturatingInteger(value))
      }
    case .text, .complex:
      throw .unsupportedElement(element, operation: "conversion from string or complex")
    }
  }
}
