#if Server
internal import ApusServing
internal import ApusTensor
internal import CApusPlatform

/// A range of immutable bytes, together with what keeps their memory alive. Copies share it.
@safe struct ByteView: Sendable {
  let storage: Storage
  /// Where the range begins in `storage`.
  let offset: Int
  let count: Int
  private nonisolated(unsafe) let base: UnsafeRawPointer

  /// The range is one of `storage`'s: a mistake of the program otherwise.
  init(_ storage: Storage, offset: Int, count: Int) {
    precondition(
      offset >= 0 && count >= 0 && offset <= storage.byteCount
        && count <= storage.byteCount - offset)
    self.storage = storage
    self.offset = offset
    self.count = count
    unsafe base = UnsafeRawPointer(storage.address + offset)
  }

  /// Copies bytes.
  init(_ bytes: some Collection<UInt8>) throws(ServingError) {
    let storage = try Storage.forBody(byteCount: bytes.count)
    let target = unsafe UnsafeMutableRawBufferPointer(
      start: storage.address, count: bytes.count)
    unsafe target.copyBytes(from: bytes)
    self.init(storage, offset: 0, count: bytes.count)
  }

  /// A byte of the range.
  subscript(_ index: Int) -> UInt8 {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    return unsafe base.load(fromByteOffset: index, as: UInt8.self)
  }

  /// A part of the range.
  subscript(_ range: Range<Int>) -> ByteView {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return ByteView(storage, offset: offset + range.lowerBound, count: range.count)
  }

  /// A part of it as text; nil where that is not UTF-8.
  func text(_ range: Range<Int>) -> String? {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    let bytes = unsafe UnsafeRawBufferPointer(
      start: base + range.lowerBound, count: range.count)
    return unsafe bytes.withMemoryRebound(to: UInt8.self) {
      unsafe String(validating: $0, as: UTF8.self)
    }
  }

  /// Whether the bytes of another one stand at that place.
  func holds(_ other: ByteView, at place: Int) -> Bool {
    precondition(place >= 0 && place <= count)
    guard other.count <= count - place else { return false }
    return unsafe apus_bytes_equal(base + place, other.base, other.count)
  }

  /// The bytes in memory that is no larger than they are.
  func copied() throws(ServingError) -> ByteView {
    var bytes: [UInt8] = []
    append(0..<count, to: &bytes)
    return try ByteView(bytes)
  }

  /// Whether a part of it is that text.
  func holds(_ text: String, at range: Range<Int>) -> Bool {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    guard text.utf8.count == range.count else { return false }
    var index = range.lowerBound
    for byte in text.utf8 {
      guard unsafe base.load(fromByteOffset: index, as: UInt8.self) == byte else { return false }
      index += 1
    }
    return true
  }

  /// The first byte from `start` on that is a quote, a backslash or a control character; the end where none
  /// is.
  func endOfPlainText(from start: Int) -> Int {
    precondition(start >= 0)
    var index = start
    while index < count {
      let byte = unsafe base.load(fromByteOffset: index, as: UInt8.self)
      if byte == 0x22 || byte == 0x5C || byte < 0x20 { break }
      index += 1
    }
    return index
  }

  /// A number of the plain form `-12.34` with at most 18 digits.
  struct PlainNumber {
    var isNegative = false
    var mantissa: UInt64 = 0
    /// Digits after the point; nil without one.
    var fraction: Int?
    /// The byte after it.
    var end = 0
  }

  /// The number at a place where it has that form; nil where it has another, or is none.
  func plainNumber(at start: Int) -> PlainNumber? {
    precondition(start >= 0)
    var number = PlainNumber()
    var index = start
    if index < count, unsafe base.load(fromByteOffset: index, as: UInt8.self) == 0x2D {
      number.isNegative = true
      index += 1
    }
    let first = index
    var point = -1
    while index < count {
      let byte = unsafe base.load(fromByteOffset: index, as: UInt8.self)
      let digit = byte &- 0x30
      if digit <= 9 {
        number.mantissa = number.mantissa &* 10 &+ UInt64(digit)
      } else if byte == 0x2E, point < 0 {
        point = index
      } else {
        // An exponent makes it another form.
        if byte | 0x20 == 0x65 { return nil }
        break
      }
      index += 1
    }
    let digits = index - first - (point < 0 ? 0 : 1)
    let whole = (point < 0 ? index : point) - first
    guard whole > 0, digits <= 18, point < 0 || point + 1 < index,
      whole == 1 || self[first] != 0x30
    else { return nil }
    if point >= 0 { number.fraction = index - point - 1 }
    number.end = index
    return number
  }

  func isUTF8(_ range: Range<Int>) -> Bool {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    // Plain ASCII, which most is, takes no decoder.
    for index in range where unsafe base.load(fromByteOffset: index, as: UInt8.self) >= 0x80 {
      return text(range) != nil
    }
    return true
  }

  /// A part of it as a decimal number; nil where it is none, or too long.
  func double(_ range: Range<Int>) -> Double? {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    var value = 0.0
    let isNumber = unsafe apus_parse_double(
      (base + range.lowerBound).assumingMemoryBound(to: CChar.self), range.count, &value)
    return isNumber ? value : nil
  }

  /// Appends a part of it.
  func append(_ range: Range<Int>, to bytes: inout [UInt8]) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    unsafe bytes.append(
      contentsOf: UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
  }

  /// The bytes, as long as the call lasts.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try withExtendedLifetime(storage) {
      try unsafe body(UnsafeRawBufferPointer(start: base, count: count))
    }
  }
}

extension Storage {
  /// Memory of bodies and tensors that a client sends.
  static func forBody(byteCount: Int) throws(ServingError) -> Storage {
    do { return try uninitialized(byteCount: byteCount) } catch {
      throw ServingError(.unavailable, "no memory for \(byteCount) bytes of the request")
    }
  }
}
#endif
