import ApusONNX
import ApusTensor

/// The model reader: signatures, protobuf structure, payload references; recipes of weightless models.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let range = try? ByteRange(copying: bytes) else { return 0 }
  _ = try? ModelFile(range)
  _ = try? Materializer.byteCount(filling: range)
  return 0
}
