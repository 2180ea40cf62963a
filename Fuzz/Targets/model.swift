import ApusONNX
import ApusTensor

extension FuzzTarget {
  /// The model reader: signatures, protobuf structure, payload references; recipes of weightless models.
  static func model(_ bytes: [UInt8]) {
    guard let range = try? ByteRange(copying: bytes) else { return }
    _ = try? ModelFile(range)
    _ = try? Materializer.byteCount(filling: range)
  }
}
