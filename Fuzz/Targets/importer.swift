// Corpus: model
import ApusIR
import ApusONNX
import ApusTensor

extension FuzzTarget {
  /// The importer: a graph that it accepts must verify, print, and have a binary form.
  static func importer(_ bytes: [UInt8]) {
    var options = ImportOptions()
    options.limits.nodes = 2000
    options.limits.functionBytes = 1 << 24
    guard let range = try? ByteRange(copying: bytes),
      let model = try? ONNXImporter.run(ModelFile(range), options: options)
    else { return }
    let graph = model.graph
    do { try graph.verify() } catch { fatalError("an imported graph is invalid: \(error)") }
    precondition(!graph.description.isEmpty)
    var writer = ByteWriter()
    graph.encode(into: &writer) { _, _ in 0 }
  }
}
