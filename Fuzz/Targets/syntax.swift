import ApusONNX
import ApusTensor

/// Models as text: protobuf's text format, its JSON, ONNX text syntax.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 0 else { return 0 }
  let text = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
  // Most of the time for the form whose parser is ours.
  let form: ModelForm =
    switch start[0] % 4 {
    case 0: .protobufText
    case 1: .json
    default: .onnxText
    }
  guard let range = try? ByteRange(copying: text) else { return 0 }
  _ = try? ModelFile(range, as: form)
  return 0
}
