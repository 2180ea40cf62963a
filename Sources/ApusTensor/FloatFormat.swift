/// A binary floating-point format narrower than 32 bits, and exact conversion to and from `Double`.
///
/// Sources: IEEE 754-2019 §3.4, OCP 8-bit Floating Point (OFP8) 1.0, OCP Microscaling (MX) 1.0, and
/// the ONNX "Float stored in 8 bits" page for the `fnuz` variants.
package struct FloatFormat: Sendable {
  package enum Specials: Sendable {
    /// All-ones exponent holds infinities and NaN.
    case ieee
    /// No infinity, all-ones is NaN.
    case finiteNaN
    /// No infinity, no negative zero; the sign bit alone is NaN.
    case unsignedZero
    /// Every code is a finite number.
    case finite
  }

  package let exponentBits: Int
  package let mantissaBits: Int
  package let bias: Int
  package let specials: Specials

  package static let half = FloatFormat(5, 10, 15, .ieee)
  package static let brain = FloatFormat(8, 7, 127, .ieee)
  package static let e4m3fn = FloatFormat(4, 3, 7, .finiteNaN)
  package static let e4m3fnuz = FloatFormat(4, 3, 8, .unsignedZero)
  package static let e5m2 = FloatFormat(5, 2, 15, .ieee)
  package static let e5m2fnuz = FloatFormat(5, 2, 16, .unsignedZero)
  package static let e2m3 = FloatFormat(2, 3, 1, .finite)
  package static let e3m2 = FloatFormat(3, 2, 3, .finite)
  package static let e2m1 = FloatFormat(2, 1, 1, .finite)

  init(_ exponentBits: Int, _ mantissaBits: Int, _ bias: Int, _ specials: Specials) {
    self.exponentBits = exponentBits
    self.mantissaBits = mantissaBits
    self.bias = bias
    self.specials = specials
  }

  private var signBit: UInt16 { 1 << UInt16(exponentBits + mantissaBits) }
  private var exponentMask: Int { (1 << exponentBits) - 1 }
  private var mantissaMask: Int { (1 << mantissaBits) - 1 }

  /// The code of not-a-number; `finite` formats have none and use zero.
  private var notANumber: UInt16 {
    switch specials {
    case .ieee: UInt16(exponentMask << mantissaBits | 1 << (mantissaBits - 1))
    case .finiteNaN: signBit - 1
    case .unsignedZero: signBit
    case .finite: 0
    }
  }

  /// The largest finite magnitude's code.
  private var largestFinite: UInt16 {
    switch specials {
    case .ieee: UInt16((exponentMask << mantissaBits) - 1)
    case .finiteNaN: signBit - 2
    case .unsignedZero, .finite: signBit - 1
    }
  }

  package func decode(_ code: UInt16) -> Double {
    let negative = code & signBit != 0
    let exponent = Int(code) >> mantissaBits & exponentMask
    let mantissa = Int(code) & mantissaMask
    switch specials {
    case .ieee where exponent == exponentMask:
      if mantissa != 0 { return .nan }
      return negative ? -.infinity : .infinity
    case .finiteNaN where code & (signBit - 1) == signBit - 1: return .nan
    case .unsignedZero where code == signBit: return .nan
    default: break
    }
    let magnitude =
      exponent == 0
      ? Double(sign: .plus, exponent: 1 - bias - mantissaBits, significand: Double(mantissa))
      : Double(
        sign: .plus, exponent: exponent - bias - mantissaBits,
        significand: Double(mantissa | 1 << mantissaBits))
    return negative ? -magnitude : magnitude
  }

  /// Rounds to nearest, ties to even. Overflow saturates to the largest finite value when
  /// `saturating`, and otherwise gives infinity, or NaN in formats without one.
  package func encode(_ value: Double, saturating: Bool = false) -> UInt16 {
    if value.isNaN { return notANumber }
    let sign = value.sign == .minus ? signBit : UInt16(0)
    let overflow: UInt16
    switch specials {
    case .ieee: overflow = saturating ? largestFinite : UInt16(exponentMask << mantissaBits)
    case .finiteNaN, .unsignedZero: overflow = saturating ? largestFinite : notANumber
    case .finite: overflow = largestFinite
    }
    func signed(_ code: UInt16) -> UInt16 {
      if specials == .unsignedZero && (code == 0 || code == notANumber) { return code }
      return code | sign
    }
    let magnitude = value.magnitude
    if magnitude.isInfinite { return signed(overflow) }
    if magnitude == 0 { return signed(0) }
    let exponent = max(Int(magnitude.exponent), 1 - bias)
    let scaled = Double(
      sign: .plus, exponent: Int(mantissaBits) - exponent, significand: magnitude)
    let rounded = scaled.rounded(.toNearestOrEven)
    // `rounded` counts units in the last place; a carry moves into the exponent by itself.
    let units = Int(rounded)
    let code =
      units < 1 << mantissaBits
      ? units
      : ((exponent + bias) << mantissaBits) + (units - (1 << mantissaBits))
    if code > Int(largestFinite) { return signed(overflow) }
    return signed(UInt16(code))
  }
}

extension ElementType {
  package var floatFormat: FloatFormat? {
    switch self {
    case .float16: .half
    case .bfloat16: .brain
    case .float8e4m3fn: .e4m3fn
    case .float8e4m3fnuz: .e4m3fnuz
    case .float8e5m2: .e5m2
    case .float8e5m2fnuz: .e5m2fnuz
    case .float6e2m3: .e2m3
    case .float6e3m2: .e3m2
    case .float4e2m1: .e2m1
    default: nil
    }
  }
}
