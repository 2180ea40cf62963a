import ApusONNX
import ApusTensor

extension FuzzTarget {
  /// Models as text: protobuf's text format, its JSON, ONNX text syntax.
  static func syntax(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let text = Array(bytes.dropFirst())
    // Most of the time for the form whose parser is ours.
    let form: ModelForm =
      switch first % 4 {
      case 0: .protobufText
      case 1: .json
      default: .onnxText
      }
    guard let range = try? ByteRange(copying: text) else { return }
    _ = try? ModelFile(range, as: form)
  }
}
