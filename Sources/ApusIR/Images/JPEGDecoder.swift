/// JPEG pictures of 8 bits (ITU-T T.81): baseline, extended and progressive with Huffman codes, one or three
/// components. The inverse transform and the enlarging of colours are those of libjpeg's default.
struct JPEGDecoder {
  struct Component {
    var id = 0
    var horizontal = 1
    var vertical = 1
    var table = 0
    /// Blocks of the stored coefficients, whole units of the interleaving.
    var blocksAcross = 0
    var blocksDown = 0
    /// Samples of the picture, which may end within a block.
    var width = 0
    var height = 0
    var coefficients: [Int16] = []
    var direct = 0
    var alternating = 0
    var predicted = 0
  }

  var reader: ImageReader
  var components: [Component] = []
  var direct = [JPEGCode?](repeating: nil, count: 4)
  var alternating = [JPEGCode?](repeating: nil, count: 4)
  var restartInterval = 0
  var isProgressive = false
  var width = 0
  var height = 0
  var widest = 1
  var tallest = 1
  /// A scan of a large picture may take a few bytes, so their number bounds the time.
  private static let scanLimit = 500
  private var quantization = [[Int]?](repeating: nil, count: 4)
  private var colourTransform: Int?
  private var isJFIF = false

  static func decode(_ bytes: [UInt8]) throws(ImageError) -> Raster {
    var decoder = JPEGDecoder(reader: ImageReader(bytes))
    try decoder.readSegments()
    return try decoder.picture()
  }

  private init(reader: ImageReader) { self.reader = reader }

  private mutating func readSegments() throws(ImageError) {
    try reader.seek(2)
    var scans = 0
    while true {
      guard let marker = try nextMarker(isLast: scans > 0) else { return }
      switch marker {
      case 0xD9: return
      case 0x01, 0xD0...0xD8: continue
      default: break
      }
      let length = try reader.short()
      let end = reader.position + length - 2
      guard length >= 2, end <= reader.bytes.count else { throw .damaged("a segment is cut off") }
      switch marker {
      case 0xC0, 0xC1, 0xC2:
        isProgressive = marker == 0xC2
        try readFrame()
      case 0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
        throw .unsupported("lossless, hierarchical and arithmetically coded JPEG pictures")
      case 0xC4: try readCodes(end)
      case 0xDB: try readQuantization(end)
      case 0xDD: restartInterval = try reader.short()
      case 0xE0:
        if length >= 7, try reader.take(4) == [0x4A, 0x46, 0x49, 0x46] { isJFIF = true }
      case 0xEE:
        if length >= 14, try reader.take(5) == [0x41, 0x64, 0x6F, 0x62, 0x65] {
          try reader.seek(reader.position + 6)
          colourTransform = try reader.byte()
        }
      case 0xDA:
        let selection = try readScanHeader()
        scans += 1
        guard scans <= Self.scanLimit else { throw .damaged("more than \(Self.scanLimit) scans") }
        var scan = JPEGScan(selection)
        try scan.run(&self)
        continue
      default: break
      }
      try reader.seek(end)
    }
  }

  /// The next marker; nil at the end of a file that lacks the last one.
  private mutating func nextMarker(isLast: Bool) throws(ImageError) -> Int? {
    while true {
      guard reader.left > 1 || !isLast else { return nil }
      guard try reader.byte() == 0xFF else { continue }
      var code = 0xFF
      while code == 0xFF { code = try reader.byte() }
      if code != 0 { return code }
    }
  }

  private mutating func readFrame() throws(ImageError) {
    guard components.isEmpty else { throw .damaged("it has two frames") }
    let depth = try reader.byte()
    height = try reader.short()
    width = try reader.short()
    let count = try reader.byte()
    guard depth == 8 else { throw .unsupported("JPEG pictures of \(depth) bits") }
    guard count == 1 || count == 3 else {
      throw .unsupported("JPEG pictures of \(count) components")
    }
    guard width > 0, height > 0, height <= Raster.pixelLimit / width else {
      throw .damaged("a size of \(width) by \(height)")
    }
    for _ in 0..<count {
      var component = Component()
      component.id = try reader.byte()
      let factors = try reader.byte()
      component.horizontal = factors >> 4
      component.vertical = factors & 15
      component.table = try reader.byte()
      guard (1...4).contains(component.horizontal), (1...4).contains(component.vertical),
        component.table < 4, !components.contains(where: { $0.id == component.id })
      else { throw .damaged("a component without meaning") }
      components.append(component)
    }
    widest = components.map(\.horizontal).max() ?? 1
    tallest = components.map(\.vertical).max() ?? 1
    for index in components.indices {
      let (h, v) = (components[index].horizontal, components[index].vertical)
      components[index].width = (width * h + widest - 1) / widest
      components[index].height = (height * v + tallest - 1) / tallest
      components[index].blocksAcross = (width + 8 * widest - 1) / (8 * widest) * h
      components[index].blocksDown = (height + 8 * tallest - 1) / (8 * tallest) * v
      components[index].coefficients = [Int16](
        repeating: 0,
        count: components[index].blocksAcross * components[index].blocksDown * 64)
    }
  }

