package import ApusTensor

extension [HostTensor?] {
  /// The operand at a position that must be there.
  package func tensor(_ index: Int) throws(EvaluationError) -> HostTensor {
    guard index < count, let tensor = self[index] else {
      throw .type(.missingOperand("operand \(index)"))
    }
    return tensor
  }

  /// An optional operand.
  package func optional(_ index: Int) -> HostTensor? { index < count ? self[index] : nil }
}

extension HostTensor {
  /// `elements()` with the evaluator's error type.
  package func decoded() throws(EvaluationError) -> Elements {
    do { return try elements() } catch { throw .tensor(error) }
  }

  package func decodedReals() throws(EvaluationError) -> [Double] {
    do { return try reals() } catch { throw .tensor(error) }
  }

  package func decodedIntegers() throws(EvaluationError) -> [Int] {
    do { return try integers() } catch { throw .tensor(error) }
  }

  package func decodedBooleans() throws(EvaluationError) -> [Bool] {
    do { return try booleans() } catch { throw .tensor(error) }
  }

  /// A tensor of the same type with other elements.
  package func replacing(_ values: Elements) throws(EvaluationError) -> HostTensor {
    try .make(element, shape, values)
  }

  /// The initializer with the evaluator's error type.
  package static func make(
    _ element: ElementType, _ shape: [Int], _ values: Elements
  ) throws(EvaluationError) -> HostTensor {
    do { return try HostTensor(element, shape: shape, values) } catch { throw .tensor(error) }
  }

  /// The same bytes under the (fixed) shape of a result type.
  package func viewed(as type: TensorType) throws(EvaluationError) -> HostTensor {
    guard let shape = type.fixedShape else {
      throw .unsupported("the result's shape \(type.shape) is not known")
    }
    do { return try reshaped(shape) } catch { throw .tensor(error) }
  }
}

/// `normalize(axis:rank:)` with the evaluator's error type.
package func normalized(_ axis: Int, rank: Int) throws(EvaluationError) -> Int {
  do { return try normalize(axis: axis, rank: rank) } catch { throw .type(error) }
}

/// The element count of a shape, after checking that elements of 8 bytes can be had for it: arrays
/// trap where memory is short.
package func allocatable(_ shape: [Int]) throws(EvaluationError) -> Int {
  guard let count = Array.product(shape), let bytes = ElementType.float64.byteCount(of: count)
  else { throw .type(.extentOutOfRange(TensorType(.float64, fixed: shape))) }
  do { try Storage.require(byteCount: bytes) } catch { throw .tensor(error) }
  return count
}

/// Row-major strides of a shape, in elements.
package func rowMajorStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  var step = 1
  for index in shape.indices.reversed() {
    strides[index] = step
    step &*= max(shape[index], 1)
  }
  return strides
}

/// All coordinates of a shape in row-major order, with the offsets they have under strides.
package struct Offsets: Sequence, IteratorProtocol {
  private let shape: [Int]
  private let strides: [Int]
  private var coordinates: [Int]
  private var offset: Int
  private var left: Int

  package init(shape: [Int], strides: [Int], start: Int = 0) {
    self.shape = shape
    self.strides = strides
    self.coordinates = Array(repeating: 0, count: shape.count)
    self.offset = start
    self.left = Array.product(shape) ?? 0
  }

  package mutating func next() -> Int? {
    guard left > 0 else { return nil }
    left -= 1
    let result = offset
    var axis = shape.count - 1
    while axis >= 0 {
      coordinates[axis] += 1
      offset += strides[axis]
      if coordinates[axis] < shape[axis] { break }
      offset -= strides[axis] * shape[axis]
      coordinates[axis] = 0
      axis -= 1
    }
    return result
  }
}

/// The index lists of all lines along one axis.
package struct AxisLines: Sequence {
  package let shape: [Int]
  package let axis: Int

  package init(shape: [Int], axis: Int) {
    self.shape = shape
    self.axis = axis
  }

  package func makeIterator() -> AnyIterator<StrideTo<Int>> {
    let strides = rowMajorStrides(shape)
    let length = shape[axis]
    let step = strides[axis]
    var outer = shape
    outer[axis] = length == 0 ? 0 : 1
    var starts = Offsets(shape: outer, strides: strides)
    return AnyIterator {
      guard let start = starts.next() else { return nil }
      return stride(from: start, to: start + length * step, by: step)
    }
  }
}

/// The iteration space that shapes broadcast to, with each operand's offsets in it.
package struct BroadcastSpace {
  package let shape: [Int]
  package let count: Int
  private let strides: [[Int]]

  package init(_ shapes: [[Int]]) throws(EvaluationError) {
    var result: Shape = .ranked([])
    for shape in shapes {
      do { result = try broadcast(result, .ranked(shape.map(Extent.fixed))) } catch {
        throw .type(error)
      }
    }
    let shape = result.fixed ?? []
    self.shape = shape
    self.count = try allocatable(shape)
    self.strides = shapes.map { operand in
      let own = rowMajorStrides(operand)
      let lead = shape.count - operand.count
      return shape.indices.map { index in
        index < lead || operand[index - lead] == 1 ? 0 : own[index - lead]
      }
    }
  }

  /// Row-major offsets into an operand, one per coordinate of the space.
  package func offsets(_ operand: Int) -> Offsets {
    Offsets(shape: shape, strides: strides[operand])
  }

  /// Combines two operands elementwise.
  package func map<A, B, C>(
    _ a: [A], _ b: [B], as element: ElementType, _ wrap: ([C]) -> Elements, _ body: (A, B) -> C
  ) throws(EvaluationError) -> HostTensor {
    var left = offsets(0)
    var right = offsets(1)
    var values: [C] = []
    values.reserveCapacity(count)
    while let i = left.next(), let j = right.next() { values.append(body(a[i], b[j])) }
    return try .make(element, shape, wrap(values))
  }
}
