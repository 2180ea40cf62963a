/// Zip files as far as NumPy writes them: stored and deflated entries, ZIP64 sizes, no encryption.
/// Source: PKWARE APPNOTE 6.3.
package struct ZipArchive: Sendable {
  package struct Entry: Sendable {
    package let name: String
    fileprivate let method: UInt16
    fileprivate let checksum: UInt32
    fileprivate let compressedSize: Int
    package let size: Int
    fileprivate let headerOffset: Int
    fileprivate let recordOffset: Int
  }

  package let entries: [Entry]
  private let file: ByteRange

  private static func malformed(_ reason: String, _ offset: Int) -> TensorError {
    .malformed(format: "zip archive", reason: reason, offset: offset)
  }

  /// Reads the central directory.
  package init(_ file: ByteRange) throws(TensorError) {
    self.file = file
    var (count, start) = try Self.directory(of: file)
    guard count <= file.count / 46 else {
      throw Self.malformed("\(count) entries do not fit the file", start)
    }
    var entries: [Entry] = []
    for _ in 0..<count {
      let (entry, length) = try Self.entry(in: file, at: start)
      entries.append(entry)
      start += length
    }
    self.entries = entries
  }

  /// How many entries there are and where their records begin.
  private static func directory(of file: ByteRange) throws(TensorError) -> (count: Int, start: Int)
  {
    var end = file.count - 22
    let lowest = max(0, end - 65_535)
    while end >= lowest, file.integer(at: end, as: UInt32.self) != 0x0605_4B50 { end -= 1 }
    guard end >= lowest, let count = file.integer(at: end + 10, as: UInt16.self),
      let start = file.integer(at: end + 16, as: UInt32.self)
    else { throw malformed("no end-of-directory record; the file may be cut off", file.count) }
    if count != 0xFFFF, start != 0xFFFF_FFFF { return (Int(count), Int(start)) }
    guard file.integer(at: end - 20, as: UInt32.self) == 0x0706_4B50,
      let wide = file.integer(at: end - 12, as: UInt64.self).flatMap({ Int(exactly: $0) }),
      wide <= file.count,
      file.integer(at: wide, as: UInt32.self) == 0x0606_4B50,
      let wideCount = file.integer(at: wide + 32, as: UInt64.self).flatMap({ Int(exactly: $0) }),
      let wideStart = file.integer(at: wide + 48, as: UInt64.self).flatMap({ Int(exactly: $0) }),
      wideStart <= file.count
    else { throw malformed("a damaged ZIP64 directory", end) }
    return (wideCount, wideStart)
  }

  private static func entry(
    in file: ByteRange, at start: Int
  ) throws(TensorError) -> (entry: Entry, length: Int) {
    guard let record = file.slice(at: start, count: 46),
      record.integer(at: 0, as: UInt32.self) == 0x0201_4B50,
      let flags = record.integer(at: 8, as: UInt16.self),
      let method = record.integer(at: 10, as: UInt16.self),
      let checksum = record.integer(at: 16, as: UInt32.self),
      let compressed = record.integer(at: 20, as: UInt32.self),
      let size = record.integer(at: 24, as: UInt32.self),
      let nameLength = record.integer(at: 28, as: UInt16.self),
      let extraLength = record.integer(at: 30, as: UInt16.self),
      let commentLength = record.integer(at: 32, as: UInt16.self),
      let header = record.integer(at: 42, as: UInt32.self),
      let name = file.slice(at: start + 46, count: Int(nameLength)),
      let extra = file.slice(at: start + 46 + Int(nameLength), count: Int(extraLength))
    else { throw malformed("a damaged directory record", start) }
    let text = String(decoding: name.array, as: UTF8.self)
    guard flags & 1 == 0 else { throw malformed("entry '\(text)' is encrypted", start) }
    var fields: [UInt64] = [UInt64(size), UInt64(compressed), UInt64(header)]
    widen(&fields, extra)
    guard let size = Int(exactly: fields[0]), let compressed = Int(exactly: fields[1]),
      let header = Int(exactly: fields[2])
    else { throw malformed("entry '\(text)' is too large", start) }
    let entry = Entry(
      name: text, method: method, checksum: checksum, compressedSize: compressed, size: size,
      headerOffset: header, recordOffset: start)
    return (entry, 46 + Int(nameLength) + Int(extraLength) + Int(commentLength))
  }

  /// Takes 64-bit values from the ZIP64 extra field for those that say 0xFFFFFFFF.
  private static func widen(_ fields: inout [UInt64], _ extra: ByteRange) {
    var position = 0
    while let id = extra.integer(at: position, as: UInt16.self),
      let length = extra.integer(at: position + 2, as: UInt16.self)
    {
      if id == 1 {
        var next = position + 4
        for index in fields.indices where fields[index] == 0xFFFF_FFFF {
          guard let value = extra.integer(at: next, as: UInt64.self) else { return }
          fields[index] = value
          next += 8
        }
      }
      position += 4 + Int(length)
    }
  }

  /// The content of an entry, its checksum verified; stored entries are viewed, not copied.
  package func content(of entry: Entry) throws(TensorError) -> ByteRange {
    let at = entry.headerOffset
    guard at <= file.count, file.integer(at: at, as: UInt32.self) == 0x0403_4B50,
      let nameLength = file.integer(at: at + 26, as: UInt16.self),
      let extraLength = file.integer(at: at + 28, as: UInt16.self),
      let packed = file.slice(
        at: at + 30 + Int(nameLength) + Int(extraLength), count: entry.compressedSize)
    else {
      throw Self.malformed("entry '\(entry.name)' lies outside the file", entry.recordOffset)
    }
    let content: ByteRange
    switch entry.method {
    case 0:
      guard entry.size == entry.compressedSize else {
        throw Self.malformed("entry '\(entry.name)' has two sizes", entry.recordOffset)
      }
      content = packed
    case 8:
      content = try ByteRange(copying: Inflate.decompress(packed.array, size: entry.size))
    default:
      throw Self.malformed(
        "entry '\(entry.name)' uses compression method \(entry.method); 0 and 8 are known",
        entry.recordOffset)
    }
    guard CRC32.of(content) == entry.checksum else {
      throw Self.malformed("entry '\(entry.name)' has a wrong checksum", at)
    }
    return content
  }
}