  private mutating func readCodes(_ end: Int) throws(ImageError) {
    while reader.position < end {
      let head = try reader.byte()
      var counts: [Int] = []
      for _ in 0..<16 { counts.append(try reader.byte()) }
      let symbols = Array(try reader.take(counts.reduce(0, +)))
      guard head & 15 < 4, head >> 4 < 2, let code = JPEGCode(counts, symbols) else {
        throw .damaged("a damaged code table")
      }
      if head >> 4 == 0 { direct[head & 15] = code } else { alternating[head & 15] = code }
    }
  }

  private mutating func readQuantization(_ end: Int) throws(ImageError) {
    while reader.position < end {
      let head = try reader.byte()
      guard head & 15 < 4, head >> 4 < 2 else { throw .damaged("a damaged table") }
      var table = [Int](repeating: 0, count: 64)
      for index in 0..<64 {
        table[Self.zigzag[index]] = head >> 4 == 0 ? try reader.byte() : try reader.short()
      }
      quantization[head & 15] = table
    }
  }

  private mutating func readScanHeader() throws(ImageError) -> JPEGScan.Selection {
    var selection = JPEGScan.Selection()
    let count = try reader.byte()
    guard !components.isEmpty, (1...components.count).contains(count) else {
      throw .damaged("a scan without its components")
    }
    for _ in 0..<count {
      let id = try reader.byte()
      let tables = try reader.byte()
      guard let index = components.firstIndex(where: { $0.id == id }),
        !selection.components.contains(index), tables >> 4 < 4, tables & 15 < 4
      else { throw .damaged("a scan of an unknown component") }
      components[index].direct = tables >> 4
      components[index].alternating = tables & 15
      selection.components.append(index)
    }
    selection.first = try reader.byte()
    selection.last = try reader.byte()
    let bits = try reader.byte()
    selection.high = bits >> 4
    selection.low = bits & 15
    if !isProgressive {
      selection.first = 0
      selection.last = 63
      selection.high = 0
      selection.low = 0
    }
    guard selection.first <= selection.last, selection.last < 64, selection.low < 14,
      selection.high < 14,
      !isProgressive || (selection.first == 0) == (selection.last == 0),
      selection.first == 0 || count == 1
    else { throw .damaged("a scan of a part without meaning") }
    return selection
  }

  /// The natural place of each coefficient of the zigzag order.
  static let zigzag = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52,
    45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
  ]

  private func picture() throws(ImageError) -> Raster {
    var raster = try Raster(width: width, height: height)
    var planes: [[UInt8]] = []
    for component in components {
      guard widest % component.horizontal == 0, tallest % component.vertical == 0 else {
        throw .unsupported("JPEG pictures with fractional sampling")
      }
      guard let table = quantization[component.table] else { throw .damaged("a table is missing") }
      let plane = JPEGPlane(component, table)
      planes.append(
        plane.enlarged(
          across: widest / component.horizontal, down: tallest / component.vertical,
          width: width, height: height))
    }
    if planes.count == 1 {
      for pixel in 0..<(width * height) {
        let grey = planes[0][pixel]
        raster.set(pixel, grey, grey, grey)
      }
      return raster
    }
    let isRGB =
      !isJFIF && (colourTransform.map { $0 == 0 } ?? (components.map(\.id) == [0x52, 0x47, 0x42]))
    for pixel in 0..<(width * height) {
      let (a, b, c) = (planes[0][pixel], planes[1][pixel], planes[2][pixel])
      if isRGB {
        raster.set(pixel, a, b, c)
        continue
      }
      // The BT.601 matrix in 16 bits of fraction.
      let (y, blue, red) = (Int(a), Int(b) - 128, Int(c) - 128)
      raster.set(
        pixel, clamped(y + (91881 * red + 32768) >> 16),
        clamped(y + (-22554 * blue - 46802 * red + 32768) >> 16),
        clamped(y + (116130 * blue + 32768) >> 16))
    }
    return raster
  }
}

func clamped(_ value: Int) -> UInt8 { UInt8(min(max(value, 0), 255)) }

/// A Huffman code of a JPEG file.
struct JPEGCode {
  private let symbols: [UInt8]
  /// For each length: the first code, the number of codes, and where their symbols start.
  private let first: [Int]
  private let counts: [Int]
  private let starts: [Int]

  /// nil where the lengths give more codes than there are.
  init?(_ counts: [Int], _ symbols: [UInt8]) {
    var code = 0
    var start = 0
    var first: [Int] = []
    var starts: [Int] = []
    for (index, count) in counts.enumerated() {
      first.append(code)
      starts.append(start)
      code += count
      start += count
      guard code <= 1 << (index + 1) else { return nil }
      code <<= 1
    }
    self.symbols = symbols
    self.first = first
    self.counts = counts
    self.starts = starts
  }

  /// The symbol of a code that has been read so far, or nil while it is not complete.
  func symbol(_ code: Int, length: Int) -> Int? {
    let offset = code - first[length - 1]
    guard offset >= 0, offset < counts[length - 1] else { return nil }
    return Int(symbols[starts[length - 1] + offset])
  }
}
