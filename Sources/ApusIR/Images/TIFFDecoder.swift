internal import ApusTensor

/// The first picture of a TIFF file (TIFF 6.0): grey, palette or RGB of 1 to 16 bits in strips or tiles,
/// stored, packed, LZW or deflated.
enum TIFFDecoder {
  private struct Layout {
    var width = 0
    var height = 0
    var depth = 1
    var samples = 1
    var photometric = 1
    var compression = 1
    var predictor = 1
    var isPlanar = false
    var blockWidth = 0
    var blockHeight = 0
    var offsets: [Int] = []
    var counts: [Int] = []
    var colours: [Int] = []
  }

  static func decode(_ bytes: [UInt8]) throws(ImageError) -> Raster {
    var reader = ImageReader(bytes)
    reader.isBigEndian = bytes[0] == 0x4D
    try reader.seek(4)
    try reader.seek(try reader.word())
    let layout = try layout(&reader)
    return try picture(layout, &reader)
  }

  private static func layout(_ reader: inout ImageReader) throws(ImageError) -> Layout {
    var tags: [Int: [Int]] = [:]
    for _ in 0..<(try reader.short()) {
      let tag = try reader.short()
      let kind = try reader.short()
      let count = try reader.word()
      let next = reader.position + 4
      let size = [1: 1, 3: 2, 4: 4][kind] ?? 0
      guard size > 0, count <= reader.bytes.count / size else {
        try reader.seek(next)
        continue
      }
      if count * size > 4 { try reader.seek(try reader.word()) }
      var values: [Int] = []
      for _ in 0..<count {
        values.append(
          size == 1 ? try reader.byte() : size == 2 ? try reader.short() : try reader.word())
      }
      tags[tag] = values
      try reader.seek(next)
    }
    func first(_ tag: Int, _ usual: Int) -> Int { tags[tag]?.first ?? usual }
    var layout = Layout()
    layout.width = first(256, 0)
    layout.height = first(257, 0)
    layout.depth = first(258, 1)
    layout.compression = first(259, 1)
    layout.photometric = first(262, 1)
    layout.samples = first(277, 1)
    layout.isPlanar = first(284, 1) == 2
    layout.predictor = first(317, 1)
    layout.colours = tags[320] ?? []
    let isTiled = tags[322] != nil
    layout.blockWidth = isTiled ? first(322, 0) : layout.width
    layout.blockHeight = isTiled ? first(323, 0) : min(first(278, layout.height), layout.height)
    layout.offsets = tags[isTiled ? 324 : 273] ?? []
    layout.counts = tags[isTiled ? 325 : 279] ?? []
    guard [1, 2, 4, 8, 16].contains(layout.depth), (1...4).contains(layout.samples),
      [0, 1, 2, 3].contains(layout.photometric), layout.photometric != 2 || layout.samples >= 3,
      [1, 5, 8, 32773, 32946].contains(layout.compression), [1, 2].contains(layout.predictor),
      layout.predictor == 1 || layout.depth == 8, first(339, 1) == 1,
      tags[258]?.allSatisfy({ $0 == layout.depth }) ?? true
    else { throw .unsupported("this kind of TIFF picture") }
    guard layout.blockWidth > 0, layout.blockHeight > 0,
      layout.blockWidth <= Raster.pixelLimit,
      layout.blockHeight <= Raster.pixelLimit / layout.blockWidth,
      layout.offsets.count == layout.counts.count
    else { throw .damaged("strips without meaning") }
    return layout
  }

