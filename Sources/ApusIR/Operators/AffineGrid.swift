package import ApusTensor

/// Coordinates of an affinely transformed image, as GridSample reads them.
///
/// Operands `theta` [batch, axes, axes + 1], `size` (int64: batch, channels, spatial…). The result is
/// [batch, spatial…, axes], the last axis of the image first. Source: ONNX AffineGrid-20.
package struct AffineGrid: Operator {
  package static let name = "affine_grid"
  package static let operandNames = ["theta", "size"]
  package static var fields: [Field<Self>] { [Field("alignCorners", \.alignCorners)] }

  package var alignCorners = false

  package init() {}
  package init(alignCorners: Bool) { self.alignCorners = alignCorners }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let theta = try operands.require(0, arithmetic: [.real])
    _ = try operands.require(0, rank: 3)
    guard let size = try operands.entries(1) else {
      return [.unknown(theta.element, rank: operands[1]?.type.fixedShape?.first)]
    }
    guard size.count >= 3 else {
      throw .invalid(field: "size", reason: "\(size.count) entries, expected 3 or more")
    }
    let axes = size.count - 2
    if let extents = theta.type.extents {
      for (extent, wanted) in zip(extents.dropFirst(), [axes, axes + 1]) {
        if let found = extent.fixed, found != wanted {
          throw .extents(operand: "theta", found: extent, expected: .fixed(wanted))
        }
      }
    }
    return [Fact(theta.element, [size[0]] + size[2...] + [.fixed(axes)])]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let theta = try operands.tensor(0)
    let shape = try results.fixedShape(0)
    let matrix = try theta.decodedReals()
    let axes = shape.count - 2
    guard axes > 0, theta.shape == [shape[0], axes, axes + 1] else {
      throw .value("theta \(theta.shape) does not fit a size of \(shape)")
    }
    let spatial = Array(shape[1...axes])
    var values: [Double] = []
    for image in 0..<shape[0] {
      for place in Coordinates(spatial) {
        let point = place.indices.reversed().map { position(place[$0], of: spatial[$0]) } + [1]
        for row in 0..<axes {
          let start = (image * axes + row) * (axes + 1)
          values.append(point.indices.reduce(0) { $0 + matrix[start + $1] * point[$1] })
        }
      }
    }
    return [try .make(theta.element, shape, .real(values))]
  }

  private func position(_ index: Int, of extent: Int) -> Double {
    if alignCorners {
      return extent > 1 ? -1 + 2 * Double(index) / Double(extent - 1) : -1
    }
    return (2 * Double(index) + 1) / Double(extent) - 1
  }
}
