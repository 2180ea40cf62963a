package import ApusLoops
package import ApusTensor

/// The matrix product of stacks of matrices: C[…, i, j] = Σₖ A[…, i, k] · B[…, k, j].
///
/// Operands `left` and `right` (numbers of one type) are permuted first; leading axes broadcast; an
/// operand of rank 1 is a row or a column whose axis falls away. The result is permuted, then the
/// epilogue applies: its operand 0 is the result, the rest are the node's further operands.
/// Source: ONNX MatMul-13.
package struct MatMul: Contraction {
  package static let name = "matmul"
  package static let operandNames = ["left", "right", "epilogue operand"]
  package static var fields: [Field<Self>] {
    [
      Field("leftPermutation", \.leftPermutation), Field("rightPermutation", \.rightPermutation),
      Field("resultPermutation", \.resultPermutation), Field("epilogue", \.epilogue),
    ]
  }

  /// Empty means as it is.
  package var leftPermutation: [Int] = []
  package var rightPermutation: [Int] = []
  package var resultPermutation: [Int] = []
  package var epilogue: Program?

  package init() {}
  package init(
    leftPermutation: [Int] = [], rightPermutation: [Int] = [], resultPermutation: [Int] = [],
    epilogue: Program? = nil
  ) {
    self.leftPermutation = leftPermutation
    self.rightPermutation = rightPermutation
    self.resultPermutation = resultPermutation
    self.epilogue = epilogue
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    let left = try operands.require(0, arithmetic: [.real, .signed, .unsigned])
    let right = try operands.require(1, sameElementAs: 0)
    if epilogue == nil { try operands.expect(2...2) }
    let shape = try productShape(left.shape, right.shape)
    let type = TensorType(left.element, shape)
    guard let epilogue else { return [Fact(type)] }
    return [Fact(try epilogue.checkEpilogue(result: type, operands, from: 2))]
  }

  private func productShape(_ left: Shape, _ right: Shape) throws(TypeError) -> Shape {
    guard var a = try left.permuted(leftPermutation, "leftPermutation").extents,
      var b = try right.permuted(rightPermutation, "rightPermutation").extents
    else { return .unranked }
    guard !a.isEmpty else { throw .rank(operand: "left", found: 0, expected: "1 or more") }
    guard !b.isEmpty else { throw .rank(operand: "right", found: 0, expected: "1 or more") }
    let isRow = a.count == 1
    let isColumn = b.count == 1
    if isRow { a = [1] + a }
    if isColumn { b.append(1) }
    let k = a[a.count - 1]
    let other = b[b.count - 2]
    if let x = k.fixed, let y = other.fixed, x != y {
      throw .extents(operand: "right", found: other, expected: k)
    }
    let batch = try broadcast(.ranked(Array(a.dropLast(2))), .ranked(Array(b.dropLast(2))))
    var result = batch.extents ?? []
    if !isRow { result.append(a[a.count - 2]) }
    if !isColumn { result.append(b[b.count - 1]) }
    return try Shape.ranked(result).permuted(resultPermutation, "resultPermutation")
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let left = try operands.tensor(0)
    let right = try operands.tensor(1)
    let plain: HostTensor
    switch (try left.decoded(), try right.decoded()) {
    case (.real(let a), .real(let b)):
      let (values, shape) = try product(a, left.shape, b, right.shape, zero: 0.0) { $0 += $1 * $2 }
      plain = try .make(left.element, shape, .real(values))
    case (.signed(let a), .signed(let b)):
      let (values, shape) = try product(a, left.shape, b, right.shape, zero: 0) { $0 &+= $1 &* $2 }
      plain = try .make(left.element, shape, .signed(values))
    case (.unsigned(let a), .unsigned(let b)):
      let (values, shape) = try product(a, left.shape, b, right.shape, zero: 0) { $0 &+= $1 &* $2 }
      plain = try .make(left.element, shape, .unsigned(values))
    default: throw .unsupported("matmul of \(left.element.name)")
    }
    let stored =
      resultPermutation.isEmpty
      ? plain : try Transpose(resultPermutation).evaluate([plain], [])[0]
    guard let epilogue else { return [stored] }
    return try ProgramEvaluation.run(epilogue, [stored] + operands.dropFirst(2).compactMap { $0 })
  }

  /// The product before `resultPermutation`, accumulated in the element's widest type.
  @inline(__always)
  private func product<T>(
    _ a: [T], _ leftShape: [Int], _ b: [T], _ rightShape: [Int], zero: T,
    _ accumulate: (inout T, T, T) -> Void
  ) throws(EvaluationError) -> ([T], [Int]) {
    var left = StridedShape(leftShape, leftPermutation)
    var right = StridedShape(rightShape, rightPermutation)
    let isRow = left.extents.count == 1
    let isColumn = right.extents.count == 1
    if isRow { left.insert(extent: 1, stride: 0, at: 0) }
    if isColumn { right.insert(extent: 1, stride: 0, at: 1) }
    let rank = max(left.extents.count, right.extents.count)
    let m = left.extents[left.extents.count - 2]
    let k = left.extents[left.extents.count - 1]
    let n = right.extents[right.extents.count - 1]
    let (rowStep, leftStep) = (left.strides[left.strides.count - 2], left.strides.last ?? 0)
    let (rightStep, columnStep) = (right.strides[right.strides.count - 2], right.strides.last ?? 0)
    func lead(_ operand: StridedShape, _ index: Int) -> (Int, Int) {
      let own = index - (rank - operand.extents.count)
      return own < 0 ? (1, 0) : (operand.extents[own], operand.strides[own])
    }
    var batch: [Int] = []
    var leftBatch: [Int] = []
    var rightBatch: [Int] = []
    for index in 0..<(rank - 2) {
      let (x, xStep) = lead(left, index)
      let (y, yStep) = lead(right, index)
      batch.append(x == 1 ? y : x)
      leftBatch.append(x == 1 ? 0 : xStep)
      rightBatch.append(y == 1 ? 0 : yStep)
    }
    var values = [T](repeating: zero, count: try allocatable(batch + [m, n]))
    var base = 0
    var lefts = Offsets(shape: batch, strides: leftBatch)
    var rights = Offsets(shape: batch, strides: rightBatch)
    // The right matrix in row-major order, so that the innermost loop runs over neighbours.
    var matrix = [T](repeating: zero, count: values.isEmpty ? 0 : try allocatable([k, n]))
    var gathered: Int?
    while let l = lefts.next(), let r = rights.next(), !values.isEmpty {
      if gathered != r {
        for p in 0..<k {
          for j in 0..<n { matrix[p * n + j] = b[r + p * rightStep + j * columnStep] }
        }
        gathered = r
      }
      for i in 0..<m {
        let row = base + i * n
        for p in 0..<k {
          let x = a[l + i * rowStep + p * leftStep]
          let source = p * n
          for j in 0..<n { accumulate(&values[row + j], x, matrix[source + j]) }
        }
      }
      base += m * n
    }
    var shape = batch
    if !isRow { shape.append(m) }
    if !isColumn { shape.append(n) }
    return (values, shape)
  }
}

