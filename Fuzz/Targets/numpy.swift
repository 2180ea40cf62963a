import ApusTensor

/// `.npy` files: an array that is accepted must come back the same from its written form.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let range = try? ByteRange(copying: bytes), let tensor = try? NumPyFile.decode(range),
    let (header, data) = try? NumPyFile.encode(tensor)
  else { return 0 }
  do {
    let again = try NumPyFile.decode(try ByteRange(copying: header + data.packedBytes))
    precondition(again.shape == tensor.shape && again.element == tensor.element)
    precondition(again.packedBytes == tensor.packedBytes)
  } catch { fatalError("a written array cannot be read: \(error)") }
  return 0
}
