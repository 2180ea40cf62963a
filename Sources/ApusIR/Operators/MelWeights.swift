internal import CApusPlatform
package import ApusTensor

/// Triangular filters that turn a linear spectrum into mel bands: [bins, bands].
///
/// Operands, one number each: `bands`, `length` of the transform, `rate` of samples, `lowest` and
/// `highest` edge in hertz. Source: ONNX MelWeightMatrix-17, mel(f) = 2595 · log₁₀(1 + f / 700).
package struct MelWeights: Operator {
  package static let name = "mel_weights"
  package static let operandNames = ["bands", "length", "rate", "lowest", "highest"]
  package static var fields: [Field<Self>] { [Field("element", \.element)] }

  package var element = ElementType.float32

  package init() {}
  package init(_ element: ElementType) { self.element = element }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(5...5)
    for index in 0..<5 {
      _ = try operands.require(index, arithmetic: index < 3 ? [.signed, .unsigned] : [.real])
    }
    let length = operands[1]?.contents?.first ?? .unknown
    for index in 0..<2 {
      if let number = operands[index]?.contents?.first?.fixed, number < 0 {
        throw .invalid(field: operands.name(index), reason: "\(number) is negative")
      }
    }
    return [
      Fact(element, [length.floorDivided(by: 2) + 1, operands[0]?.contents?.first ?? .unknown])
    ]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let shape = try results.fixedShape(0)
    var numbers: [Double] = []
    for index in 0..<5 {
      guard let number = try operands.tensor(index).decodedReals().first, number.isFinite else {
        throw .value("operand '\(Self.operandNames[index])' is no number")
      }
      numbers.append(number)
    }
    let (length, rate) = (numbers[1], numbers[2])
    guard rate > 0, shape[1] < 1 << 24 else { throw .value("a rate of \(rate)") }
    func mel(_ hertz: Double) -> Double { 2595 * apus_log10(1 + hertz / 700) }
    func hertz(_ mel: Double) -> Double { 700 * (apus_pow(10, mel / 2595) - 1) }
    let (low, high) = (mel(numbers[3]), mel(numbers[4]))
    let step = (high - low) / Double(shape[1] + 2)
    // The spectrum's bin at the start of each band.
    let edges = (0..<(shape[1] + 2)).map { band in
      saturatingInteger(((length + 1) * hertz(low + Double(band) * step) / rate).rounded(.down))
    }
    var values = [Double](repeating: 0, count: Array.product(shape) ?? 0)
    for band in 0..<shape[1] {
      let (start, peak, end) = (edges[band], edges[band + 1], edges[band + 2])
      for bin in 0..<shape[0] {
        let place = Int64(bin)
        if place == peak {
          values[bin * shape[1] + band] = 1
        } else if place >= start, place < peak {
          values[bin * shape[1] + band] = Double(place - start) / Double(peak - start)
        } else if place > peak, place < end {
          values[bin * shape[1] + band] = Double(end - place) / Double(end - peak)
        }
      }
    }
    return [try .make(element, shape, .real(values))]
  }
}
