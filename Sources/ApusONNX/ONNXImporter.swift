package import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

/// What an import gives: the graph, and what the file says about itself.
package struct ImportedModel: Sendable {
  package let graph: Graph
  package let producer: String
  package let irVersion: Int
  /// The version of each operator set, the default one under "".
  package let opsets: [String: Int]
  package let metadata: [(key: String, value: String)]
}

/// Turns ONNX models into graphs. Opset versions, functions and encodings end here.
package enum ONNXImporter {
  static let newestOpset = 28
  static let newestIR = 14

  /// Imports a file; large weights stay mapped.
  package static func load(
    path: String, options: ImportOptions = ImportOptions()
  ) throws(ImportError) -> ImportedModel {
    try run(try ModelFile(path: path, options: options), options: options)
  }

  package static func run(
    _ file: ModelFile, options: ImportOptions = ImportOptions()
  ) throws(ImportError) -> ImportedModel {
    let model = file.proto
    guard model.irVersion <= newestIR else {
      throw .unsupported("IR version \(model.irVersion); the newest known is \(newestIR)")
    }
    let opsets = try opsets(model.opsetImport, irVersion: model.irVersion)
    let state = try ImportState(file, options: options)
    try GraphImporter(state: state, opsets: opsets).run(model.graph)
    return ImportedModel(
      graph: state.graph,
      producer: [model.producerName, model.producerVersion].filter { !$0.isEmpty }
        .joined(separator: " "),
      irVersion: Int(truncatingIfNeeded: model.irVersion), opsets: opsets,
      metadata: model.metadataProps.map { ($0.key, $0.value) })
  }

  /// Versions by normalised domain, checked.
  static func opsets(
    _ imports: [Onnx_OperatorSetIdProto], irVersion: Int64
  ) throws(ImportError) -> [String: Int] {
    var versions: [String: Int] = [:]
    for entry in imports {
      let domain = normalize(domain: entry.domain)
      guard let version = Int(exactly: entry.version), version > 0 else {
        throw .invalid("operator set '\(entry.domain)' has version \(entry.version)")
      }
      if domain.isEmpty, version > newestOpset {
        throw .unsupported(
          "opset \(version) of the ONNX operators is newer than \(newestOpset), the newest known; "
            + "export with an older opset or convert with onnx.version_converter")
      }
      if let known = versions[domain], known != version {
        throw .invalid("operator set '\(entry.domain)' is imported as \(known) and \(version)")
      }
      versions[domain] = version
    }
    if versions.isEmpty, irVersion < 3 { versions[""] = 1 }
    return versions
  }

  static func normalize(domain: String) -> String { domain == "ai.onnx" ? "" : domain }
}
