#if Server
internal import ApusServing

/// Reads a JSON text (RFC 8259) from front to back, piece by piece, so that tensors are parsed where they
/// belong without a tree between. `NaN` and `Infinity` are read as numbers besides, as the protocol's
/// clients write them.
///
/// Every error names its line, column and byte. Nesting is limited, keys of an object must differ.
struct JSONReader {
  /// Objects and arrays within each other.
  static let maximumDepth = 100

  let bytes: ByteView
  /// The next byte.
  private(set) var position: Int
  private var depth: Int
  /// Whether a tensor is to be read from a value without brackets.
  var isSingle = false
  /// What the text is, for messages: `the request JSON`.
  let subject: String

  /// Begins at a place that is `depth` objects and arrays deep.
  init(
    _ bytes: ByteView, at position: Int = 0, depth: Int = 0, subject: String = "the request JSON"
  ) {
    self.bytes = bytes
    self.position = position
    self.depth = depth
    self.subject = subject
  }

  /// The whole text as a tree.
  static func parse(
    _ bytes: ByteView, subject: String = "the request JSON"
  ) throws(ServingError) -> JSONValue {
    var reader = JSONReader(bytes, subject: subject)
    let value = try reader.value()
    try reader.finish()
    return value
  }

  /// Throws where anything but space follows.
  mutating func finish() throws(ServingError) {
    skipSpace()
    if position < bytes.count { throw failure("unexpected text after the end") }
  }

  /// An error at a position; at the next byte where none is given.
  func failure(_ message: String, at place: Int? = nil) -> ServingError {
    let place = place ?? position
    var line = 1
    var start = 0
    for index in 0..<min(place, bytes.count) where bytes[index] == 0x0A {
      line += 1
      start = index + 1
    }
    return ServingError(
      .invalidArgument,
      "failed to parse \(subject): \(message) at line \(line), column \(place - start + 1) "
        + "(byte \(place))")
  }

  // MARK: Bytes

  /// The next byte; nil at the end.
  var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func advance() { position += 1 }

  /// Goes on at a place that was looked at before.
  mutating func advance(to place: Int) { position = place }

  mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  private func found() -> String {
    guard position < bytes.count else { return "the text ends" }
    let byte = bytes[position]
    guard byte > 0x20, byte < 0x7F else { return "found byte 0x" + String(byte, radix: 16) }
    return "found '\(Character(UnicodeScalar(byte)))'"
  }

  /// An error that says what was expected here.
  func expected(_ what: String) -> ServingError { failure("expected \(what), \(found())") }

  // MARK: Structure

  private mutating func enter(_ byte: UInt8, _ what: String) throws(ServingError) {
    skipSpace()
    guard peek == byte else { throw expected(what) }
    guard depth < Self.maximumDepth else {
      throw failure("JSON nesting depth exceeds maximum allowed limit (\(Self.maximumDepth))")
    }
    depth += 1
    position += 1
  }

  mutating func enterObject() throws(ServingError) { try enter(0x7B, "an object") }
  mutating func enterArray() throws(ServingError) { try enter(0x5B, "an array") }

  /// Goes to the next value of an array; false at its end, which leaves it.
  mutating func nextElement(_ isFirst: inout Bool) throws(ServingError) -> Bool {
    skipSpace()
    if peek == 0x5D {
      position += 1
      depth -= 1
      return false
    }
    if isFirst {
      isFirst = false
      return true
    }
    guard peek == 0x2C else { throw expected("',' or ']'") }
    position += 1
    skipSpace()
    if peek == 0x5D { throw expected("a value after ','") }
    return true
  }

  /// Goes to the next value of an object and tells its key; nil at the end, which leaves it.
  mutating func nextKey(_ isFirst: inout Bool) throws(ServingError) -> String? {
    guard try goToKey(&isFirst) else { return nil }
    let key = try string()
    try goToValue()
    return key
  }