  private static func picture(
    _ layout: Layout, _ reader: inout ImageReader
  ) throws(ImageError) -> Raster {
    var raster = try Raster(width: layout.width, height: layout.height)
    let across = (layout.width + layout.blockWidth - 1) / layout.blockWidth
    let down = (layout.height + layout.blockHeight - 1) / layout.blockHeight
    let planes = layout.isPlanar ? layout.samples : 1
    let inBlock = layout.isPlanar ? 1 : layout.samples
    guard layout.offsets.count >= across * down * planes else {
      throw .damaged("strips are missing")
    }
    let rowBytes = (layout.blockWidth * inBlock * layout.depth + 7) / 8
    let top = layout.depth >= 8 ? 255 : 1 << layout.depth - 1
    for block in 0..<(across * down) {
      let (left, upper) = (block % across * layout.blockWidth, block / across * layout.blockHeight)
      let isStrip = layout.blockWidth == layout.width
      let rows = isStrip ? min(layout.blockHeight, layout.height - upper) : layout.blockHeight
      var data: [[UInt8]] = []
      for plane in 0..<planes {
        let index = plane * across * down + block
        try reader.seek(layout.offsets[index])
        var bytes = try expand(
          Array(try reader.take(layout.counts[index])), layout.compression, size: rowBytes * rows)
        if layout.predictor == 2 {
          for row in 0..<rows {
            for place
              in (row * rowBytes + inBlock)..<max((row + 1) * rowBytes, row * rowBytes + inBlock)
            {
              bytes[place] &+= bytes[place - inBlock]
            }
          }
        }
        data.append(bytes)
      }
      func sample(_ row: Int, _ column: Int, _ index: Int) -> Int {
        let bytes = data[layout.isPlanar ? index : 0]
        let place = column * inBlock + (layout.isPlanar ? 0 : index)
        if layout.depth == 16 {
          return Int(bytes[row * rowBytes + place * 2 + (reader.isBigEndian ? 0 : 1)])
        }
        let bit = place * layout.depth
        return Int(bytes[row * rowBytes + bit / 8]) >> (8 - layout.depth - bit % 8)
          & (1 << layout.depth - 1)
      }
      for row in 0..<min(rows, layout.height - upper) {
        for column in 0..<min(layout.blockWidth, layout.width - left) {
          let pixel = (upper + row) * layout.width + left + column
          let value = sample(row, column, 0)
          switch layout.photometric {
          case 2:
            raster.set(
              pixel, UInt8(value), UInt8(sample(row, column, 1)), UInt8(sample(row, column, 2)))
          case 3:
            let count = layout.colours.count / 3
            guard value < count else { throw .damaged("a colour that is not listed") }
            func part(_ index: Int) -> UInt8 {
              UInt8(truncatingIfNeeded: layout.colours[index * count + value] >> 8)
            }
            raster.set(pixel, part(0), part(1), part(2))
          default:
            let grey = UInt8((layout.photometric == 0 ? top - value : value) * 255 / top)
            raster.set(pixel, grey, grey, grey)
          }
        }
      }
    }
    return raster
  }

  private static func expand(
    _ bytes: [UInt8], _ compression: Int, size: Int
  ) throws(ImageError) -> [UInt8] {
    var result: [UInt8]
    switch compression {
    case 5: result = try lzw(bytes, size: size)
    case 8, 32946: return try Inflate.zlib(bytes, size: size)
    case 32773: result = try unpacked(bytes, size: size)
    default: result = bytes
    }
    guard result.count >= size else { throw .damaged("a strip ends too early") }
    result.removeSubrange(size...)
    return result
  }

  /// PackBits: runs and literal stretches.
  private static func unpacked(_ bytes: [UInt8], size: Int) throws(ImageError) -> [UInt8] {
    var result: [UInt8] = []
    var reader = ImageReader(bytes)
    while result.count < size {
      let code = try reader.byte()
      if code < 128 {
        result += try reader.take(code + 1)
      } else if code > 128 {
        result += [UInt8](repeating: UInt8(try reader.byte()), count: 257 - code)
      }
    }
    return result
  }

  /// LZW with codes from the high bits down, which grow one entry early.
  private static func lzw(_ bytes: [UInt8], size: Int) throws(ImageError) -> [UInt8] {
    var result: [UInt8] = []
    /// Where each entry lies in the result.
    var entries: [Range<Int>] = []
    var width = 9
    var buffer = 0
    var available = 0
    var previous: Range<Int>?
    for byte in bytes {
      buffer = (buffer << 8 | Int(byte)) & 0xFF_FFFF
      available += 8
      guard available >= width else { continue }
      available -= width
      let code = buffer >> available & (1 << width - 1)
      if code == 257 { break }
      if code == 256 {
        entries.removeAll(keepingCapacity: true)
        width = 9
        previous = nil
        continue
      }
      let start = result.count
      if code < 256 {
        result.append(UInt8(code))
      } else if code - 258 < entries.count {
        for place in entries[code - 258] { result.append(result[place]) }
      } else if let previous, code - 258 == entries.count {
        for place in previous { result.append(result[place]) }
        result.append(result[previous.lowerBound])
      } else {
        throw .damaged("a code that does not exist")
      }
      // An entry is the one before with the next byte, and these lie beside each other.
      if let previous { entries.append(previous.lowerBound..<(previous.upperBound + 1)) }
      previous = start..<result.count
      if result.count >= size { break }
      let next = entries.count + 258 + 1
      width = next >= 2048 ? 12 : next >= 1024 ? 11 : next >= 512 ? 10 : 9
    }
    return result
  }
}
