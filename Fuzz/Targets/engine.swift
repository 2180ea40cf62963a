// Sources: Fuzz/EngineRepair.swift
import ApusEngine
import ApusIR
import ApusTensor

extension FuzzTarget {
  /// The engine reader, on the bytes as they are and with their checksums made right, for no mutation
  /// would get past them.
  static func engine(_ bytes: [UInt8]) {
    var bytes = bytes
    read(bytes)
    repair(&bytes)
    read(bytes)
  }
}

private func read(_ bytes: [UInt8]) {
  guard let range = try? ByteRange(copying: bytes), let reader = try? EngineReader(range) else {
    return
  }
  try? reader.verify()
  precondition(!reader.contents.plan.graph.description.isEmpty)
  precondition(!reader.contents.source.description.isEmpty)
}
