#if Server
import Foundation

extension [Float] {
  /// The values as they go over the wire.
  var data: Data { withUnsafeBytes { Data($0) } }
}

extension Data {
  var floats: [Float] {
    var values = [Float](repeating: 0, count: count / 4)
    _ = values.withUnsafeMutableBytes { copyBytes(to: $0) }
    return values
  }
}
#endif
