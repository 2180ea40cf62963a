internal import Apus
internal import ApusTensor

/// Random tensors that most models take: reals around 0, ids and masks of 0 and 1.
struct RandomTensors {
  private var state: UInt64

  init(seed: UInt64 = 0) { state = seed }

  /// splitmix64 (Steele et al. 2014).
  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var x = state
    x = (x ^ x >> 30) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ x >> 27) &* 0x94D0_49BB_1331_11EB
    return x ^ x >> 31
  }

  mutating func tensor(
    _ element: ElementType, _ shape: [Int], name: String
  ) throws(ApusError) -> HostTensor {
    do throws(TensorError) {
      _ = try HostTensor.byteCount(element, shape)
      let count = Array.product(shape) ?? 0
      switch element.arithmetic {
      case .real:
        var values: [Double] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(Double(next() >> 40) / Double(1 << 23) - 1) }
        return try HostTensor(element, shape: shape, .real(values))
      case .signed, .unsigned:
        var values: [Int64] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(Int64(next() >> 63)) }
        return try HostTensor(element, shape: shape, .signed(values))
      case .boolean:
        var values: [Bool] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(next() >> 63 == 1) }
        return try HostTensor(element, shape: shape, .boolean(values))
      case .text, .complex: return try HostTensor(zeros: element, shape: shape)
      }
    } catch {
      throw ApusError(.invalidInput, error.description, location: "input '\(name)'")
    }
  }
}
