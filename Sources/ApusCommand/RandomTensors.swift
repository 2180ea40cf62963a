internal import Apus
internal import ApusTensor

/// Random tensors that most models take: reals around 0, ids and masks of 0 and 1.
struct RandomTensors {
  private var random: SplitMix

  init(seed: UInt64 = 0) { random = SplitMix(seed: seed) }

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
        for _ in 0..<count { values.append(Double(random.next() >> 40) / Double(1 << 23) - 1) }
        return try HostTensor(element, shape: shape, .real(values))
      case .signed, .unsigned:
        var values: [Int64] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(Int64(random.next() >> 63)) }
        return try HostTensor(element, shape: shape, .signed(values))
      case .boolean:
        var values: [Bool] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(random.next() >> 63 == 1) }
        return try HostTensor(element, shape: shape, .boolean(values))
      case .text, .complex: return try HostTensor(zeros: element, shape: shape)
      }
    } catch {
      throw ApusError(.invalidInput, error.description, location: "input '\(name)'")
    }
  }
}
