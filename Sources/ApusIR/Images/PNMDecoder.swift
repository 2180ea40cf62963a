/// Portable bitmaps, graymaps and pixmaps (netpbm.sourceforge.net/doc), plain and raw.
enum PNMDecoder {
  static func decode(_ bytes: [UInt8]) throws(ImageError) -> Raster {
    var reader = ImageReader(bytes)
    _ = try reader.byte()
    let kind = try reader.byte() - 0x30
    let width = try number(&reader)
    let height = try number(&reader)
    let isBitmap = kind == 1 || kind == 4
    let top = isBitmap ? 1 : try number(&reader)
    guard top > 0, top < 65536 else { throw .damaged("a highest value of \(top)") }
    let samples = kind == 3 || kind == 6 ? 3 : 1
    let isPlain = kind < 4
    var raster = try emptyRaster(width, height, samples, top, isPlain, isBitmap, reader.left)
    if !isPlain {
      // One white space stands between header and pixels.
      _ = try reader.byte()
    }
    for row in 0..<height {
      var bits = 0
      for column in 0..<width {
        var values = [0, 0, 0]
        for sample in 0..<samples {
          var value: Int
          if kind == 4 {
            if column % 8 == 0 { bits = try reader.byte() }
            value = bits >> (7 - column % 8) & 1
          } else if kind == 1 {
            value = try digit(&reader)
          } else if isPlain {
            value = try number(&reader)
          } else {
            value = top < 256 ? try reader.byte() : try reader.short()
          }
          value = min(value, top)
          // Ones of bitmaps are black.
          values[sample] = isBitmap ? 255 - 255 * value : (value * 255 + top / 2) / top
        }
        if samples == 1 { values = [values[0], values[0], values[0]] }
        raster.set(
          row * width + column, UInt8(values[0]), UInt8(values[1]), UInt8(values[2]))
      }
    }
    return raster
  }

  /// Makes the picture where the file has enough bytes for it.
  private static func emptyRaster(
    _ width: Int, _ height: Int, _ samples: Int, _ top: Int, _ isPlain: Bool, _ isBitmap: Bool,
    _ left: Int
  ) throws(ImageError) -> Raster {
    guard width > 0, height > 0, width <= Raster.pixelLimit, height <= Raster.pixelLimit / width
    else { throw .damaged("a size of \(width) by \(height)") }
    let rowBytes =
      isBitmap && !isPlain ? (width + 7) / 8 : width * samples * (top > 255 && !isPlain ? 2 : 1)
    guard rowBytes * height <= left else { throw .damaged("it ends too early") }
    return try Raster(width: width, height: height)
  }

  private static func isSpace(_ byte: Int) -> Bool { byte == 32 || (9...13).contains(byte) }

  /// Steps over white space and comments.
  private static func skip(_ reader: inout ImageReader) throws(ImageError) -> Int {
    while true {
      var byte = try reader.byte()
      if byte == 0x23 {
        while byte != 10 { byte = try reader.byte() }
      } else if !isSpace(byte) {
        return byte
      }
    }
  }

  private static func digit(_ reader: inout ImageReader) throws(ImageError) -> Int {
    let byte = try skip(&reader)
    guard byte == 0x30 || byte == 0x31 else { throw .damaged("a bit that is no digit") }
    return byte - 0x30
  }

  private static func number(_ reader: inout ImageReader) throws(ImageError) -> Int {
    var byte = try skip(&reader)
    var value = 0
    var digits = 0
    while (0x30...0x39).contains(byte) {
      value = value * 10 + byte - 0x30
      digits += 1
      guard digits < 10 else { throw .damaged("a number is too long") }
      guard reader.left > 0 else { return value }
      byte = try reader.byte()
    }
    guard digits > 0 else { throw .damaged("a number is missing") }
    // What ends the number may belong to the pixels.
    reader.position -= 1
    return value
  }
}
