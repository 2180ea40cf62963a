/// The inverse wavelet transforms of JPEG 2000, 5-3 and 9-7. Source: ITU-T T.800, annex F.
enum Wavelet {
  /// Joins LL, HL, LH and HH to the samples of an area.
  static func joined(
    _ bands: [[Double]], _ area: JPEG2000.Area, reversible: Bool
  ) -> [Double] {
    let (width, height) = (area.width, area.height)
    var result = [Double](repeating: 0, count: width * height)
    guard width > 0, height > 0 else { return result }
    let lowColumns = (area.right + 1) / 2 - (area.left + 1) / 2
    // Even coordinates are of the low band.
    for row in 0..<height {
      let isLowRow = (area.top + row) % 2 == 0
      let bandRow = (area.top + row + (isLowRow ? 1 : 0)) / 2 - (area.top + (isLowRow ? 1 : 0)) / 2
      for column in 0..<width {
        let isLow = (area.left + column) % 2 == 0
        let offset = isLow ? 1 : 0
        let bandColumn = (area.left + column + offset) / 2 - (area.left + offset) / 2
        let band = bands[(isLow ? 0 : 1) + (isLowRow ? 0 : 2)]
        let stride = isLow ? lowColumns : width - lowColumns
        let index = bandRow * stride + bandColumn
        result[row * width + column] = band.indices.contains(index) ? band[index] : 0
      }
    }
    for row in 0..<height {
      let line = lifted(
        Array(result[(row * width)..<((row + 1) * width)]), area.left, reversible)
      for column in 0..<width { result[row * width + column] = line[column] }
    }
    for column in 0..<width {
      let line = lifted((0..<height).map { result[$0 * width + column] }, area.top, reversible)
      for row in 0..<height { result[row * width + column] = line[row] }
    }
    return result
  }

  /// One line whose first element has a coordinate; neighbours beyond the ends are mirrored.
  private static func lifted(_ line: [Double], _ start: Int, _ reversible: Bool) -> [Double] {
    let count = line.count
    guard count > 1 else {
      // A lone high element is twice the sample.
      return start % 2 == 0 ? line : line.map { reversible ? ($0 / 2).rounded(.down) : $0 / 2 }
    }
    var x = line
    func around(_ index: Int) -> Double {
      x[index == 0 ? 1 : index - 1] + x[index == count - 1 ? count - 2 : index + 1]
    }
    func each(even: Bool, _ change: (Int) -> Double) {
      for index in stride(from: (start % 2 == 0) == even ? 0 : 1, to: count, by: 2) {
        x[index] = change(index)
      }
    }
    if reversible {
      each(even: true) { x[$0] - ((around($0) + 2) / 4).rounded(.down) }
      each(even: false) { x[$0] + (around($0) / 2).rounded(.down) }
      return x
    }
    let gain = 1.230174104914001
    each(even: true) { x[$0] * gain }
    each(even: false) { x[$0] / gain }
    each(even: true) { x[$0] - 0.443506852043971 * around($0) }
    each(even: false) { x[$0] - 0.882911075530934 * around($0) }
    each(even: true) { x[$0] + 0.052980118572961 * around($0) }
    each(even: false) { x[$0] + 1.586134342059924 * around($0) }
    return x
  }
}
