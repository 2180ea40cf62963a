import ApusIR
import ApusTensor

extension FuzzTarget {
  /// Picture files, as the operator that decodes them gets them.
  static func image(_ bytes: [UInt8]) {
    guard let file = try? HostTensor(.uint8, shape: [bytes.count], bytes: bytes),
      let pixels = try? ImageDecode().evaluate([file], []).first
    else { return }
    precondition(pixels.shape.count == 3 && pixels.shape[2] == 3)
  }
}
