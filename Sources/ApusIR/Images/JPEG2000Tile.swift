/// One tile: its bands, the packets that fill their code blocks, and the way back to samples.
struct JPEG2000Tile {
  struct Block {
    var area: JPEG2000.Area
    var isIncluded = false
    var zeroPlanes = 0
    var passes = 0
    var lengthBits = 3
    var data: [UInt8] = []
  }

  /// The blocks of a band within one precinct.
  struct Precinct {
    var columns = 0
    var rows = 0
    var blocks: [Block] = []
    var inclusion = TagTree(columns: 0, rows: 0)
    var planes = TagTree(columns: 0, rows: 0)
  }

  struct Band {
    var area: JPEG2000.Area
    /// 0 for LL, 1 for HL, 2 for LH, 3 for HH.
    var kind: Int
    var exponent: Int
    var mantissa: Int
    var precincts: [Precinct] = []
  }

  struct Resolution {
    var area: JPEG2000.Area
    var across = 0
    var down = 0
    /// Logarithms of the precincts' extents.
    var precinct: (width: Int, height: Int)
    var bands: [Band] = []
  }

  let frame: JPEG2000
  let parameters: JPEG2000.Parameters
  let area: JPEG2000.Area
  private(set) var areas: [JPEG2000.Area] = []
  private var resolutions: [[Resolution]] = []
  private var reader: PacketBits

  init(
    _ frame: JPEG2000, _ parameters: JPEG2000.Parameters, _ area: JPEG2000.Area, _ data: [UInt8]
  ) throws(ImageError) {
    self.frame = frame
    self.parameters = parameters
    self.area = area
    reader = PacketBits(IndexedBytes(data))
    for (index, component) in frame.components.enumerated() {
      let own = JPEG2000.Area(
        left: JPEG2000.ceiling(area.left, component.across),
        top: JPEG2000.ceiling(area.top, component.down),
        right: JPEG2000.ceiling(area.right, component.across),
        bottom: JPEG2000.ceiling(area.bottom, component.down))
      areas.append(own)
      resolutions.append(try makeResolutions(index, own, data.count))
    }
  }

  private func shrunk(_ value: Int, _ levels: Int) -> Int { (value + (1 << levels) - 1) >> levels }

  private func makeResolutions(
    _ component: Int, _ own: JPEG2000.Area, _ bytes: Int
  ) throws(ImageError) -> [Resolution] {
    let coding = parameters.coding[component]
    let quantization = parameters.quantization[component]
    var result: [Resolution] = []
    for resolution in 0...coding.levels {
      let level = coding.levels - resolution
      let area = JPEG2000.Area(
        left: shrunk(own.left, level), top: shrunk(own.top, level),
        right: shrunk(own.right, level), bottom: shrunk(own.bottom, level))
      let size = coding.precinct(resolution)
      var next = Resolution(area: area, precinct: size)
      if area.width > 0 {
        next.across = shrunk(area.right, size.width) - area.left >> size.width
      }
      if area.height > 0 {
        next.down = shrunk(area.bottom, size.height) - area.top >> size.height
      }
      // Each precinct has a packet of a byte at least.
      guard next.across * next.down <= bytes + 1 else { throw JPEG2000.broken }
      let blocks =
        (area.width >> coding.blockWidth + 2) * (area.height >> coding.blockHeight + 2)
      guard blocks <= 1 << 20 else { throw .unsupported("a tile of \(blocks) code blocks") }
      for kind in resolution == 0 ? 0...0 : 1...3 {
        let number = resolution == 0 ? 0 : 3 * (resolution - 1) + kind
        let step = try quantization.step(number)
        let depth = resolution == 0 ? level : level + 1
        let band = JPEG2000.Area(
          left: bandStart(own.left, depth, kind & 1), top: bandStart(own.top, depth, kind >> 1),
          right: bandStart(own.right, depth, kind & 1),
          bottom: bandStart(own.bottom, depth, kind >> 1))
        var made = Band(
          area: band, kind: kind, exponent: step.exponent, mantissa: step.mantissa)
        let inset = resolution == 0 ? 0 : 1
        for row in 0..<next.down {
          for column in 0..<next.across {
            let left = (area.left >> size.width + column) << (size.width - inset)
            let top = (area.top >> size.height + row) << (size.height - inset)
            let bounds = JPEG2000.Area(
              left: max(left, band.left), top: max(top, band.top),
              right: min(left + 1 << (size.width - inset), band.right),
              bottom: min(top + 1 << (size.height - inset), band.bottom))
            made.precincts.append(
              precinct(
                bounds, min(coding.blockWidth, size.width - inset),
                min(coding.blockHeight, size.height - inset)))
          }
        }
        next.bands.append(made)
      }
      result.append(next)
    }
    return result
  }

