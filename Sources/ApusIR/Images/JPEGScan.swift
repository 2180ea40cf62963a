/// One scan of a JPEG file: reads coefficients, or bits of them in progressive files.
struct JPEGScan {
  struct Selection {
    var components: [Int] = []
    /// The coefficients of the scan, in zigzag order.
    var first = 0
    var last = 63
    /// The bit that earlier scans ended with, and the one that this one ends with.
    var high = 0
    var low = 0
  }

  private let selection: Selection
  private var buffer = 0
  private var available = 0
  /// Blocks of which nothing but corrections follows.
  private var emptyBlocks = 0
  /// Bits made up behind the end of the data.
  private var missing = 0

  init(_ selection: Selection) { self.selection = selection }

  mutating func run(_ decoder: inout JPEGDecoder) throws(ImageError) {
    let isSingle = selection.components.count == 1
    let across: Int
    let down: Int
    if isSingle {
      let component = decoder.components[selection.components[0]]
      across = (component.width + 7) / 8
      down = (component.height + 7) / 8
    } else {
      across = (decoder.width + 8 * decoder.widest - 1) / (8 * decoder.widest)
      down = (decoder.height + 8 * decoder.tallest - 1) / (8 * decoder.tallest)
    }
    resetPredictions(&decoder)
    for unit in 0..<(across * down) {
      if decoder.restartInterval > 0, unit > 0, unit % decoder.restartInterval == 0 {
        try restart(&decoder)
      }
      let (column, row) = (unit % across, unit / across)
      if isSingle {
        try block(&decoder, selection.components[0], column, row)
        continue
      }
      for index in selection.components {
        let (h, v) = (decoder.components[index].horizontal, decoder.components[index].vertical)
        for y in 0..<v {
          for x in 0..<h { try block(&decoder, index, column * h + x, row * v + y) }
        }
      }
    }
  }

  private mutating func resetPredictions(_ decoder: inout JPEGDecoder) {
    for index in decoder.components.indices { decoder.components[index].predicted = 0 }
    emptyBlocks = 0
    buffer = 0
    available = 0
  }

  /// Goes on behind the next restart marker.
  private mutating func restart(_ decoder: inout JPEGDecoder) throws(ImageError) {
    while true {
      guard try decoder.reader.byte() == 0xFF else { continue }
      var code = 0xFF
      while code == 0xFF { code = try decoder.reader.byte() }
      if code == 0 { continue }
      guard (0xD0...0xD7).contains(code) else { throw .damaged("a restart marker is missing") }
      break
    }
    resetPredictions(&decoder)
  }

  private mutating func bit(_ decoder: inout JPEGDecoder) throws(ImageError) -> Int {
    if available == 0 {
      var byte = 0
      let bytes = decoder.reader.bytes
      let position = decoder.reader.position
      if position < bytes.count, bytes[position] != 0xFF {
        byte = Int(bytes[position])
        decoder.reader.position += 1
      } else if position + 1 < bytes.count, bytes[position + 1] == 0 {
        byte = 0xFF
        decoder.reader.position += 2
      } else {
        // Encoders may leave out the last zeros, not more.
        missing += 1
        guard missing < 16 else { throw .damaged("a scan ends too early") }
      }
      buffer = byte
      available = 8
    }
    available -= 1
    return buffer >> available & 1
  }

  private mutating func bits(
    _ count: Int, _ decoder: inout JPEGDecoder
  ) throws(ImageError) -> Int {
    var value = 0
    for _ in 0..<count { value = value << 1 | (try bit(&decoder)) }
    return value
  }

  /// A number of `count` bits whose first one tells the sign.
  private mutating func number(
    _ count: Int, _ decoder: inout JPEGDecoder
  ) throws(ImageError) -> Int {
    guard count > 0 else { return 0 }
    guard count <= 16 else { throw .damaged("a coefficient is too large") }
    let value = try bits(count, &decoder)
    return value < 1 << (count - 1) ? value - (1 << count) + 1 : value
  }

  private mutating func symbol(
    _ code: JPEGCode?, _ decoder: inout JPEGDecoder
  ) throws(ImageError) -> Int {
    guard let code else { throw .damaged("a code table is missing") }
    var value = 0
    for length in 1...16 {
      value = value << 1 | (try bit(&decoder))
      if let symbol = code.symbol(value, length: length) { return symbol }
    }
    throw .damaged("a code that does not exist")
  }

