package import ApusTensor

/// Fourier transforms of overlapping frames of a signal.
///
/// Operands `signal` [batch, length] or [batch, length, 1 or 2], `step` (one int64), optional `window`
/// [frame], optional `frame` (one int64: its length; else the window's, else the signal's). The result
/// is [batch, frames, bins, 2]. Source: ONNX STFT-17.
package struct ShortTimeTransform: Operator {
  package static let name = "short_time_transform"
  package static let operandNames = ["signal", "step", "window", "frame"]
  package static var fields: [Field<Self>] { [Field("oneSided", \.oneSided)] }

  package var oneSided = true

  package init() {}
  package init(oneSided: Bool) { self.oneSided = oneSided }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...4)
    let signal = try operands.require(0, arithmetic: [.real])
    let step = try operands.require(1, element: [.int64, .int32])
    if operands[2] != nil { _ = try operands.require(2, arithmetic: [.real]) }
    if operands[3] != nil { _ = try operands.require(3, element: [.int64, .int32]) }
    guard let extents = signal.type.extents else { return [.unknown(signal.element, rank: 4)] }
    guard extents.count == 2 || extents.count == 3 else {
      throw .rank(operand: "signal", found: extents.count, expected: "2 or 3")
    }
    let frame: Extent
    if operands[3] != nil {
      frame = operands[3]?.contents?.first ?? .unknown
    } else {
      frame = operands[2] == nil ? extents[1] : operands[2]?.type.extents?.first ?? .unknown
    }
    let step0 = step.contents?.first ?? .unknown
    for (name, extent) in [("step", step0), ("frame", frame)] {
      if let number = extent.fixed, number < 1 {
        throw .invalid(field: name, reason: "\(number) is not positive")
      }
    }
    let count = (extents[1] - frame).floorDivided(by: step0) + 1
    let bins = oneSided ? frame.floorDivided(by: 2) + 1 : frame
    return [
      Fact(signal.element, [extents[0], count.fixed.map { .fixed(max($0, 0)) } ?? count, bins, 2])
    ]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let signal = try operands.tensor(0)
    let shape = try results.fixedShape(0)
    let x = try signal.decodedReals()
    let window = try operands.optional(2)?.decodedReals()
    let length = signal.shape[1]
    let parts = signal.rank == 3 ? signal.shape[2] : 1
    guard let step = try operands.tensor(1).decodedIntegers().first, step > 0,
      parts == 1 || parts == 2
    else { throw .value("a signal of \(signal.shape)") }
    let frame =
      try operands.optional(3)?.decodedIntegers().first ?? window?.count ?? length
    guard frame > 0, window.map({ $0.count == frame }) ?? true else {
      throw .value("a window of \(window?.count ?? 0) elements for frames of \(frame)")
    }
    var values: [Double] = []
    for example in 0..<shape[0] {
      for position in 0..<shape[1] {
        let line = (0..<frame).map { index -> Complex in
          let at = position * step + index
          guard at < length else { return Complex(0, 0) }
          let scale = window?[index] ?? 1
          let offset = (example * length + at) * parts
          return Complex(x[offset] * scale, parts == 2 ? x[offset + 1] * scale : 0)
        }
        let spectrum = FourierTransform.transform(
          line, inverse: false, element: parts == 2 ? signal.element : .float64)
        for bin in spectrum.prefix(shape[2]) {
          values += [bin.real, bin.imaginary]
        }
      }
    }
    return [try .make(signal.element, shape, .real(values))]
  }
}
