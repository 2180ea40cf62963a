// Corpus: model
import ApusIR
import ApusONNX
import ApusTensor

/// The importer: a graph that it accepts must verify, print, and have a binary form.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  var options = ImportOptions()
  options.nodeLimit = 2000
  options.expandedByteLimit = 1 << 24
  guard let range = try? ByteRange(copying: bytes),
    let model = try? ONNXImporter.run(ModelFile(range), options: options)
  else { return 0 }
  let graph = model.graph
  do { try graph.verify() } catch { fatalError("an imported graph is invalid: \(error)") }
  precondition(!graph.description.isEmpty)
  var writer = ByteWriter()
  graph.encode(into: &writer) { _, _ in 0 }
  return 0
}