  private func bandStart(_ value: Int, _ level: Int, _ offset: Int) -> Int {
    guard level > 0 else { return value }
    return (value - offset << (level - 1) + (1 << level) - 1) >> level
  }

  private func precinct(
    _ bounds: JPEG2000.Area, _ width: Int, _ height: Int
  ) -> Precinct {
    var result = Precinct()
    guard bounds.width > 0, bounds.height > 0 else { return result }
    let columns = (bounds.left >> width)..<shrunk(bounds.right, width)
    let rows = (bounds.top >> height)..<shrunk(bounds.bottom, height)
    result.columns = columns.count
    result.rows = rows.count
    for row in rows {
      for column in columns {
        result.blocks.append(
          Block(
            area: JPEG2000.Area(
              left: max(column << width, bounds.left), top: max(row << height, bounds.top),
              right: min((column + 1) << width, bounds.right),
              bottom: min((row + 1) << height, bounds.bottom))))
      }
    }
    result.inclusion = TagTree(columns: result.columns, rows: result.rows)
    result.planes = TagTree(columns: result.columns, rows: result.rows)
    return result
  }

  // MARK: Packets

  private typealias Packet = (layer: Int, resolution: Int, component: Int, precinct: Int)

  mutating func samples() throws(ImageError) -> [[Double]] {
    for packet in try order() {
      guard reader.position < reader.input.count else { break }
      try read(packet)
    }
    var result: [[Double]] = []
    for component in frame.components.indices { result.append(try samples(component)) }
    return result
  }

  /// All packets in the order of the progression.
  private func order() throws(ImageError) -> [Packet] {
    var packets: [(packet: Packet, key: [Int])] = []
    for (component, levels) in resolutions.enumerated() {
      let sampling = frame.components[component]
      for (resolution, level) in levels.enumerated() {
        let scale = levels.count - 1 - resolution
        for precinct in 0..<(level.across * level.down) {
          // Where the precinct begins on the reference grid, or the tile where that is further.
          let x = level.area.left >> level.precinct.width + precinct % level.across
          let y = level.area.top >> level.precinct.height + precinct / level.across
          let left = max(area.left, x << (level.precinct.width + scale) &* sampling.across)
          let top = max(area.top, y << (level.precinct.height + scale) &* sampling.down)
          for layer in 0..<parameters.layers {
            let key: [Int]
            switch parameters.progression {
            case 0: key = [layer, resolution, component, precinct]
            case 1: key = [resolution, layer, component, precinct]
            case 2: key = [resolution, top, left, component, precinct, layer]
            case 3: key = [top, left, component, resolution, precinct, layer]
            case 4: key = [component, top, left, resolution, precinct, layer]
            default: throw JPEG2000.broken
            }
            guard packets.count <= 8 * (reader.input.count + 1) else { throw JPEG2000.broken }
            packets.append(((layer, resolution, component, precinct), key))
          }
        }
      }
    }
    packets.sort { $0.key.lexicographicallyPrecedes($1.key) }
    return packets.map(\.packet)
  }

  private mutating func read(_ packet: Packet) throws(ImageError) {
    if reader.starts(with: 0x91) { reader.position += 6 }
    reader.begin()
    var found: [(band: Int, block: Int, length: Int)] = []
    if try reader.bit() == 1 {
      for band in resolutions[packet.component][packet.resolution].bands.indices {
        try readHeader(packet, band, &found)
      }
    }
    reader.align()
    if reader.starts(with: 0x92) { reader.position += 2 }
    for entry in found {
      let bytes = try reader.input.slice(reader.position, entry.length)
      resolutions[packet.component][packet.resolution].bands[entry.band]
        .precincts[packet.precinct].blocks[entry.block].data += bytes
      reader.position += entry.length
    }
  }

  private mutating func readHeader(
    _ packet: Packet, _ band: Int, _ found: inout [(band: Int, block: Int, length: Int)]
  ) throws(ImageError) {
    var precinct = resolutions[packet.component][packet.resolution].bands[band]
      .precincts[packet.precinct]
    for index in precinct.blocks.indices {
      let (column, row) = (index % precinct.columns, index / precinct.columns)
      if precinct.blocks[index].isIncluded {
        guard try reader.bit() == 1 else { continue }
      } else {
        guard
          try precinct.inclusion.value(column, row, below: packet.layer + 1, &reader) != nil
        else { continue }
        precinct.blocks[index].isIncluded = true
        var limit = 1
        while true {
          if let planes = try precinct.planes.value(column, row, below: limit, &reader) {
            precinct.blocks[index].zeroPlanes = planes
            break
          }
          limit += 1
          guard limit < 80 else { throw JPEG2000.broken }
        }
      }
      let passes = try reader.passes()
      while try reader.bit() == 1 {
        precinct.blocks[index].lengthBits += 1
        guard precinct.blocks[index].lengthBits < 32 else { throw JPEG2000.broken }
      }
      let bits = precinct.blocks[index].lengthBits + (Int.bitWidth - 1 - passes.leadingZeroBitCount)
      precinct.blocks[index].passes += passes
      found.append((band, index, try reader.number(bits)))
    }
    resolutions[packet.component][packet.resolution].bands[band].precincts[packet.precinct] =
      precinct
  }