  /// As above, for objects whose keys are known: tells the key's place in `keys`, or the number of them for
  /// another key. One of them twice is an error; `seen` has a bit for each that came.
  mutating func nextKey(
    of keys: [String], _ seen: inout UInt32, _ isFirst: inout Bool
  ) throws(ServingError) -> Int? {
    guard try goToKey(&isFirst) else { return nil }
    let place = try knownText(keys)
    if place < keys.count {
      guard seen & 1 << UInt32(place) == 0 else { throw duplicate(keys[place]) }
      seen |= 1 << UInt32(place)
    }
    try goToValue()
    return place
  }

  /// As the first, but a key that is one of `keys` is told as nil, without making a text of it.
  mutating func nextKey(
    _ isFirst: inout Bool, orOneOf keys: [String], _ seen: inout UInt32
  ) throws(ServingError) -> String?? {
    let before = self
    let wasFirst = isFirst
    guard let place = try nextKey(of: keys, &seen, &isFirst) else { return nil }
    if place < keys.count { return .some(nil) }
    self = before
    isFirst = wasFirst
    return try nextKey(&isFirst).map { .some($0) }
  }

  private mutating func goToKey(_ isFirst: inout Bool) throws(ServingError) -> Bool {
    skipSpace()
    if peek == 0x7D {
      position += 1
      depth -= 1
      return false
    }
    if isFirst {
      isFirst = false
    } else {
      guard peek == 0x2C else { throw expected("',' or '}'") }
      position += 1
      skipSpace()
    }
    guard peek == 0x22 else { throw expected("a key in quotes") }
    return true
  }

  private mutating func goToValue() throws(ServingError) {
    skipSpace()
    guard peek == 0x3A else { throw expected("':'") }
    position += 1
    skipSpace()
  }

  /// An error for a key that an object has twice.
  func duplicate(_ key: String) -> ServingError {
    failure("the key '\(key)' comes twice, again before")
  }

  // MARK: Values

  mutating func value() throws(ServingError) -> JSONValue {
    skipSpace()
    switch peek {
    case 0x7B: return try object()
    case 0x5B:
      try enterArray()
      var values: [JSONValue] = []
      var isFirst = true
      while try nextElement(&isFirst) { values.append(try value()) }
      return .array(values)
    case 0x22: return .string(try string())
    case 0x74, 0x66: return .bool(try bool())
    case 0x6E:
      if literal("null") { return .null }
      throw expected("a value")
    default: return .number(try number())
    }
  }

  private mutating func object() throws(ServingError) -> JSONValue {
    try enterObject()
    var members: [JSONValue.Member] = []
    var keys: Set<String> = []
    var isFirst = true
    while let key = try nextKey(&isFirst) {
      guard keys.insert(key).inserted else { throw duplicate(key) }
      members.append(JSONValue.Member(key: key, value: try value()))
    }
    return .object(members)
  }

  /// Passes a value, checking its form.
  mutating func skipValue() throws(ServingError) {
    skipSpace()
    switch peek {
    case 0x7B:
      try enterObject()
      var isFirst = true
      while try nextKey(&isFirst) != nil { try skipValue() }
    case 0x5B:
      try enterArray()
      var isFirst = true
      while try nextElement(&isFirst) { try skipValue() }
    case 0x22: _ = try string()
    case 0x74, 0x66: _ = try bool()
    case 0x6E: if !literal("null") { throw expected("a value") }
    default: _ = try number()
    }
  }

  mutating func bool() throws(ServingError) -> Bool {
    skipSpace()
    if literal("true") { return true }
    if literal("false") { return false }
    throw expected("true or false")
  }

  /// Passes the word where it comes next.
  mutating func literal(_ word: String) -> Bool {
    var end = position
    for byte in word.utf8 {
      guard end < bytes.count, bytes[end] == byte else { return false }
      end += 1
    }
    position = end
    return true
  }
}
#endif
