package import ApusTensor

/// Pools regions of an image into grids of one size, with bilinear samples.
///
/// Operands `data` [batch, channels, height, width], `regions` [regions, 4] (left, top, right,
/// bottom), `images` (int64 [regions]: the example each region lies in). The result is [regions,
/// channels, rows, columns]. Source: ONNX RoiAlign-22 (He et al., "Mask R-CNN", 2017).
package struct AlignRegions: Operator {
  package static let name = "align_regions"
  package static let operandNames = ["data", "regions", "images"]
  package static var fields: [Field<Self>] {
    [
      Field("rows", \.rows), Field("columns", \.columns), Field("samples", \.samples),
      Field("scale", \.scale), Field("maximum", \.maximum), Field("halfPixel", \.halfPixel),
    ]
  }

  package var rows = 1
  package var columns = 1
  /// Samples along each axis of a cell; 0 takes as many as the cell has pixels.
  package var samples = 0
  /// From the regions' coordinates to pixels.
  package var scale = 1.0
  /// Whether the largest weighted corner of all samples counts, not their mean.
  package var maximum = false
  /// Whether coordinates are moved by half a pixel.
  package var halfPixel = false

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(3...3)
    let data = try operands.require(0, arithmetic: [.real])
    _ = try operands.require(0, rank: 4)
    let regions = try operands.require(1, arithmetic: [.real])
    _ = try operands.require(1, rank: 2)
    _ = try operands.require(2, element: [.int64])
    _ = try operands.require(2, rank: 1)
    guard rows > 0, columns > 0, samples >= 0, samples <= 1 << 10 else {
      throw .invalid(field: "rows", reason: "rows, columns and samples are out of range")
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
    let corners = try regions.decodedReals()
    let images = try operands.tensor(2).decodedIntegers()
    guard regions.shape[1] == 4, images.count == regions.shape[0] else {
      throw .value("\(images.count) images for regions \(regions.shape)")
    }
    let plane = data.shape[2] * data.shape[3]
    var values: [Double] = []
    for region in 0..<shape[0] {
      let image = try wrapped(images[region], limit: data.shape[0], operand: "images")
      let shift = halfPixel ? 0.5 : 0
      let box = corners[(region * 4)..<(region * 4 + 4)].map { $0 * scale - shift }
      guard box.allSatisfy({ $0.magnitude < 1e9 }) else {
        throw .value("region \(region) is out of range")
      }
      let least = halfPixel ? -Double.infinity : 1
      let width = max(box[2] - box[0], least) / Double(columns)
      let height = max(box[3] - box[1], least) / Double(rows)
      let across = samples > 0 ? samples : max(Int(width.rounded(.up)), 0)
      let down = samples > 0 ? samples : max(Int(height.rounded(.up)), 0)
      guard across <= 1 << 12, down <= 1 << 12 else {
        throw .limit("region \(region) is too large")
      }
      for channel in 0..<shape[1] {
        let base = (image * data.shape[1] + channel) * plane
        for row in 0..<rows {
          for column in 0..<columns {
            var sum = 0.0
            var best = -Double.infinity
            for i in 0..<down {
              let y = box[1] + (Double(row) + (Double(i) + 0.5) / Double(down)) * height
              for j in 0..<across {
                let z = box[0] + (Double(column) + (Double(j) + 0.5) / Double(across)) * width
                for term in Self.corners(x, base, data.shape[2], data.shape[3], y, z) {
                  sum += term
                  best = max(best, term)
                }
              }
            }
            let count = max(down * across, 1)
            values.append(maximum ? (best.isFinite ? best : 0) : sum / Double(count))
          }
        }
      }
    }
    return [try .make(data.element, shape, .real(values))]
  }

  /// The four weighted neighbours of a point; zero outside of the image.
  private static func corners(
    _ x: [Double], _ base: Int, _ height: Int, _ width: Int, _ row: Double, _ column: Double
  ) -> [Double] {
    guard row >= -1, column >= -1, row <= Double(height), column <= Double(width), height > 0,
      width > 0
    else { return [0] }
    let y = min(max(row, 0), Double(height - 1))
    let z = min(max(column, 0), Double(width - 1))
    let (top, left) = (Int(y), Int(z))
    let (bottom, right) = (min(top + 1, height - 1), min(left + 1, width - 1))
    let (a, b) = (y - Double(top), z - Double(left))
    func at(_ i: Int, _ j: Int) -> Double { x[base + i * width + j] }
    return [
      (1 - a) * (1 - b) * at(top, left), (1 - a) * b * at(top, right),
      a * (1 - b) * at(bottom, left), a * b * at(bottom, right),
    ]
  }
}
