internal import ApusTensor
/// Portable network graphics (www.w3.org/TR/png-3): every colour type, depth and interlacing. Alpha is
/// left out, 16 bits become 8.
enum PNGDecoder {
  private struct Header {
    var width = 0
    var height = 0
    var depth = 0
    var colour = 0
    var isInterlaced = false

    var samples: Int { [1, 0, 3, 1, 2, 0, 4][colour] }
    func rowBytes(_ width: Int) -> Int { (width * samples * depth + 7) / 8 }
  }

  static func decode(_ bytes: [UInt8]) throws(ImageError) -> Raster {
    var reader = ImageReader(bytes)
    try reader.seek(8)
    var header: Header?
    var palette: [UInt8] = []
    var stream: [UInt8] = []
    while true {
      let length = try reader.word()
      let kind = Array(try reader.take(4))
      let start = reader.position
      let content = try reader.take(length)
      _ = try reader.take(4)
      switch kind {
      case [0x49, 0x48, 0x44, 0x52]:  // IHDR
        var fields = reader
        try fields.seek(start)
        header = try readHeader(&fields)
      case [0x50, 0x4C, 0x54, 0x45]: palette = Array(content)  // PLTE
      case [0x49, 0x44, 0x41, 0x54]: stream += content  // IDAT
      case [0x49, 0x45, 0x4E, 0x44]:  // IEND
        guard let header else { throw .damaged("it has no header") }
        return try picture(header, palette, stream)
      default: break
      }
    }
  }

  private static func readHeader(_ reader: inout ImageReader) throws(ImageError) -> Header {
    var header = Header()
    header.width = try reader.word()
    header.height = try reader.word()
    header.depth = try reader.byte()
    header.colour = try reader.byte()
    let methods = [try reader.byte(), try reader.byte()]
    let interlacing = try reader.byte()
    let depths = [0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]]
    guard depths[header.colour]?.contains(header.depth) == true, methods == [0, 0],
      interlacing < 2
    else { throw .damaged("a header without meaning") }
    header.isInterlaced = interlacing == 1
    return header
  }

  private static func picture(
    _ header: Header, _ palette: [UInt8], _ stream: [UInt8]
  ) throws(ImageError) -> Raster {
    var raster = try Raster(width: header.width, height: header.height)
    /// Start and step of each pass, by column and row.
    let passes =
      header.isInterlaced
      ? [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
      ] : [(0, 0, 1, 1)]
    func extent(_ size: Int, _ start: Int, _ step: Int) -> Int {
      max(0, (size - start + step - 1) / step)
    }
    var total = 0
    for (x, y, stepX, stepY) in passes {
      let width = extent(header.width, x, stepX)
      if width > 0 {
        total += (header.rowBytes(width) + 1) * extent(header.height, y, stepY)
      }
    }
    let data = try Inflate.zlib(stream, size: total)
    var position = 0
    let unit = max(1, header.samples * header.depth / 8)
    for (x, y, stepX, stepY) in passes {
      let width = extent(header.width, x, stepX)
      guard width > 0 else { continue }
      let rowBytes = header.rowBytes(width)
      var above = [UInt8](repeating: 0, count: rowBytes)
      for line in 0..<extent(header.height, y, stepY) {
        let filter = data[position]
        var row = Array(data[(position + 1)...(position + rowBytes)])
        position += rowBytes + 1
        try unfilter(&row, above, filter, unit)
        for column in 0..<width {
          let (red, green, blue) = try colour(header, palette, row, column)
          raster.set(
            (y + line * stepY) * header.width + x + column * stepX, red, green, blue)
        }
        above = row
      }
    }
    return raster
  }

  private static func unfilter(
    _ row: inout [UInt8], _ above: [UInt8], _ filter: UInt8, _ unit: Int
  ) throws(ImageError) {
    guard filter < 5 else { throw .damaged("a filter that does not exist") }
    guard filter > 0 else { return }
    for index in row.indices {
      let left = index >= unit ? Int(row[index - unit]) : 0
      let up = Int(above[index])
      let corner = index >= unit ? Int(above[index - unit]) : 0
      let prediction: Int
      switch filter {
      case 1: prediction = left
      case 2: prediction = up
      case 3: prediction = (left + up) / 2
      default:
        let guess = left + up - corner
        let (a, b, c) = (abs(guess - left), abs(guess - up), abs(guess - corner))
        prediction = a <= b && a <= c ? left : b <= c ? up : corner
      }
      row[index] &+= UInt8(prediction)
    }
  }

  private static func colour(
    _ header: Header, _ palette: [UInt8], _ row: [UInt8], _ column: Int
  ) throws(ImageError) -> (UInt8, UInt8, UInt8) {
    func sample(_ index: Int) -> UInt8 {
      let place = column * header.samples + index
      if header.depth == 16 { return row[place * 2] }
      if header.depth == 8 { return row[place] }
      let bit = place * header.depth
      return row[bit / 8] >> UInt8(8 - header.depth - bit % 8) & UInt8(1 << header.depth - 1)
    }
    switch header.colour {
    case 2, 6: return (sample(0), sample(1), sample(2))
    case 3:
      let index = Int(sample(0)) * 3
      guard index + 2 < palette.count else { throw .damaged("a colour that is not listed") }
      return (palette[index], palette[index + 1], palette[index + 2])
    default:
      let top = header.depth < 8 ? 1 << header.depth - 1 : 255
      let grey = UInt8(Int(sample(0)) * 255 / top)
      return (grey, grey, grey)
    }
  }
}
