package import ApusTensor

/// The maximum of each cell of a grid over regions of an image.
///
/// Operands `data` [batch, channels, height, width], `regions` [regions, 5] (example, left, top,
/// right, bottom). The result is [regions, channels, rows, columns]; empty cells are 0.
/// Source: ONNX MaxRoiPool-22 (Girshick, "Fast R-CNN", 2015).
package struct PoolRegions: Operator {
  package static let name = "pool_regions"
  package static let operandNames = ["data", "regions"]
  package static var fields: [Field<Self>] {
    [Field("rows", \.rows), Field("columns", \.columns), Field("scale", \.scale)]
  }

  package var rows = 1
  package var columns = 1
  /// From the regions' coordinates to pixels.
  package var scale = 1.0

  package init() {}
  package init(rows: Int, columns: Int, scale: Double) {
    self.rows = rows
    self.columns = columns
    self.scale = scale
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let data = try operands.require(0, arithmetic: [.real])
    _ = try operands.require(0, rank: 4)
    let regions = try operands.require(1, sameElementAs: 0)
    _ = try operands.require(1, rank: 2)
    guard scale.isFinite else { throw .invalid(field: "scale", reason: "\(scale) is not finite") }
    guard rows > 0, columns > 0 else {
      throw .invalid(field: "rows", reason: "rows and columns must be positive")
    }
    return [RegionGrids.fact(data, regions, rows: rows, columns: columns)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let regions = try operands.tensor(1)
    let shape = try results.fixedShape(0)
    let x = try data.decodedReals()
    let numbers = try regions.decodedReals()
    guard regions.shape[1] == 5 else { throw .value("regions \(regions.shape), not [regions, 5]") }
    let (height, width) = (data.shape[2], data.shape[3])
    func cells(_ start: Double, _ end: Double, _ count: Int, _ extent: Int) -> [Range<Int>] {
      let (low, high) = ((start * scale).rounded(), (end * scale).rounded())
      let size = max(high - low + 1, 1) / Double(count)
      return (0..<count).map { index in
        let first = (Double(index) * size).rounded(.down) + low
        let last = (Double(index + 1) * size).rounded(.up) + low
        let from = Int(min(max(first, 0), Double(extent)))
        return from..<max(from, Int(min(max(last, 0), Double(extent))))
      }
    }
    var values: [Double] = []
    for region in 0..<shape[0] {
      let box = Array(numbers[(region * 5)..<(region * 5 + 5)])
      guard box.allSatisfy({ $0.isFinite && $0.magnitude < 1e9 }) else {
        throw .value("region \(region) is out of range")
      }
      let image = try wrapped(Int(box[0]), limit: data.shape[0], operand: "regions")
      let across = cells(box[1], box[3], columns, width)
      let down = cells(box[2], box[4], rows, height)
      for channel in 0..<shape[1] {
        let base = (image * data.shape[1] + channel) * height * width
        for row in down {
          for column in across {
            var best = -Double.infinity
            for i in row { for j in column { best = max(best, x[base + i * width + j]) } }
            values.append(best == -.infinity ? 0 : best)
          }
        }
      }
    }
    return [try .make(data.element, shape, .real(values))]
  }
}
