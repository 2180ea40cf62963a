internal import ApusTensor

extension HostTensor {
  /// A tensor of the elements at some row-major offsets; an offset of -1 takes `fill`, or zero.
  func picking(
    _ offsets: [Int], shape: [Int], fill: HostTensor? = nil
  ) throws(EvaluationError) -> HostTensor {
    let filler = try fill?.decoded()
    return try .make(element, shape, try decoded().picking(offsets, filler))
  }
}

extension Elements {
  /// The elements at offsets, all of which are -1 or inside.
  func picking(_ offsets: [Int], _ fill: Elements?) throws(EvaluationError) -> Elements {
    func pick<T>(_ values: [T], _ filler: T) -> [T] {
      offsets.map { $0 < 0 ? filler : values[$0] }
    }
    switch (self, fill) {
    case (.real(let values), .real(let fill)?): return .real(pick(values, fill.first ?? 0))
    case (.real(let values), nil): return .real(pick(values, 0))
    case (.signed(let values), .signed(let fill)?): return .signed(pick(values, fill.first ?? 0))
    case (.signed(let values), nil): return .signed(pick(values, 0))
    case (.unsigned(let values), .unsigned(let fill)?):
      return .unsigned(pick(values, fill.first ?? 0))
    case (.unsigned(let values), nil): return .unsigned(pick(values, 0))
    case (.boolean(let values), .boolean(let fill)?):
      return .boolean(pick(values, fill.first ?? false))
    case (.boolean(let values), nil): return .boolean(pick(values, false))
    case (.text(let values), .text(let fill)?): return .text(pick(values, fill.first ?? ""))
    case (.text(let values), nil): return .text(pick(values, ""))
    case (.complex(let values), .complex(let fill)?):
      return .complex(pick(values, fill.first ?? Complex(0, 0)))
    case (.complex(let values), nil): return .complex(pick(values, Complex(0, 0)))
    default: throw .unsupported("a fill value of another type")
    }
  }
}

/// The coordinates of a row-major offset.
func coordinates(of offset: Int, in shape: [Int]) -> [Int] {
  var rest = offset
  var result = shape
  for axis in shape.indices.reversed() {
    result[axis] = rest % max(shape[axis], 1)
    rest /= max(shape[axis], 1)
  }
  return result
}

/// All coordinates of a shape in row-major order.
struct Coordinates: Sequence, IteratorProtocol {
  private let shape: [Int]
  private var current: [Int]
  private var left: Int

  init(_ shape: [Int]) {
    self.shape = shape
    current = Array(repeating: 0, count: shape.count)
    left = Array.product(shape) ?? 0
  }

  mutating func next() -> [Int]? {
    guard left > 0 else { return nil }
    left -= 1
    let result = current
    for axis in shape.indices.reversed() {
      current[axis] += 1
      if current[axis] < shape[axis] { break }
      current[axis] = 0
    }
    return result
  }
}
