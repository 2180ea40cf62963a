package import ApusTensor

/// Cuts a tensor along one axis into `parts` results.
///
/// Operands `data` and optionally `sizes` (1-D integers, one entry per part). Without sizes all parts
/// are equal but the last, which may be smaller. Source: ONNX Split-18.
package struct Split: Operator {
  package static let name = "split"
  package static let operandNames = ["data", "sizes"]
  package static var fields: [Field<Self>] {
    [Field("axis", \.axis), Field("parts", \.parts)]
  }

  /// Counted from either end.
  package var axis = 0
  package var parts = 1

  /// More parts than this are refused, so that a small file cannot ask for unbounded memory.
  package static let partLimit = 65536

  package init() {}
  package init(axis: Int, parts: Int) {
    self.axis = axis
    self.parts = parts
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...2)
    let data = try operands.require(0)
    guard parts >= 1, parts <= Self.partLimit else {
      throw .invalid(field: "parts", reason: "\(parts) is not in 1 to \(Self.partLimit)")
    }
    let unknown = Array(repeating: Fact.unknown(data.element), count: parts)
    var listed: [Extent]?
    if operands[1] != nil {
      guard let entries = try operands.entries(1) else {
        guard var extents = data.type.extents else { return unknown }
        extents[try normalize(axis: axis, rank: extents.count)] = .unknown
        return Array(repeating: Fact(data.element, extents), count: parts)
      }
      listed = entries
    }
    if let listed, listed.count != parts {
      throw .invalid(field: "sizes", reason: "\(listed.count) sizes for \(parts) parts")
    }
    guard let extents = data.type.extents else { return unknown }
    let axis = try normalize(axis: self.axis, rank: extents.count)
    let sizes: [Extent]
    if let listed { sizes = listed } else { sizes = evenSizes(extents[axis]) }
    for size in sizes where size.fixed.map({ $0 < 0 }) == true {
      throw .invalid(field: "sizes", reason: "size \(size) is negative")
    }
    let sum = sizes.reduce(.zero, +)
    if let sum = sum.fixed, let whole = extents[axis].fixed, sum != whole {
      throw .extents(operand: "data", found: .fixed(whole), expected: .fixed(sum))
    }
    var start = Extent.zero
    var facts: [Fact] = []
    for size in sizes {
      var part = extents
      part[axis] = size
      var contents: [Extent]?
      if let shape = data.type.fixedShape, let start = start.fixed, let size = size.fixed {
        let strides = rowMajorStrides(shape)
        var view = shape
        view[axis] = size
        contents = data.contents(
          viewedAs: view, strides: strides, start: start &* strides[axis])
      }
      facts.append(Fact(TensorType(data.element, part), contents: contents))
      start = start + size
    }
    return facts
  }

  private func evenSizes(_ whole: Extent) -> [Extent] {
    let size = whole.ceilingDivided(by: .fixed(parts))
    if let whole = whole.fixed, let size = size.fixed {
      // Where the rounding up leaves nothing for the last parts, they are empty.
      return (0..<parts).map { index in
        let (start, overflow) = index.multipliedReportingOverflow(by: size)
        return .fixed(overflow ? 0 : min(size, max(0, whole - start)))
      }
    }
    var sizes = Array(repeating: size, count: parts)
    sizes[parts - 1] = whole - size * .fixed(parts - 1)
    return sizes
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let axis = try normalized(self.axis, rank: data.rank)
    let source = try MovementSource(data)
    let strides = rowMajorStrides(data.shape)
    var start = 0
    var tensors: [HostTensor] = []
    for index in results.indices {
      let shape = try results.fixedShape(index)
      var part = try TensorAssembler(data.element, shape)
      try part.copy(
        shape, from: source, at: start &* strides[axis], strides: strides, to: 0,
        strides: rowMajorStrides(shape))
      tensors.append(try part.finish())
      start = start &+ shape[axis]
    }
    return tensors
  }
}
