/// JPEG 2000 pictures: codestreams, or the JP2 files around them, with any tiling, progression, precincts and
/// both wavelets. Source: ITU-T T.800.
struct JPEG2000 {
  /// How a component is coded.
  struct Coding {
    var levels = 0
    /// Logarithms of code-block extents.
    var blockWidth = 6
    var blockHeight = 6
    var style = 0
    var isReversible = true
    /// Logarithms of precinct extents by resolution.
    var precincts: [(width: Int, height: Int)] = []

    func precinct(_ resolution: Int) -> (width: Int, height: Int) {
      resolution < precincts.count ? precincts[resolution] : (15, 15)
    }
  }

  /// How a component is quantised: a step for each band.
  struct Quantization {
    var style = 0
    var guardBits = 0
    var steps: [(exponent: Int, mantissa: Int)] = []

    /// Bands are counted from the lowest resolution on.
    func step(_ band: Int) throws(ImageError) -> (exponent: Int, mantissa: Int) {
      if style == 1 {
        guard let first = steps.first else { throw JPEG2000.broken }
        return (first.exponent - (band > 0 ? (band - 1) / 3 : 0), first.mantissa)
      }
      guard band < steps.count else { throw JPEG2000.broken }
      return steps[band]
    }
  }

  struct Component {
    var depth: Int
    var isSigned: Bool
    var across: Int
    var down: Int
  }

  /// What tiles may change for themselves.
  struct Parameters {
    var progression = 0
    var layers = 1
    var mixes = false
    var coding: [Coding]
    var quantization: [Quantization]
    var hasOwnCoding: [Bool]
    var hasOwnQuantization: [Bool]
  }

  struct Area {
    var left = 0
    var top = 0
    var right = 0
    var bottom = 0

    var width: Int { max(0, right - left) }
    var height: Int { max(0, bottom - top) }
  }

  let input: IndexedBytes
  var image = Area()
  var tileOrigin = (x: 0, y: 0)
  var tileSize = (width: 0, height: 0)
  var components: [Component] = []
  var parameters = Parameters(
    coding: [], quantization: [], hasOwnCoding: [], hasOwnQuantization: [])
  var tiles: [Int: (parameters: Parameters, data: [UInt8])] = [:]

  static let broken = ImageError.damaged("a JPEG 2000 picture breaks its rules")

  static func decode(_ bytes: [UInt8]) throws(ImageError) -> Raster {
    let input = IndexedBytes(bytes)
    var decoder = JPEG2000(input: input)
    try decoder.readMarkers(from: try codestream(input))
    return try decoder.picture()
  }

  /// Where the codestream begins: at once, or in a box.
  private static func codestream(_ input: IndexedBytes) throws(ImageError) -> Int {
    if try input.byte(0) == 0xff { return 0 }
    var position = 0
    while true {
      let (type, body, end) = try box(input, position)
      if type == "jp2c" { return body }
      if type == "jp2h" { try checkHeader(input, body, end) }
      position = end
    }
  }

  /// A box's type, where its body begins and where it ends.
  private static func box(
    _ input: IndexedBytes, _ start: Int
  ) throws(ImageError) -> (type: String, body: Int, end: Int) {
    let length = try input.number(start, bytes: 4)
    let type = String(decoding: try input.slice(start + 4, 4), as: UTF8.self)
    switch length {
    case 0: return (type, start + 8, input.count)
    case 1: return (type, start + 16, start + 16 + (try input.number(start + 12, bytes: 4)))
    case 8...: return (type, start + 8, start + length)
    default: throw broken
    }
  }

  /// Colours must be those of the codestream.
  private static func checkHeader(
    _ input: IndexedBytes, _ start: Int, _ end: Int
  ) throws(ImageError) {
    var position = start
    while position < end {
      let (type, body, next) = try box(input, position)
      if type == "pclr" { throw .unsupported("JPEG 2000 with a palette") }
      if type == "colr", try input.byte(body) == 1, try input.number(body + 3, bytes: 4) == 18 {
        throw .unsupported("JPEG 2000 in YCC")
      }
      position = next
    }
  }

  private mutating func readMarkers(from start: Int) throws(ImageError) {
    guard try input.number(start, bytes: 2) == 0xff4f else { throw JPEG2000.broken }
    var position = start + 2
    while position + 2 <= input.count {
      let marker = try input.number(position, bytes: 2)
      if marker == 0xffd9 { break }
      let length = try input.number(position + 2, bytes: 2)
      guard length >= 2 else { throw JPEG2000.broken }
      let body = IndexedBytes(Array(try input.slice(position + 4, length - 2)))
      if marker == 0xff90 {
        position = try readTilePart(body, at: position)
        continue
      }
      if marker == 0xff51 {
        try readSize(body)
      } else {
        var changed = parameters
        try read(marker, body, &changed)
        parameters = changed
      }
      position += 2 + length
    }
  }

  private mutating func readSize(_ body: IndexedBytes) throws(ImageError) {
    func number(_ index: Int) throws(ImageError) -> Int {
      try body.number(2 + index * 4, bytes: 4)
    }
    image = Area(
      left: try number(2), top: try number(3), right: try number(0), bottom: try number(1))
    tileSize = (try number(4), try number(5))
    tileOrigin = (try number(6), try number(7))
    let count = try body.number(34, bytes: 2)
    guard image.width > 0, image.height > 0, image.width <= Raster.pixelLimit / image.height,
      components.isEmpty, tileSize.width > 0, tileSize.height > 0, tileOrigin.x <= image.left,
      tileOrigin.y <= image.top, (1...4).contains(count)
    else { throw JPEG2000.broken }
    for index in 0..<count {
      let depth = try body.byte(36 + index * 3)
      let component = Component(
        depth: depth & 127 + 1, isSigned: depth > 127, across: try body.byte(37 + index * 3),
        down: try body.byte(38 + index * 3))
      guard component.across > 0, component.down > 0, component.depth <= 16 else {
        throw JPEG2000.broken
      }
      components.append(component)
    }
    parameters.coding = Array(repeating: Coding(), count: count)
    parameters.quantization = Array(repeating: Quantization(), count: count)
    parameters.hasOwnCoding = Array(repeating: false, count: count)
    parameters.hasOwnQuantization = Array(repeating: false, count: count)
  }

