package import ApusTensor

extension Operands {
  /// The elements of an operand that acts as a field, such as axes or slice bounds: an integer
  /// vector, or a scalar that stands for one entry. Nil where they are not known.
  package func entries(_ index: Int) throws(TypeError) -> [Extent]? {
    let fact = try require(index, element: [.int64, .int32])
    if let rank = fact.type.rank, rank > 1 {
      throw .rank(operand: name(index), found: rank, expected: "1")
    }
    return fact.contents
  }

  /// `entries` where all of them are numbers.
  package func numbers(_ index: Int) throws(TypeError) -> [Int]? {
    guard let entries = try entries(index) else { return nil }
    var numbers: [Int] = []
    for entry in entries {
      guard let number = entry.fixed else { return nil }
      numbers.append(number)
    }
    return numbers
  }
}

extension Fact {
  /// A value about which nothing but the element type is known.
  package static func unknown(_ element: ElementType) -> Fact {
    Fact(TensorType(element, .unranked))
  }

  /// A value of known rank, where it is not too large to be true, and unknown extents.
  package static func unknown(_ element: ElementType, rank: Int?) -> Fact {
    guard let rank, (0...ByteReader.rankLimit).contains(rank) else { return unknown(element) }
    return Fact(element, Array(repeating: .unknown, count: rank))
  }

  /// The contents of a strided view of this fact's elements; nil where they are not known.
  package func contents(viewedAs shape: [Int], strides: [Int], start: Int = 0) -> [Extent]? {
    guard let contents, let count = Array.product(shape), count <= Self.contentLimit else {
      return nil
    }
    var result: [Extent] = []
    for offset in Offsets(shape: shape, strides: strides, start: start) {
      guard contents.indices.contains(offset) else { return nil }
      result.append(contents[offset])
    }
    return result
  }
}

extension [TensorType] {
  /// The fixed shape of a result.
  package func fixedShape(_ index: Int) throws(EvaluationError) -> [Int] {
    guard index < count else {
      throw .type(.resultCount(expected: index + 1, found: count))
    }
    guard let shape = self[index].fixedShape else {
      throw .unsupported("the result's shape \(self[index].shape) is not known")
    }
    return shape
  }
}

extension HostTensor {
  /// A dense copy of a strided view of the tensor.
  package func view(
    _ shape: [Int], strides: [Int], start: Int = 0
  ) throws(EvaluationError) -> HostTensor {
    var result = try TensorAssembler(element, shape)
    try result.copy(
      shape, from: MovementSource(self), at: start, strides: strides, to: 0,
      strides: rowMajorStrides(shape))
    return try result.finish()
  }
}

/// Maps an index counted from either end to 0 ..< limit.
package func wrapped(
  _ index: Int, limit: Int, operand: String
) throws(EvaluationError) -> Int {
  guard index >= -limit, index < limit else {
    throw .indexOutOfRange(operand: operand, index: index, limit: limit)
  }
  return index < 0 ? index + limit : index
}
