import ApusTensor

/// `.npz` archives: directory, inflation, members.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let range = try? ByteRange(copying: bytes), let archive = try? ZipArchive(range) else {
    return 0
  }
  // Each entry by itself, so that a damaged one does not hide the next.
  for entry in archive.entries.prefix(16) {
    if let content = try? archive.content(of: entry) { _ = try? NumPyFile.decode(content) }
  }
  return 0
}
