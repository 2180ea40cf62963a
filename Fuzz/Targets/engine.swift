// Sources: Fuzz/EngineRepair.swift
import ApusEngine
import ApusIR
import ApusTensor

/// The engine reader, on the bytes as they are and with their checksums made right, for no mutation
/// would get past them.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  var bytes = Array(UnsafeBufferPointer(start: start, count: count))
  read(bytes)
  repair(&bytes)
  read(bytes)
  return 0
}

private func read(_ bytes: [UInt8]) {
  guard let range = try? ByteRange(copying: bytes), let reader = try? EngineReader(range) else {
    return
  }
  try? reader.verify()
  precondition(!reader.contents.plan.graph.description.isEmpty)
  precondition(!reader.contents.source.description.isEmpty)
}
