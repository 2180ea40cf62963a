/// The adaptive arithmetic decoder of JPEG 2000. Source: ITU-T T.800, annex C.
struct ArithmeticDecoder {
  /// Probability, next state after the likelier and the unlikelier symbol, whether the two change places.
  private static let states: [(probability: UInt32, likely: Int, unlikely: Int, swaps: Bool)] = [
    (0x5601, 1, 1, true), (0x3401, 2, 6, false), (0x1801, 3, 9, false), (0x0ac1, 4, 12, false),
    (0x0521, 5, 29, false), (0x0221, 38, 33, false), (0x5601, 7, 6, true), (0x5401, 8, 14, false),
    (0x4801, 9, 14, false), (0x3801, 10, 14, false), (0x3001, 11, 17, false),
    (0x2401, 12, 18, false), (0x1c01, 13, 20, false), (0x1601, 29, 21, false),
    (0x5601, 15, 14, true), (0x5401, 16, 14, false), (0x5101, 17, 15, false),
    (0x4801, 18, 16, false), (0x3801, 19, 17, false), (0x3401, 20, 18, false),
    (0x3001, 21, 19, false), (0x2801, 22, 19, false), (0x2401, 23, 20, false),
    (0x2201, 24, 21, false), (0x1c01, 25, 22, false), (0x1801, 26, 23, false),
    (0x1601, 27, 24, false), (0x1401, 28, 25, false), (0x1201, 29, 26, false),
    (0x1101, 30, 27, false), (0x0ac1, 31, 28, false), (0x09c1, 32, 29, false),
    (0x08a1, 33, 30, false), (0x0521, 34, 31, false), (0x0441, 35, 32, false),
    (0x02a1, 36, 33, false), (0x0221, 37, 34, false), (0x0141, 38, 35, false),
    (0x0111, 39, 36, false), (0x0085, 40, 37, false), (0x0049, 41, 38, false),
    (0x0025, 42, 39, false), (0x0015, 43, 40, false), (0x0009, 44, 41, false),
    (0x0005, 45, 42, false), (0x0001, 45, 43, false), (0x5601, 46, 46, false),
  ]

  private let data: [UInt8]
  private var position = 0
  private var code: UInt32 = 0
  private var interval: UInt32 = 0x8000
  private var shifts = 0
  private var indices: [Int]
  private var symbols: [Int]

  init(_ data: [UInt8], contexts: [Int]) {
    self.data = data
    indices = contexts
    symbols = contexts.map { _ in 0 }
    code = UInt32(byte(0)) << 16
    fill()
    code <<= 7
    shifts -= 7
  }

  mutating func reset(_ contexts: [Int]) {
    indices = contexts
    symbols = contexts.map { _ in 0 }
  }

  /// What lies behind the data reads as ones.
  private func byte(_ index: Int) -> UInt8 { index < data.count ? data[index] : 0xff }

  private mutating func fill() {
    if byte(position) == 0xff {
      if byte(position + 1) > 0x8f {
        code &+= 0xff00
        shifts = 8
      } else {
        position += 1
        code &+= UInt32(byte(position)) << 9
        shifts = 7
      }
    } else {
      position += 1
      code &+= UInt32(byte(position)) << 8
      shifts = 8
    }
  }

  mutating func decode(_ context: Int) -> Int {
    let state = Self.states[indices[context]]
    var symbol = symbols[context]
    interval -= state.probability
    if code >> 16 < state.probability {
      // The lower part; it may be the likelier one for all that.
      if interval < state.probability {
        indices[context] = state.likely
      } else {
        symbol = 1 - symbol
        if state.swaps { symbols[context] = symbol }
        indices[context] = state.unlikely
      }
      interval = state.probability
    } else {
      code -= state.probability << 16
      if interval & 0x8000 != 0 { return symbol }
      if interval < state.probability {
        symbol = 1 - symbol
        if state.swaps { symbols[context] = symbol }
        indices[context] = state.unlikely
      } else {
        indices[context] = state.likely
      }
    }
    repeat {
      if shifts == 0 { fill() }
      interval <<= 1
      code <<= 1
      shifts -= 1
    } while interval & 0x8000 == 0
    return symbol
  }
}

/// One code block: coefficients by bit planes in three passes each. Source: ITU-T T.800, annex D.
struct JPEG2000Block {
  private let width: Int
  private let height: Int
  private let kind: Int
  private let style: Int
  private var decoder: ArithmeticDecoder
  private var magnitudes: [Int]
  private var isNegative: [Bool]
  /// Of the elements with a border of one around them.
  private var isSignificant: [Bool]
  private var isRefined: [Bool]
  private var isVisited: [Bool]
  /// The lowest plane that is known of each element.
  private var lowest: [Int]
  private let stride: Int

  private static let runContext = 17
  private static let uniformContext = 18
  private static let contexts = [4] + Array(repeating: 0, count: 16) + [3, 46]

  init(width: Int, height: Int, kind: Int, style: Int, data: [UInt8]) {
    self.width = width
    self.height = height
    self.kind = kind
    self.style = style
    stride = width + 2
    decoder = ArithmeticDecoder(data, contexts: Self.contexts)
    magnitudes = Array(repeating: 0, count: width * height)
    isNegative = Array(repeating: false, count: stride * (height + 2))
    isSignificant = isNegative
    isRefined = Array(repeating: false, count: width * height)
    isVisited = isRefined
    lowest = magnitudes
  }

