package import ApusTensor

extension ElementType {
  /// The nearest number of a real element type, ties to even; what is beyond its range becomes
  /// infinite, or the largest number of types without infinity. Other types keep the number.
  package func rounded(_ value: Double) -> Double {
    switch self {
    case .float32: return Double(Float(value))
    default:
      guard let format = floatFormat else { return value }
      return format.decode(format.encode(value))
    }
  }
}
