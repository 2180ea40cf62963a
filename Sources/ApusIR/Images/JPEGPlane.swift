/// The samples of one component of a JPEG picture.
struct JPEGPlane {
  private let width: Int
  private let height: Int
  private let stride: Int
  private var samples: [UInt8]

  init(_ component: JPEGDecoder.Component, _ table: [Int]) {
    width = component.width
    height = component.height
    stride = component.blocksAcross * 8
    samples = [UInt8](repeating: 0, count: stride * component.blocksDown * 8)
    var block = [Int](repeating: 0, count: 64)
    for row in 0..<component.blocksDown {
      for column in 0..<component.blocksAcross {
        let start = (row * component.blocksAcross + column) * 64
        for index in 0..<64 {
          block[index] = Int(component.coefficients[start + index]) * table[index]
        }
        Self.transform(&block)
        for index in 0..<64 {
          samples[(row * 8 + index / 8) * stride + column * 8 + index % 8] = clamped(
            block[index] + 128)
        }
      }
    }
  }

  /// The inverse cosine transform with 13 bits of fraction (C. Loeffler, A. Ligtenberg, G. Moschytz,
  /// "Practical Fast 1-D DCT Algorithms with 11 Multiplications", 1989).
  private static func transform(_ block: inout [Int]) {
    for column in 0..<8 { line(&block, column, 8, shift: 11) }
    for row in 0..<8 { line(&block, row * 8, 1, shift: 18) }
  }

  private static func line(_ block: inout [Int], _ start: Int, _ step: Int, shift: Int) {
    func at(_ index: Int) -> Int { block[start + index * step] }
    let even = (at(2) + at(6)) * 4433
    let low = even - at(6) * 15137
    let high = even + at(2) * 6270
    let sum = (at(0) + at(4)) << 13
    let difference = (at(0) - at(4)) << 13
    let evens = [sum + high, difference + low, difference - low, sum - high]
    let z1 = (at(7) + at(1)) * -7373
    let z2 = (at(5) + at(3)) * -20995
    let z5 = (at(7) + at(3) + at(5) + at(1)) * 9633
    let z3 = (at(7) + at(3)) * -16069 + z5
    let z4 = (at(5) + at(1)) * -3196 + z5
    let odds = [
      at(1) * 12299 + z1 + z4, at(3) * 25172 + z2 + z3, at(5) * 16819 + z2 + z4,
      at(7) * 2446 + z1 + z3,
    ]
    let half = 1 << (shift - 1)
    for index in 0..<4 {
      block[start + index * step] = (evens[index] + odds[index] + half) >> shift
      block[start + (7 - index) * step] = (evens[index] - odds[index] + half) >> shift
    }
  }

  private func sample(_ row: Int, _ column: Int) -> Int { Int(samples[row * stride + column]) }

  /// The samples for each pixel: halved directions are interpolated, with three quarters of the nearer
  /// sample, others repeated.
  func enlarged(across: Int, down: Int, width: Int, height: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: width * height)
    let isWide = self.width > 2
    if across == 2, down == 1, isWide {
      for row in 0..<height {
        for column in 0..<width {
          let (near, far, odd) = neighbours(column, self.width)
          // Edges are repeated, and come out as they are.
          let value = (3 * sample(row, near) + sample(row, far) + (odd ? 2 : 1)) >> 2
          result[row * width + column] = UInt8(near == far ? sample(row, near) : value)
        }
      }
    } else if across == 1, down == 2 {
      for row in 0..<height {
        let (near, far, odd) = neighbours(row, self.height)
        for column in 0..<width {
          result[row * width + column] = UInt8(
            (3 * sample(near, column) + sample(far, column) + (odd ? 2 : 1)) >> 2)
        }
      }
    } else if across == 2, down == 2, isWide {
      for row in 0..<height {
        let (nearRow, farRow, _) = neighbours(row, self.height)
        func sum(_ column: Int) -> Int { 3 * sample(nearRow, column) + sample(farRow, column) }
        for column in 0..<width {
          let (near, far, odd) = neighbours(column, self.width)
          result[row * width + column] = UInt8((3 * sum(near) + sum(far) + (odd ? 7 : 8)) >> 4)
        }
      }
    } else {
      for row in 0..<height {
        for column in 0..<width {
          result[row * width + column] =
            samples[
              min(row / down, self.height - 1) * stride + min(column / across, self.width - 1)]
        }
      }
    }
    return result
  }

  /// The nearest sample of a pixel in a halved direction, the next one, and whether that lies behind it.
  private func neighbours(_ pixel: Int, _ count: Int) -> (near: Int, far: Int, odd: Bool) {
    let near = min(pixel / 2, count - 1)
    let odd = pixel % 2 == 1
    return (near, min(max(odd ? near + 1 : near - 1, 0), count - 1), odd)
  }
}
