import ApusIR
import ApusTensor

/// Picture files, as the operator that decodes them gets them.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let file = try? HostTensor(.uint8, shape: [count], bytes: bytes),
    let pixels = try? ImageDecode().evaluate([file], []).first
  else { return 0 }
  precondition(pixels.shape.count == 3 && pixels.shape[2] == 3)
  return 0
}
