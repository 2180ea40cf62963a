/// Decompression of DEFLATE streams (RFC 1951) into a result whose size is known beforehand.
package struct Inflate {
  private let input: [UInt8]
  private var position = 0
  private var buffer: UInt32 = 0
  private var available = 0
  private var output: [UInt8] = []
  private let limit: Int

  /// Decompresses to exactly `size` bytes.
  package static func decompress(_ input: [UInt8], size: Int) throws(TensorError) -> [UInt8] {
    // No stream expands by more than 1032; a header that promises more is not believed.
    guard size >= 0, size / 1032 <= input.count else {
      throw .malformed(
        format: "deflate stream", reason: "\(input.count) bytes cannot expand to \(size)", offset: 0
      )
    }
    var inflate = Inflate(input: input, limit: size)
    try inflate.run()
    guard inflate.output.count == size else {
      throw inflate.error("it expands to \(inflate.output.count) bytes, \(size) are promised")
    }
    return inflate.output
  }

  private init(input: [UInt8], limit: Int) {
    self.input = input
    self.limit = limit
    output.reserveCapacity(limit)
  }

  private func error(_ reason: String) -> TensorError {
    .malformed(format: "deflate stream", reason: reason, offset: position)
  }

  private mutating func bits(_ count: Int) throws(TensorError) -> Int {
    while available < count {
      guard position < input.count else { throw error("it ends too early") }
      buffer |= UInt32(input[position]) << UInt32(available)
      position += 1
      available += 8
    }
    let value = buffer & (1 << UInt32(count) - 1)
    buffer >>= UInt32(count)
    available -= count
    return Int(value)
  }

  private mutating func run() throws(TensorError) {
    var isLast = false
    while !isLast {
      isLast = try bits(1) == 1
      switch try bits(2) {
      case 0: try stored()
      case 1:
        try compressed(Self.fixedLiterals, Self.fixedDistances)
      case 2:
        let (literals, distances) = try dynamicCodes()
        try compressed(literals, distances)
      default: throw error("block type 3 does not exist")
      }
    }
  }

  private mutating func stored() throws(TensorError) {
    buffer = 0
    available = 0
    let length = try bits(16)
    guard try bits(16) == ~length & 0xFFFF else {
      throw error("a stored block's length is damaged")
    }
    guard input.count - position >= length else { throw error("a stored block is cut off") }
    guard limit - output.count >= length else { throw error("more data than promised") }
    output += input[position..<(position + length)]
    position += length
  }

  /// A canonical Huffman code: how many codes each length has, and the symbols in code order.
  private struct Code {
    var counts = [Int](repeating: 0, count: 16)
    var symbols: [Int]

    /// nil where the lengths give more codes than there are.
    init?(lengths: [Int]) {
      for length in lengths { counts[length] += 1 }
      counts[0] = 0
      var left = 1
      for length in 1...15 {
        left = left * 2 - counts[length]
        if left < 0 { return nil }
      }
      var offsets = [Int](repeating: 0, count: 17)
      for length in 1...15 { offsets[length + 1] = offsets[length] + counts[length] }
      symbols = [Int](repeating: 0, count: offsets[16])
      for (symbol, length) in lengths.enumerated() where length > 0 {
        symbols[offsets[length]] = symbol
        offsets[length] += 1
      }
    }
  }

  private static let fixedLiterals = Code(
    lengths: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
  private static let fixedDistances = Code(lengths: [Int](repeating: 5, count: 30))

  private mutating func symbol(_ code: Code) throws(TensorError) -> Int {
    var value = 0
    var first = 0
    var index = 0
    for length in 1...15 {
      value |= try bits(1)
      let count = code.counts[length]
      if value - first < count { return code.symbols[index + value - first] }
      index += count
      first = (first + count) << 1
      value <<= 1
    }
    throw error("a code that does not exist")
  }

  private mutating func dynamicCodes() throws(TensorError) -> (Code, Code) {
    let literalCount = try bits(5) + 257
    let distanceCount = try bits(5) + 1
    let lengthCount = try bits(4) + 4
    let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    var lengths = [Int](repeating: 0, count: 19)
    for index in 0..<lengthCount { lengths[order[index]] = try bits(3) }
    guard let code = Code(lengths: lengths) else { throw error("an over-full length code") }
    var all: [Int] = []
    while all.count < literalCount + distanceCount {
      let symbol = try symbol(code)
      switch symbol {
      case 16:
        guard let last = all.last else { throw error("a repetition of nothing") }
        all += [Int](repeating: last, count: try bits(2) + 3)
      case 17: all += [Int](repeating: 0, count: try bits(3) + 3)
      case 18: all += [Int](repeating: 0, count: try bits(7) + 11)
      default: all.append(symbol)
      }
    }
    guard all.count == literalCount + distanceCount,
      let literals = Code(lengths: Array(all[..<literalCount])),
      let distances = Code(lengths: Array(all[literalCount...]))
    else { throw error("a damaged code table") }
    return (literals, distances)
  }

  private static let lengthBases = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
  ]
  private static let lengthExtras = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let distanceBases = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
    2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
  ]

  private mutating func compressed(_ literals: Code?, _ distances: Code?) throws(TensorError) {
    guard let literals, let distances else { throw error("no code table") }
    while true {
      let symbol = try symbol(literals)
      if symbol == 256 { return }
      if symbol < 256 {
        guard output.count < limit else { throw error("more data than promised") }
        output.append(UInt8(symbol))
        continue
      }
      guard symbol - 257 < Self.lengthBases.count else { throw error("a length without meaning") }
      let length = Self.lengthBases[symbol - 257] + (try bits(Self.lengthExtras[symbol - 257]))
      let code = try self.symbol(distances)
      guard code < Self.distanceBases.count else { throw error("a distance without meaning") }
      let distance = Self.distanceBases[code] + (try bits(code < 2 ? 0 : code / 2 - 1))
      guard distance <= output.count else { throw error("a distance before the start") }
      guard limit - output.count >= length else { throw error("more data than promised") }
      let start = output.count - distance
      for index in 0..<length { output.append(output[start + index]) }
    }
  }
}
