/// Tiles into components, components into pixels.
extension JPEG2000 {
  func picture() throws(ImageError) -> Raster {
    guard !components.isEmpty else { throw JPEG2000.broken }
    let count = components.count >= 3 ? 3 : 1
    var planes = components[..<count].map { component in
      [Double](
        repeating: 0,
        count: max(0, Self.extent(image.left, image.right, component.across))
          * max(0, Self.extent(image.top, image.bottom, component.down)))
    }
    let across = (image.right - tileOrigin.x + tileSize.width - 1) / tileSize.width
    for (index, tile) in tiles {
      let left = tileOrigin.x + index % max(across, 1) * tileSize.width
      let top = tileOrigin.y + index / max(across, 1) * tileSize.height
      let area = Area(
        left: max(left, image.left), top: max(top, image.top),
        right: min(left + tileSize.width, image.right),
        bottom: min(top + tileSize.height, image.bottom))
      guard area.width > 0, area.height > 0 else { throw JPEG2000.broken }
      var decoder = try JPEG2000Tile(self, tile.parameters, area, tile.data)
      var samples = try decoder.samples()
      if tile.parameters.mixes && count == 3 {
        try Self.unmix(&samples, reversible: tile.parameters.coding[0].isReversible)
      }
      for part in 0..<count { place(samples[part], decoder.areas[part], part, &planes[part]) }
    }
    return try raster(planes)
  }

  /// The number of samples between two coordinates of the reference grid.
  static func extent(_ start: Int, _ end: Int, _ step: Int) -> Int {
    ceiling(end, step) - ceiling(start, step)
  }

  static func ceiling(_ value: Int, _ divisor: Int) -> Int { (value + divisor - 1) / divisor }

  private func place(_ samples: [Double], _ area: Area, _ part: Int, _ plane: inout [Double]) {
    let component = components[part]
    let stride = Self.extent(image.left, image.right, component.across)
    let left = area.left - Self.ceiling(image.left, component.across)
    let top = area.top - Self.ceiling(image.top, component.down)
    for row in 0..<area.height {
      for column in 0..<area.width {
        plane[(top + row) * stride + left + column] = samples[row * area.width + column]
      }
    }
  }

  /// Undoes the colour transform of the first three components.
  private static func unmix(
    _ samples: inout [[Double]], reversible: Bool
  ) throws(ImageError) {
    guard samples.count >= 3, samples[0].count == samples[1].count,
      samples[0].count == samples[2].count
    else { throw JPEG2000.broken }
    for index in samples[0].indices {
      let (y, u, v) = (samples[0][index], samples[1][index], samples[2][index])
      if reversible {
        let green = y - ((u + v) / 4).rounded(.down)
        (samples[0][index], samples[1][index], samples[2][index]) = (v + green, green, u + green)
      } else {
        samples[0][index] = y + 1.402 * v
        samples[1][index] = y - 0.344136 * u - 0.714136 * v
        samples[2][index] = y + 1.772 * u
      }
    }
  }

  private func raster(_ planes: [[Double]]) throws(ImageError) -> Raster {
    var raster = try Raster(width: image.width, height: image.height)
    var values: [UInt8] = [0, 0, 0]
    for row in 0..<image.height {
      for column in 0..<image.width {
        for (part, plane) in planes.enumerated() {
          values[part] = pixel(plane, components[part], row, column)
        }
        let last = planes.count - 1
        raster.set(
          row * image.width + column, values[0], values[min(1, last)], values[min(2, last)])
      }
    }
    return raster
  }

  private func pixel(
    _ plane: [Double], _ component: Component, _ row: Int, _ column: Int
  ) -> UInt8 {
    let stride = Self.extent(image.left, image.right, component.across)
    let lines = Self.extent(image.top, image.bottom, component.down)
    let x = min(column / component.across, stride - 1)
    let index = min(row / component.down, lines - 1) * stride + x
    guard plane.indices.contains(index) else { return 0 }
    let limit = Double(1 << component.depth - 1)
    let shift = component.isSigned ? 0 : Double(1 << (component.depth - 1))
    let value = max(0, min(plane[index].rounded() + shift, limit))
    return UInt8(component.depth == 8 ? value : (value * 255 / limit).rounded())
  }
}