  /// The coefficients; what is cut off of each counts as half.
  mutating func decode(
    planes: Int, passes: Int, reversible: Bool
  ) throws(ImageError) -> [Double] {
    guard planes > 0, planes < 40 else { throw JPEG2000.broken }
    var plane = planes - 1
    var kind = 2
    for _ in 0..<passes {
      guard plane >= 0 else { throw JPEG2000.broken }
      switch kind {
      case 0: significance(plane)
      case 1: refinement(plane)
      default:
        cleanup(plane)
        if style & 32 != 0 { for _ in 0..<4 { _ = decoder.decode(Self.uniformContext) } }
      }
      if style & 2 != 0 { decoder.reset(Self.contexts) }
      kind += 1
      if kind == 3 {
        kind = 0
        plane -= 1
        isVisited = Array(repeating: false, count: isVisited.count)
      }
    }
    return magnitudes.indices.map { index in
      guard magnitudes[index] > 0 else { return 0 }
      let half = 0.5 * Double(1 << lowest[index])
      let value = Double(magnitudes[index]) + (reversible ? half.rounded(.down) : half)
      return isNegative[padded(index)] ? -value : value
    }
  }

  private func padded(_ index: Int) -> Int { (index / width + 1) * stride + index % width + 1 }

  private mutating func significance(_ plane: Int) {
    var top = 0
    while top < height {
      for column in 0..<width {
        for row in top..<min(top + 4, height) {
          let index = row * width + column
          let context = zeroContext(index)
          guard !isSignificant[padded(index)], context > 0 else { continue }
          isVisited[index] = true
          if decoder.decode(context) == 1 { become(index, plane) }
        }
      }
      top += 4
    }
  }

  private mutating func refinement(_ plane: Int) {
    var top = 0
    while top < height {
      for column in 0..<width {
        for row in top..<min(top + 4, height) {
          let index = row * width + column
          guard isSignificant[padded(index)], !isVisited[index] else { continue }
          let context = isRefined[index] ? 16 : zeroContext(index) > 0 ? 15 : 14
          magnitudes[index] |= decoder.decode(context) << plane
          lowest[index] = plane
          isRefined[index] = true
        }
      }
      top += 4
    }
  }

  private mutating func cleanup(_ plane: Int) {
    var top = 0
    while top < height {
      for column in 0..<width {
        var row = top
        let end = min(top + 4, height)
        let isRun =
          end - top == 4
          && (top..<end).allSatisfy { row in
            let index = row * width + column
            return !isSignificant[padded(index)] && !isVisited[index] && zeroContext(index) == 0
          }
        if isRun {
          if decoder.decode(Self.runContext) == 0 { continue }
          let high = decoder.decode(Self.uniformContext)
          row += high * 2 + decoder.decode(Self.uniformContext)
          become(row * width + column, plane)
          row += 1
        }
        while row < end {
          let index = row * width + column
          if !isSignificant[padded(index)] && !isVisited[index],
            decoder.decode(zeroContext(index)) == 1
          {
            become(index, plane)
          }
          row += 1
        }
      }
      top += 4
    }
  }

  /// Decodes the sign of a coefficient that has become significant.
  private mutating func become(_ index: Int, _ plane: Int) {
    let place = padded(index)
    let below = seesBelow(index)
    func sign(_ place: Int, _ counts: Bool = true) -> Int {
      counts && isSignificant[place] ? (isNegative[place] ? -1 : 1) : 0
    }
    let across = max(-1, min(sign(place - 1) + sign(place + 1), 1))
    let down = max(-1, min(sign(place - stride) + sign(place + stride, below), 1))
    // Five contexts, each for a pair of neighbourhoods of opposite signs.
    let flips = across < 0 || across == 0 && down < 0
    let context: Int
    switch flips ? (-across, -down) : (across, down) {
    case (1, 1): context = 13
    case (1, 0): context = 12
    case (1, -1): context = 11
    case (0, 1): context = 10
    default: context = 9
    }
    let bit = decoder.decode(context)
    isNegative[place] = (bit == 1) != flips
    isSignificant[place] = true
    magnitudes[index] = 1 << plane
    lowest[index] = plane
  }

  /// With vertically causal contexts a stripe does not look at the one below.
  private func seesBelow(_ index: Int) -> Bool { style & 8 == 0 || index / width % 4 != 3 }

  /// The context of a coefficient that is not significant, by its significant neighbours.
  private func zeroContext(_ index: Int) -> Int {
    let place = padded(index)
    let below = seesBelow(index)
    func count(_ place: Int) -> Int { isSignificant[place] ? 1 : 0 }
    var across = count(place - 1) + count(place + 1)
    var down = count(place - stride) + (below ? count(place + stride) : 0)
    var corners = count(place - stride - 1) + count(place - stride + 1)
    if below { corners += count(place + stride - 1) + count(place + stride + 1) }
    if kind == 3 {
      let sides = across + down
      if corners >= 3 { return 8 }
      if corners == 2 { return sides >= 1 ? 7 : 6 }
      if corners == 1 { return sides >= 2 ? 5 : sides == 1 ? 4 : 3 }
      return min(sides, 2)
    }
    if kind == 1 { swap(&across, &down) }
    if across == 2 { return 8 }
    if across == 1 { return down >= 1 ? 7 : corners >= 1 ? 6 : 5 }
    if down == 2 { return 4 }
    if down == 1 { return 3 }
    return min(corners, 2)
  }
}
