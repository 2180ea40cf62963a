internal import ApusTensor

/// A float32 tensor described by a recipe.
///
/// Element i comes from splitmix64 at state seed + (i + 1) · 0x9E3779B97F4A7C15, seed being the
/// FNV-1a hash of the key: with s the sum of the four 16-bit parts, z = (s − 131070) · √3 / 65536 is
/// about normal, and the value is mean + deviation · z, or max(|…|, mean / 4) for positive ones.
struct GeneratedTensor: Sendable {
  let count: Int
  private let seed: UInt64
  private let mean: Double
  private let deviation: Double
  private let isPositive: Bool
  /// Rows and columns of a tensor that is generated in its transposed order.
  private let transposed: (rows: Int, columns: Int)?

  var byteCount: Int { count * 4 }

  init(
    key: String, count: Int, isPositive: Bool, mean: Double, deviation: Double,
    transposed: (rows: Int, columns: Int)? = nil
  ) {
    self.count = count
    self.seed = key.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    self.mean = mean
    self.deviation = deviation
    self.isPositive = isPositive
    self.transposed = transposed
  }

  /// Reads the recipe of a serialized `TensorProto`; nil where it has none.
  init?(_ bytes: ByteRange) throws {
    var dims: [Int] = []
    var dataType: UInt64 = 0
    var documentation: ByteRange?
    var hasData = false
    var reader = WireReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.payload) {
      case (1, .scalar): dims.append(try Self.extent(bytes, field))
      case (1, .range(let start, let count)):
        guard let packed = bytes.slice(at: start, count: count) else { break }
        var inner = WireReader(packed)
        while inner.position < count { dims.append(try Self.checked(inner.varint())) }
      case (2, .scalar): dataType = try Self.scalar(bytes, field)
      case (4...7, _), (9...11, _), (13, _): hasData = true
      case (12, .range(let start, let count)): documentation = bytes.slice(at: start, count: count)
      default: break
      }
    }
    guard let documentation, documentation.starts(with: "gen:") else { return nil }
    let text = String(decoding: documentation.array.dropFirst(4), as: UTF8.self)
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard (4...5).contains(words.count), words[0] == "normal" || words[0] == "positive",
      let mean = Double(words[1]), let deviation = Double(words[2])
    else { throw ImportError.invalid("the recipe 'gen:\(text.prefix(80))' cannot be read") }
    guard dataType == 1, !hasData else {
      throw ImportError.invalid("a tensor with a recipe must be float32 and have no data")
    }
    guard let total = Array.product(dims), ElementType.float32.byteCount(of: total) != nil else {
      throw ImportError.invalid("a tensor of shape \(dims) is too large")
    }
    var transposed: (Int, Int)?
    if words.count == 5 {
      guard dims.count == 2 else {
        throw ImportError.invalid("a transposed recipe needs two dimensions, found \(dims.count)")
      }
      transposed = (dims[0], dims[1])
    }
    self.init(
      key: String(words[3]), count: total, isPositive: words[0] == "positive", mean: mean,
      deviation: deviation, transposed: transposed)
  }

  private static func scalar(_ bytes: ByteRange, _ field: WireReader.Field) throws -> UInt64 {
    var reader = WireReader(bytes)
    reader.position = field.start
    _ = try reader.varint()
    return try reader.varint()
  }

  private static func extent(_ bytes: ByteRange, _ field: WireReader.Field) throws -> Int {
    try checked(scalar(bytes, field))
  }

  private static func checked(_ value: UInt64) throws -> Int {
    guard let extent = Int(exactly: value) else {
      throw ImportError.invalid("extent \(Int64(bitPattern: value)) is negative")
    }
    return extent
  }

  /// Elements of a range, in row-major order.
  func values(_ range: Range<Int>) -> [Float] {
    let scale = 3.0.squareRoot() / 65536
    let floor = mean / 4
    var values: [Float] = []
    values.reserveCapacity(range.count)
    if let transposed, transposed.columns > 0 {
      var row = range.lowerBound / transposed.columns
      var column = range.lowerBound % transposed.columns
      for _ in range {
        let index = column &* transposed.rows &+ row
        values.append(Self.value(seed, index, mean, deviation, scale, isPositive ? floor : nil))
        column &+= 1
        if column == transposed.columns {
          column = 0
          row &+= 1
        }
      }
      return values
    }
    for index in range {
      values.append(Self.value(seed, index, mean, deviation, scale, isPositive ? floor : nil))
    }
    return values
  }

  @inline(__always)
  private static func value(
    _ seed: UInt64, _ index: Int, _ mean: Double, _ deviation: Double, _ scale: Double,
    _ floor: Double?
  ) -> Float {
    var x = UInt64(truncatingIfNeeded: index &+ 1) &* 0x9E37_79B9_7F4A_7C15 &+ seed
    x = (x ^ x >> 30) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ x >> 27) &* 0x94D0_49BB_1331_11EB
    x ^= x >> 31
    let sum = (x & 0xFFFF) &+ (x >> 16 & 0xFFFF) &+ (x >> 32 & 0xFFFF) &+ (x >> 48)
    let z = (Double(Int64(truncatingIfNeeded: sum)) - 131_070) * scale
    let value = mean + deviation * z
    guard let floor else { return Float(value) }
    return Float(max(value.magnitude, floor))
  }
}
