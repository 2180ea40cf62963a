internal import ApusTensor
internal import CApusPlatform

/// XXH64 of what engine files hold.
enum Checksum {
  static func of(_ bytes: [UInt8], seed: UInt64) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe apus_checksum64($0.baseAddress, $0.count, seed) }
  }

  /// Of the packed bytes of a tensor.
  static func of(_ tensor: HostTensor) -> UInt64 {
    unsafe tensor.withBytes { unsafe apus_checksum64($0.baseAddress, $0.count, 0) }
  }
}