  // MARK: Samples

  private func samples(_ component: Int) throws(ImageError) -> [Double] {
    let coding = parameters.coding[component]
    let levels = resolutions[component]
    var result = try coefficients(levels[0].bands[0], component)
    for level in levels.dropFirst() {
      var bands: [[Double]] = [result]
      for band in level.bands { bands.append(try coefficients(band, component)) }
      result = Wavelet.joined(bands, level.area, reversible: coding.isReversible)
    }
    return result
  }

  private func coefficients(_ band: Band, _ component: Int) throws(ImageError) -> [Double] {
    let coding = parameters.coding[component]
    let planes = parameters.quantization[component].guardBits + band.exponent - 1
    let gain = [0, 1, 1, 2][band.kind]
    let range = frame.components[component].depth + gain - band.exponent
    let step =
      coding.isReversible
      ? 1
      : Double(sign: .plus, exponent: range, significand: 1) * (1 + Double(band.mantissa) / 2048)
    var values = [Double](repeating: 0, count: band.area.width * band.area.height)
    for precinct in band.precincts {
      for block in precinct.blocks where block.passes > 0 {
        var decoder = JPEG2000Block(
          width: block.area.width, height: block.area.height, kind: band.kind,
          style: coding.style, data: block.data)
        let found = try decoder.decode(
          planes: planes - block.zeroPlanes, passes: block.passes,
          reversible: coding.isReversible)
        for row in 0..<block.area.height {
          let line = (block.area.top - band.area.top + row) * band.area.width
          for column in 0..<block.area.width {
            values[line + block.area.left - band.area.left + column] =
              found[row * block.area.width + column] * step
          }
        }
      }
    }
    return values
  }
}

/// Numbers of a grid that are told bit by bit, as far as they matter. Source: ITU-T T.800, B.10.2.
struct TagTree {
  private struct Node {
    var low = 0
    var isKnown = false
  }

  private var levels: [(columns: Int, rows: Int, nodes: [Node])] = []

  init(columns: Int, rows: Int) {
    var (columns, rows) = (columns, rows)
    guard columns > 0, rows > 0 else { return }
    while true {
      levels.append((columns, rows, Array(repeating: Node(), count: columns * rows)))
      if columns == 1 && rows == 1 { break }
      (columns, rows) = ((columns + 1) / 2, (rows + 1) / 2)
    }
  }

  /// The value, or nil where it is not below the limit.
  mutating func value(
    _ column: Int, _ row: Int, below limit: Int, _ reader: inout PacketBits
  ) throws(ImageError) -> Int? {
    var low = 0
    for level in levels.indices.reversed() {
      let index = (row >> level) * levels[level].columns + column >> level
      var node = levels[level].nodes[index]
      node.low = max(node.low, low)
      while !node.isKnown && node.low < limit {
        if try reader.bit() == 1 { node.isKnown = true } else { node.low += 1 }
      }
      levels[level].nodes[index] = node
      low = node.low
      if !node.isKnown { return nil }
    }
    return low < limit ? low : nil
  }
}

/// The bits of packet headers; the byte behind 0xff has seven.
struct PacketBits {
  let input: IndexedBytes
  var position = 0
  private var current = 0
  private var left = 0

  init(_ input: IndexedBytes) { self.input = input }

  mutating func begin() {
    left = 0
    current = 0
  }

  /// Whether a marker 0xff.. stands here.
  func starts(with code: UInt8) -> Bool {
    position + 1 < input.count && input.bytes[position] == 0xff && input.bytes[position + 1] == code
  }

  mutating func bit() throws(ImageError) -> Int {
    if left == 0 {
      left = current == 0xff ? 7 : 8
      current = try input.byte(position)
      position += 1
    }
    left -= 1
    return current >> left & 1
  }

  mutating func number(_ count: Int) throws(ImageError) -> Int {
    guard count < 48 else { throw JPEG2000.broken }
    var value = 0
    for _ in 0..<count { value = value << 1 | (try bit()) }
    return value
  }

  /// Ends the header; a byte follows where the last one is 0xff.
  mutating func align() {
    if current == 0xff { position += 1 }
    begin()
  }

  /// The number of coding passes.
  mutating func passes() throws(ImageError) -> Int {
    if try bit() == 0 { return 1 }
    if try bit() == 0 { return 2 }
    let few = try number(2)
    if few < 3 { return 3 + few }
    let some = try number(5)
    return some < 31 ? 6 + some : 37 + (try number(7))
  }
}