  private mutating func block(
    _ decoder: inout JPEGDecoder, _ index: Int, _ column: Int, _ row: Int
  ) throws(ImageError) {
    let start = (row * decoder.components[index].blocksAcross + column) * 64
    if selection.first == 0 {
      try directPart(&decoder, index, start)
      if !decoder.isProgressive { try sequential(&decoder, index, start) }
    } else if selection.high == 0 {
      try firstPass(&decoder, index, start)
    } else {
      try refinement(&decoder, index, start)
    }
  }

  private mutating func directPart(
    _ decoder: inout JPEGDecoder, _ index: Int, _ start: Int
  ) throws(ImageError) {
    if selection.high > 0 {
      if try bit(&decoder) == 1 {
        decoder.components[index].coefficients[start] |= 1 << Int16(selection.low)
      }
      return
    }
    let code = decoder.direct[decoder.components[index].direct]
    let size = try symbol(code, &decoder)
    let predicted = decoder.components[index].predicted + (try number(size, &decoder))
    guard predicted.magnitude < 1 << 17 else { throw .damaged("a coefficient is too large") }
    decoder.components[index].predicted = predicted
    decoder.components[index].coefficients[start] = Int16(
      truncatingIfNeeded: predicted << selection.low)
  }

  /// The other coefficients of a block of a sequential file.
  private mutating func sequential(
    _ decoder: inout JPEGDecoder, _ index: Int, _ start: Int
  ) throws(ImageError) {
    let code = decoder.alternating[decoder.components[index].alternating]
    var place = 1
    while place < 64 {
      let value = try symbol(code, &decoder)
      let (run, size) = (value >> 4, value & 15)
      if size == 0 {
        if run < 15 { return }
        place += 16
        continue
      }
      place += run
      guard place < 64 else { throw .damaged("too many coefficients") }
      decoder.components[index].coefficients[start + JPEGDecoder.zigzag[place]] = Int16(
        truncatingIfNeeded: try number(size, &decoder))
      place += 1
    }
  }

  private mutating func firstPass(
    _ decoder: inout JPEGDecoder, _ index: Int, _ start: Int
  ) throws(ImageError) {
    if emptyBlocks > 0 {
      emptyBlocks -= 1
      return
    }
    let code = decoder.alternating[decoder.components[index].alternating]
    var place = selection.first
    while place <= selection.last {
      let value = try symbol(code, &decoder)
      let (run, size) = (value >> 4, value & 15)
      if size == 0 {
        if run < 15 {
          emptyBlocks = 1 << run - 1 + (try bits(run, &decoder))
          return
        }
        place += 16
        continue
      }
      place += run
      guard place < 64 else { throw .damaged("too many coefficients") }
      decoder.components[index].coefficients[start + JPEGDecoder.zigzag[place]] = Int16(
        truncatingIfNeeded: try number(size, &decoder) << selection.low)
      place += 1
    }
  }

  /// Adds one bit to the coefficients that are there, and new ones.
  private mutating func refinement(
    _ decoder: inout JPEGDecoder, _ index: Int, _ start: Int
  ) throws(ImageError) {
    let step = Int16(1) << Int16(selection.low)
    var place = selection.first
    func refine(_ coefficient: inout Int16, _ isSet: Bool) {
      if isSet, coefficient & step == 0 { coefficient &+= coefficient > 0 ? step : -step }
    }
    if emptyBlocks == 0 {
      let code = decoder.alternating[decoder.components[index].alternating]
      while place <= selection.last {
        let value = try symbol(code, &decoder)
        var run = value >> 4
        var fresh: Int16 = 0
        switch value & 15 {
        case 0:
          if run < 15 {
            emptyBlocks = 1 << run + (try bits(run, &decoder))
          }
        case 1: fresh = try bit(&decoder) == 1 ? step : -step
        default: throw .damaged("a coefficient is too large")
        }
        if emptyBlocks > 0 { break }
        while place <= selection.last {
          let target = start + JPEGDecoder.zigzag[place]
          if decoder.components[index].coefficients[target] != 0 {
            let isSet = try bit(&decoder) == 1
            refine(&decoder.components[index].coefficients[target], isSet)
          } else {
            if run == 0 {
              if fresh != 0 { decoder.components[index].coefficients[target] = fresh }
              place += 1
              break
            }
            run -= 1
          }
          place += 1
        }
      }
    }
    guard emptyBlocks > 0 else { return }
    while place <= selection.last {
      let target = start + JPEGDecoder.zigzag[place]
      if decoder.components[index].coefficients[target] != 0 {
        let isSet = try bit(&decoder) == 1
        refine(&decoder.components[index].coefficients[target], isSet)
      }
      place += 1
    }
    emptyBlocks -= 1
  }
}
