internal import ApusTensor

/// How a convolution or pooling window is padded.
package enum ConvolutionPadding: String, FieldKind {
  /// By the `pads` field.
  case explicit
  /// So that the output has ceil(input / stride) positions, an odd pad going to the end.
  case sameUpper
  /// The same, an odd pad going to the start.
  case sameLower
  /// Not at all.
  case valid
}

/// A sliding window at fixed extents: per spatial axis strides, dilations and pads.
/// Source: ONNX Conv-22 and MaxPool-22.
package struct Window: Sendable {
  package var kernel: [Int]
  package var strides: [Int]
  package var dilations: [Int]
  package var padsBefore: [Int]
  package var padsAfter: [Int]

  package static func fill(_ values: [Int], _ count: Int, _ fallback: Int) -> [Int] {
    values.isEmpty ? Array(repeating: fallback, count: count) : values
  }
}

/// The fields that windows share and the extents that follow from them.
package protocol WindowOperator: Operator {
  var strides: [Int] { get }
  var dilations: [Int] { get }
  /// All starts, then all ends.
  var pads: [Int] { get }
  var padding: ConvolutionPadding { get }
}

extension WindowOperator {
  /// Checks list lengths and signs for a number of spatial axes.
  func checkWindow(_ rank: Int) throws(TypeError) {
    for (name, values, count) in [
      ("strides", strides, rank), ("dilations", dilations, rank), ("pads", pads, 2 * rank),
    ] where !values.isEmpty && values.count != count {
      throw .invalid(field: name, reason: "\(values.count) entries for \(rank) spatial axes")
    }
    guard strides.allSatisfy({ $0 > 0 && $0 <= 1 << 31 }) else {
      throw .invalid(field: "strides", reason: "\(strides) must be positive")
    }
    guard dilations.allSatisfy({ $0 > 0 && $0 <= 1 << 31 }) else {
      throw .invalid(field: "dilations", reason: "\(dilations) must be positive")
    }
    guard pads.allSatisfy({ $0 >= 0 && $0 <= 1 << 31 }) else {
      throw .invalid(field: "pads", reason: "\(pads) must not be negative")
    }
  }

  /// The output extent along one spatial axis.
  func outputExtent(_ axis: Int, of rank: Int, input: Extent, kernel: Extent, ceil: Bool) -> Extent
  {
    let stride = Extent.fixed(strides.isEmpty ? 1 : strides[axis])
    let dilation = Extent.fixed(dilations.isEmpty ? 1 : dilations[axis])
    let reach = (kernel - 1) * dilation + 1
    if padding == .sameUpper || padding == .sameLower { return input.ceilingDivided(by: stride) }
    let isPadded = padding == .explicit && !pads.isEmpty
    let before = Extent.fixed(isPadded ? pads[axis] : 0)
    let after = Extent.fixed(isPadded ? pads[axis + rank] : 0)
    let room = input + before + after - reach
    guard ceil else { return room.floorDivided(by: stride) + 1 }
    let positions = room.ceilingDivided(by: stride) + 1
    // With ceiling, a last window that would start in the end padding is left out.
    if (after + stride).isAtMost(reach) { return positions }
    return .lesser(positions, (input + before - 1).floorDivided(by: stride) + 1)
  }

  /// The window at fixed spatial extents, automatic padding resolved.
  package func window(input: [Int], kernel: [Int]) -> Window {
    let rank = input.count
    var window = Window(
      kernel: kernel, strides: Window.fill(strides, rank, 1),
      dilations: Window.fill(dilations, rank, 1),
      padsBefore: pads.isEmpty ? Window.fill([], rank, 0) : Array(pads.prefix(rank)),
      padsAfter: pads.isEmpty ? Window.fill([], rank, 0) : Array(pads.suffix(rank)))
    guard padding != .explicit else { return window }
    for axis in 0..<rank {
      window.padsBefore[axis] = 0
      window.padsAfter[axis] = 0
      guard padding != .valid else { continue }
      let stride = window.strides[axis]
      let output = (input[axis] + stride - 1) / stride
      let reach = (kernel[axis] - 1) * window.dilations[axis] + 1
      let total = max((output - 1) * stride + reach - input[axis], 0)
      let smaller = total / 2
      window.padsBefore[axis] = padding == .sameUpper ? smaller : total - smaller
      window.padsAfter[axis] = total - window.padsBefore[axis]
    }
    return window
  }
}