  private func read(
    _ marker: Int, _ body: IndexedBytes, _ parameters: inout Parameters
  ) throws(ImageError) {
    switch marker {
    case 0xff52:
      let style = try body.byte(0)
      parameters.progression = try body.byte(1)
      parameters.layers = try body.number(2, bytes: 2)
      parameters.mixes = try body.byte(4) == 1
      let coding = try readCoding(body, at: 5, precincts: style & 1 == 1)
      for index in components.indices where !parameters.hasOwnCoding[index] {
        parameters.coding[index] = coding
      }
    case 0xff53:
      let index = try body.byte(0)
      guard components.indices.contains(index) else { throw JPEG2000.broken }
      parameters.coding[index] = try readCoding(
        body, at: 2, precincts: try body.byte(1) & 1 == 1)
      parameters.hasOwnCoding[index] = true
    case 0xff5c:
      let quantization = try readQuantization(body, at: 0)
      for index in components.indices where !parameters.hasOwnQuantization[index] {
        parameters.quantization[index] = quantization
      }
    case 0xff5d:
      let index = try body.byte(0)
      guard components.indices.contains(index) else { throw JPEG2000.broken }
      parameters.quantization[index] = try readQuantization(body, at: 1)
      parameters.hasOwnQuantization[index] = true
    case 0xff5e, 0xff5f, 0xff60, 0xff61:
      throw .unsupported("a JPEG 2000 marker \(marker - 0xff00)")
    default: break
    }
  }

  private func readCoding(
    _ body: IndexedBytes, at start: Int, precincts: Bool
  ) throws(ImageError) -> Coding {
    var coding = Coding()
    coding.levels = try body.byte(start)
    coding.blockWidth = try body.byte(start + 1) + 2
    coding.blockHeight = try body.byte(start + 2) + 2
    coding.style = try body.byte(start + 3)
    coding.isReversible = try body.byte(start + 4) == 1
    guard coding.levels <= 32, coding.blockWidth <= 10, coding.blockHeight <= 10,
      coding.blockWidth + coding.blockHeight <= 12
    else { throw JPEG2000.broken }
    guard coding.style & 5 == 0 else { throw .unsupported("code blocks in several segments") }
    for resolution in 0..<(precincts ? coding.levels + 1 : 0) {
      let size = try body.byte(start + 5 + resolution)
      guard resolution == 0 || size & 15 > 0 && size >> 4 > 0 else { throw JPEG2000.broken }
      coding.precincts.append((size & 15, size >> 4))
    }
    return coding
  }

  private func readQuantization(
    _ body: IndexedBytes, at start: Int
  ) throws(ImageError) -> Quantization {
    var result = Quantization()
    let head = try body.byte(start)
    result.style = head & 31
    result.guardBits = head >> 5
    guard result.style <= 2 else { throw JPEG2000.broken }
    var position = start + 1
    while position < body.count {
      if result.style == 0 {
        result.steps.append((try body.byte(position) >> 3, 0))
        position += 1
      } else {
        let value = try body.number(position, bytes: 2)
        result.steps.append((value >> 11, value & 0x7ff))
        position += 2
      }
    }
    return result
  }

  /// Returns where the next part begins.
  private mutating func readTilePart(
    _ body: IndexedBytes, at start: Int
  ) throws(ImageError) -> Int {
    guard !components.isEmpty else { throw JPEG2000.broken }
    let index = try body.number(0, bytes: 2)
    let length = try body.number(2, bytes: 4)
    // The last part may leave its length out.
    let end = length == 0 ? input.count : start + length
    var tile = tiles[index] ?? (parameters, [])
    if tiles[index] == nil {
      tile.parameters.hasOwnCoding = components.map { _ in false }
      tile.parameters.hasOwnQuantization = components.map { _ in false }
    }
    var position = start + 12
    while true {
      let marker = try input.number(position, bytes: 2)
      if marker == 0xff93 { break }
      let length = try input.number(position + 2, bytes: 2)
      guard length >= 2 else { throw JPEG2000.broken }
      let body = IndexedBytes(Array(try input.slice(position + 4, length - 2)))
      try read(marker, body, &tile.parameters)
      position += 2 + length
    }
    guard end >= position + 2 else { throw JPEG2000.broken }
    tile.data += try input.slice(position + 2, end - position - 2)
    tiles[index] = tile
    return end
  }
}

/// A file's bytes, read anywhere with bounds checked.
struct IndexedBytes {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var count: Int { bytes.count }

  func byte(_ index: Int) throws(ImageError) -> Int {
    guard bytes.indices.contains(index) else { throw .damaged("it ends too early") }
    return Int(bytes[index])
  }

  /// An unsigned number of 1 to 4 bytes, the highest first.
  func number(_ index: Int, bytes size: Int) throws(ImageError) -> Int {
    var value = 0
    for offset in 0..<size { value = value << 8 | (try byte(index &+ offset)) }
    return value
  }

  func slice(_ start: Int, _ length: Int) throws(ImageError) -> ArraySlice<UInt8> {
    guard start >= 0, length >= 0, start <= bytes.count, length <= bytes.count - start else {
      throw .damaged("it ends too early")
    }
    return bytes[start..<(start + length)]
  }
}
