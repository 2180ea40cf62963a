package import ApusTensor

/// Sums products of elements over the axes that an equation names.
///
/// Operands: numbers of one type, one for each term. The equation is explicit, without spaces and
/// ellipses: `ij,jk->ik`; a letter that a term repeats takes the diagonal. Source: ONNX Einsum-28.
package struct Einsum: MeasuredOperator {
  package static let name = "einsum"
  package static let operandNames = ["term"]
  package static var fields: [Field<Self>] { [Field("equation", \.equation)] }

  package var equation = "->"

  package init() {}
  package init(_ equation: String) { self.equation = equation }

  /// The letters of the terms and of the result.
  private func parsed() throws(TypeError) -> (terms: [[Character]], result: [Character]) {
    let halves = equation.split(separator: ">", omittingEmptySubsequences: false)
    guard halves.count == 2, halves[0].hasSuffix("-") else {
      throw .invalid(field: "equation", reason: "'\(equation)' has no arrow")
    }
    let terms = halves[0].dropLast().split(separator: ",", omittingEmptySubsequences: false)
      .map { Array($0) }
    let result = Array(halves[1])
    let known = Set(terms.joined())
    guard Set(result).count == result.count, result.allSatisfy(known.contains),
      known.allSatisfy({ $0.isLetter && $0.isASCII })
    else { throw .invalid(field: "equation", reason: "'\(equation)' names no axes") }
    return (terms, result)
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    let (terms, result) = try parsed()
    try operands.expect(terms.count...terms.count)
    var extents: [Character: Extent] = [:]
    var isRanked = true
    for (index, term) in terms.enumerated() {
      let fact = try operands.require(index, sameElementAs: 0)
      _ = try operands.require(index, arithmetic: [.real, .signed, .unsigned])
      _ = try operands.require(index, rank: term.count)
      guard let axes = fact.type.extents else {
        isRanked = false
        continue
      }
      for (letter, extent) in zip(term, axes) {
        guard let known = extents[letter] else {
          extents[letter] = extent
          continue
        }
        if let a = known.fixed, let b = extent.fixed, a != b, a != 1, b != 1 {
          throw .extents(operand: operands.name(index), found: extent, expected: known)
        }
        extents[letter] = .broadcast(known, extent)
      }
    }
    let element = try operands.require(0).element
    guard isRanked || result.allSatisfy({ extents[$0] != nil }) else {
      return [.unknown(element, rank: result.count)]
    }
    return [Fact(element, result.map { extents[$0] ?? .unknown })]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostTensor] {
    let terms: [[Character]]
    let letters: [Character]
    do { (terms, letters) = try parsed() } catch { throw .type(error) }
    let shape = try results.fixedShape(0)
    var extents: [Character: Int] = [:]
    var strides: [[Character: Int]] = []
    var values: [Elements] = []
    for (index, term) in terms.enumerated() {
      let tensor = try operands.tensor(index)
      guard tensor.rank == term.count else { throw .value("term \(index) has rank \(tensor.rank)") }
      values.append(try tensor.decoded())
      var steps: [Character: Int] = [:]
      for ((letter, extent), step) in zip(zip(term, tensor.shape), rowMajorStrides(tensor.shape)) {
        if extents[letter] ?? 1 == 1 { extents[letter] = extent }
        steps[letter, default: 0] += extent == 1 ? 0 : step
      }
      strides.append(steps)
    }
    let summed = extents.keys.filter { !letters.contains($0) }.sorted()
    let inner = summed.map { extents[$0] ?? 1 }
    guard let passes = Array.product(inner + shape), passes <= 1 << 34 else {
      throw .limit("the sum has too many terms")
    }
    let offsetBytes = terms.count.multipliedReportingOverflow(by: 8)
    for axes in [inner, shape] {
      try context.require(
        Array.product(axes) ?? .max, of: offsetBytes.overflow ? .max : offsetBytes.partialValue)
    }
    func offsets(_ axes: [Character], _ shape: [Int], _ term: Int) -> [Int] {
      Array(Offsets(shape: shape, strides: axes.map { strides[term][$0] ?? 0 }))
    }
    let outer = terms.indices.map { offsets(letters, shape, $0) }
    let within = terms.indices.map { offsets(summed, inner, $0) }
    let count = Array.product(inner) ?? 0
    func sums<T>(
      _ values: [[T]], _ zero: T, _ one: T, _ add: (T, T) -> T, _ multiply: (T, T) -> T
    ) -> [T] {
      (0..<(Array.product(shape) ?? 0)).map { place in
        var sum = zero
        for pass in 0..<count {
          var product = one
          for term in values.indices {
            product = multiply(product, values[term][outer[term][place] + within[term][pass]])
          }
          sum = add(sum, product)
        }
        return sum
      }
    }
    let element = try operands.tensor(0).element
    let signed = values.compactMap { if case .signed(let list) = $0 { list } else { nil } }
    if signed.count == values.count {
      return [try .make(element, shape, .signed(sums(signed, 0, 1, &+, &*)))]
    }
    let unsigned = values.compactMap { if case .unsigned(let list) = $0 { list } else { nil } }
    if unsigned.count == values.count {
      return [try .make(element, shape, .unsigned(sums(unsigned, 0, 1, &+, &*)))]
    }
    let real = values.compactMap { if case .real(let list) = $0 { list } else { nil } }
    guard real.count == values.count else { throw .unsupported("sums of \(element.name)") }
    return [try .make(element, shape, .real(sums(real, 0, 1, +, *)))]
  }

  /// How many products are summed for operands of these shapes; nil where they do not fit.
  package func termCount(_ shapes: [[Int]]) -> Double? {
    guard let terms = try? parsed().0, terms.count == shapes.count else { return nil }
    var extents: [Character: Int] = [:]
    for (term, shape) in zip(terms, shapes) {
      guard term.count == shape.count else { return nil }
      for (letter, extent) in zip(term, shape) {
        extents[letter] = max(extents[letter] ?? 1, extent)
      }
    }
    return extents.values.reduce(1.0) { $0 * Double($1) }
  }
}
