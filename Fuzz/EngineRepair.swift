import ApusEngine
import CApusPlatform

/// Writes the magic, the version, a body size that fits and the checksum of that body.
func repair(_ bytes: inout [UInt8]) {
  guard bytes.count >= 24 else { return }
  let version = EngineFile.formatVersion
  bytes.replaceSubrange(0..<8, with: Array("APUSENG\0".utf8))
  for index in 0..<4 { bytes[8 + index] = UInt8(truncatingIfNeeded: version >> UInt32(8 * index)) }
  let stated = (0..<4).reduce(0) { $0 | Int(bytes[12 + $1]) << (8 * $1) }
  let size = min(stated, bytes.count - 24)
  for index in 0..<4 { bytes[12 + index] = UInt8(truncatingIfNeeded: size >> (8 * index)) }
  let sum = bytes.withUnsafeBytes {
    apus_checksum64($0.baseAddress.map { $0 + 24 }, size, UInt64(size))
  }
  for index in 0..<8 { bytes[16 + index] = UInt8(truncatingIfNeeded: sum >> UInt64(8 * index)) }
}
