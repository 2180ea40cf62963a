import ApusONNX
import ApusTensor

/// `TensorProto` files: every element of an accepted tensor can be read.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let range = try? ByteRange(copying: bytes),
    let tensor = try? TensorFile.decode(range).tensor
  else { return 0 }
  do {
    let elements = try tensor.elements()
    precondition(elements.count == tensor.count)
    if tensor.element != .string {
      _ = try HostTensor(tensor.element, shape: tensor.shape, elements)
    }
  } catch { fatalError("an accepted tensor cannot be read: \(error)") }
  return 0
}
