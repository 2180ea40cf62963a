/// What a sliding window reads at each output position, found without visiting taps that fall on
/// padding, so that kernels and pads of any size are harmless.
struct WindowReads {
  private let window: Window
  private let input: [Int]
  private let output: [Int]
  private let strides: [Int]

  init(_ window: Window, input: [Int], output: [Int]) {
    self.window = window
    self.input = input
    self.output = output
    strides = rowMajorStrides(input)
  }

  /// Offsets into an input plane of the elements that a row-major output position reads, in the
  /// kernel's row-major order.
  func offsets(at position: Int) -> [Int] {
    let coordinates = coordinates(position)
    var counts: [Int] = []
    var steps: [Int] = []
    var start = 0
    for axis in input.indices {
      let taps = taps(axis, coordinates[axis])
      if taps.isEmpty { return [] }
      let first = self.start(axis, coordinates[axis]) + taps.lowerBound * window.dilations[axis]
      counts.append(taps.count)
      steps.append(taps.count > 1 ? window.dilations[axis] * strides[axis] : 0)
      start += first * strides[axis]
    }
    return Array(Offsets(shape: counts, strides: steps, start: start))
  }

  /// How many taps of an output position fall on the input or its padding.
  func paddedCount(at position: Int) -> Double {
    let coordinates = coordinates(position)
    return input.indices.reduce(1) { product, axis in
      let limit = input[axis] + window.padsAfter[axis]
      return product * Double(count(axis, from: start(axis, coordinates[axis]), before: limit))
    }
  }

  private func coordinates(_ position: Int) -> [Int] {
    var rest = position
    var coordinates = output
    for axis in output.indices.reversed() {
      coordinates[axis] = rest % max(output[axis], 1)
      rest /= max(output[axis], 1)
    }
    return coordinates
  }

  /// Where a window starts along an axis; negative within the padding.
  private func start(_ axis: Int, _ coordinate: Int) -> Int {
    coordinate * window.strides[axis] - window.padsBefore[axis]
  }

  /// The taps along an axis that read the input.
  private func taps(_ axis: Int, _ coordinate: Int) -> Range<Int> {
    let start = start(axis, coordinate)
    let first = start >= 0 ? 0 : (-start - 1) / window.dilations[axis] + 1
    return first..<max(first, count(axis, from: start, before: input[axis]))
  }

  private func count(_ axis: Int, from start: Int, before limit: Int) -> Int {
    start >= limit ? 0 : min(window.kernel[axis], (limit - start - 1) / window.dilations[axis] + 1)
  }
}
