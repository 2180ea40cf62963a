/// Windows bitmaps: uncompressed, with masks, and run-length encoded ones of 8 bits.
enum BMPDecoder {
  static func decode(_ bytes: [UInt8]) throws(ImageError) -> Raster {
    var reader = ImageReader(bytes)
    reader.isBigEndian = false
    try reader.seek(10)
    let start = try reader.word()
    let headerSize = try reader.word()
    let isOld = headerSize == 12
    guard isOld || headerSize >= 40 else { throw .damaged("a header of \(headerSize) bytes") }
    let width = isOld ? try reader.short() : signed(try reader.word())
    let signedHeight = isOld ? try reader.short() : signed(try reader.word())
    _ = try reader.short()
    let depth = try reader.short()
    var compression = 0
    var colours = 0
    if !isOld {
      compression = try reader.word()
      try reader.seek(46)
      colours = try reader.word()
    }
    let height = signedHeight.magnitude
    var raster = try Raster(width: width, height: Int(min(height, UInt(Int32.max))))
    guard [1, 4, 8, 16, 24, 32].contains(depth) else { throw .damaged("\(depth) bits a pixel") }
    guard [0, 1, 3].contains(compression), compression != 1 || depth == 8,
      compression != 3 || depth == 16 || depth == 32
    else { throw .unsupported("bitmaps with compression \(compression)") }
    var masks = depth == 16 ? [0x7C00, 0x3E0, 0x1F] : [0xFF0000, 0xFF00, 0xFF]
    if compression == 3 {
      try reader.seek(54)
      for index in 0..<3 { masks[index] = try reader.word() }
    }
    var palette: [[UInt8]] = []
    if depth <= 8 {
      let count = colours == 0 ? 1 << depth : min(colours, 256)
      try reader.seek(14 + headerSize)
      for _ in 0..<count {
        let entry = Array(try reader.take(isOld ? 3 : 4))
        palette.append([entry[2], entry[1], entry[0]])
      }
    }
    try reader.seek(start)
    let indices =
      compression == 1 ? try runs(&reader, width: width, height: raster.height) : []
    let rowBytes = (width * depth + 31) / 32 * 4
    for line in 0..<raster.height {
      let row = signedHeight > 0 ? raster.height - 1 - line : line
      let data = compression == 1 ? [] : Array(try reader.take(rowBytes))
      for column in 0..<width {
        var colour: [UInt8]
        switch depth {
        case 24:
          colour = [data[column * 3 + 2], data[column * 3 + 1], data[column * 3]]
        case 16, 32:
          var value = 0
          for byte in (0..<(depth / 8)).reversed() {
            value = value << 8 | Int(data[column * depth / 8 + byte])
          }
          colour = masks.map { scaled(value, mask: $0) }
        default:
          let index: Int
          if compression == 1 {
            index = Int(indices[line * width + column])
          } else {
            let bit = column * depth
            index = Int(data[bit / 8]) >> (8 - depth - bit % 8) & (1 << depth - 1)
          }
          guard index < palette.count else { throw .damaged("a colour that is not listed") }
          colour = palette[index]
        }
        raster.set(row * width + column, colour[0], colour[1], colour[2])
      }
    }
    return raster
  }

  private static func signed(_ value: Int) -> Int { Int(Int32(truncatingIfNeeded: value)) }

  /// The bits under a mask as 8 bits.
  private static func scaled(_ value: Int, mask: Int) -> UInt8 {
    guard mask != 0 else { return 0 }
    let shift = mask.trailingZeroBitCount
    let top = mask >> shift
    return UInt8(((value & mask) >> shift) * 255 / top)
  }

  /// Expands runs of colour numbers.
  private static func runs(
    _ reader: inout ImageReader, width: Int, height: Int
  ) throws(ImageError) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: width * height)
    var (column, line) = (0, 0)
    func put(_ value: UInt8) {
      if column < width, line < height { result[line * width + column] = value }
      column += 1
    }
    while true {
      let (count, code) = (try reader.byte(), try reader.byte())
      if count > 0 {
        for _ in 0..<count { put(UInt8(code)) }
        continue
      }
      switch code {
      case 0:
        column = 0
        line += 1
      case 1: return result
      case 2:
        column += try reader.byte()
        line += try reader.byte()
      default:
        for value in try reader.take(code) { put(value) }
        if code % 2 == 1 { _ = try reader.byte() }
      }
    }
  }
}