extension MatMul {
  package var epilogueOperand: Int { 2 }

  package func products(_ shapes: [[Int]]) -> Int {
    shapes.first.flatMap { StridedShape($0, leftPermutation).extents.last } ?? 0
  }

  package func sums(
    _ operands: [HostTensor?], at coordinates: [[Int]], of shape: [Int]
  ) throws(EvaluationError) -> [ProductSum] {
    let (a, b) = (try operands.tensor(0), try operands.tensor(1))
    let (x, y) = (try a.decodedReals(), try b.decodedReals())
    var left = StridedShape(a.shape, leftPermutation)
    var right = StridedShape(b.shape, rightPermutation)
    let isRow = left.extents.count == 1
    let isColumn = right.extents.count == 1
    if isRow { left.insert(extent: 1, stride: 0, at: 0) }
    if isColumn { right.insert(extent: 1, stride: 0, at: 1) }
    let depth = left.extents[left.extents.count - 1]
    let leftStep = left.strides[left.strides.count - 1]
    let rightStep = right.strides[right.strides.count - 2]
    return coordinates.map { coordinate in
      // The coordinate in (batch…, row, column).
      var plain = coordinate
      for (place, axis) in resultPermutation.enumerated() { plain[axis] = coordinate[place] }
      if isColumn { plain.append(0) }
      if isRow { plain.insert(0, at: plain.count - 1) }
      let batch = plain.dropLast(2)
      var l =
        left.offset(ofLeading: batch) + plain[plain.count - 2]
        * left.strides[left.strides.count - 2]
      var r =
        right.offset(ofLeading: batch) + plain[plain.count - 1]
        * right.strides[right.strides.count - 1]
      var sum = ProductSum()
      for _ in 0..<depth {
        sum.add(x[l] * y[r])
        l += leftStep
        r += rightStep
      }
      return sum
    }
  }
}

/// Extents with strides, after a permutation of a dense tensor's axes.
struct StridedShape {
  var extents: [Int]
  var strides: [Int]

  init(_ shape: [Int], _ permutation: [Int]) {
    let own = rowMajorStrides(shape)
    extents = permutation.isEmpty ? shape : permutation.map { shape[$0] }
    strides = permutation.isEmpty ? own : permutation.map { own[$0] }
  }

  mutating func insert(extent: Int, stride: Int, at index: Int) {
    extents.insert(extent, at: index)
    strides.insert(stride, at: index)
  }

  /// The offset of the axes before the last two at coordinates that they broadcast to.
  func offset(ofLeading coordinates: ArraySlice<Int>) -> Int {
    let lead = coordinates.count - (extents.count - 2)
    return (0..<(extents.count - 2)).reduce(0) { sum, axis in
      sum + (extents[axis] == 1 ? 0 : coordinates[lead + axis] * strides[axis])
    }
  }
}

extension Shape {
  /// The shape with its axes in another order; an empty permutation changes nothing.
  func permuted(_ permutation: [Int], _ field: String) throws(TypeError) -> Shape {
    guard !permutation.isEmpty, let extents else { return self }
    guard permutation.sorted() == Array(extents.indices) else {
      throw .invalid(
        field: field, reason: "\(permutation) is no permutation of \(extents.count) axes")
    }
    return .ranked(permutation.map { extents[$0] })
  }
}
