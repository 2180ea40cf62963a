/// NumPy's `.npz`: a zip archive of `.npy` files.
package enum NumPyArchive {
  package struct Member: Sendable {
    package let name: String
    package let tensor: HostTensor

    package init(name: String, tensor: HostTensor) {
      self.name = name
      self.tensor = tensor
    }
  }

  package static func read(path: String) throws(TensorError) -> [Member] {
    let file = try MappedFile(path: path)
    do { return try decode(file.range) } catch .malformed(let format, let reason, let offset) {
      throw .file(
        path: path,
        reason: TensorError.malformed(format: format, reason: reason, offset: offset).description)
    }
  }

  package static func decode(_ file: ByteRange) throws(TensorError) -> [Member] {
    let archive = try ZipArchive(file)
    var members: [Member] = []
    for entry in archive.entries where entry.name.hasSuffix(".npy") {
      let name = String(entry.name.dropLast(4))
      do {
        members.append(
          Member(name: name, tensor: try NumPyFile.decode(try archive.content(of: entry))))
      } catch .malformed(let format, let reason, let offset) {
        throw .malformed(format: format, reason: "entry '\(entry.name)': \(reason)", offset: offset)
      }
    }
    return members
  }

  /// Writes stored entries; archives and entries of 4 GiB and more are refused.
  package static func write(_ members: [Member], path: String) throws(TensorError) {
    let writer = try FileWriter(path: path)
    var directory: [UInt8] = []
    for member in members {
      let (header, data) = try NumPyFile.encode(member.tensor)
      var sum = CRC32()
      sum.update(header)
      unsafe data.withBytes { unsafe sum.update($0) }
      let name = Array((member.name + ".npy").utf8)
      guard let size = UInt32(exactly: header.count + data.byteCount), size < .max,
        let start = UInt32(exactly: writer.position), start < .max,
        let nameLength = UInt16(exactly: name.count)
      else { throw .file(path: path, reason: "an .npz of 4 GiB or more; write .npy files instead") }
      // Version, flags (UTF-8 names), method, time, date, checksum, sizes, lengths.
      var common = little(20 as UInt16) + little(0x0800 as UInt16) + little(0 as UInt16)
      common += little(0 as UInt16) + little(0x21 as UInt16) + little(sum.value)
      common += little(size) + little(size) + little(nameLength) + little(0 as UInt16)
      try writer.append(little(0x0403_4B50 as UInt32) + common + name)
      try writer.append(header)
      try writer.append(data)
      directory += little(0x0201_4B50 as UInt32) + little(20 as UInt16) + common
      directory += [UInt8](repeating: 0, count: 10) + little(start) + name
    }
    guard let start = UInt32(exactly: writer.position), start < .max,
      let count = UInt16(exactly: members.count), count < .max
    else { throw .file(path: path, reason: "an .npz of 4 GiB or more; write .npy files instead") }
    try writer.append(directory)
    var end = little(0x0605_4B50 as UInt32) + [0, 0, 0, 0] + little(count) + little(count)
    end += little(UInt32(truncatingIfNeeded: directory.count)) + little(start) + [0, 0]
    try writer.append(end)
    try writer.commit(durable: false)
  }

  private static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    (0..<(Value.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> Value($0 * 8)) }
  }
}
