internal import ApusIR

/// How one ONNX operator enters the graph.
struct OperatorImporter: Sendable {
  typealias Run = @Sendable (NodeContext, inout AttributeReader) throws(ImportError) -> [ValueID?]

  let name: String
  /// The opset that brought the operator.
  let since: Int
  let run: Run

  init(_ name: String, since: Int = 1, _ run: @escaping Run) {
    self.name = name
    self.since = since
    self.run = run
  }
}

extension OperatorTable {
  private static let domains: [String: [String: OperatorImporter]] = {
    var domains: [String: [String: OperatorImporter]] = [:]
    for (domain, importers) in entries {
      for importer in importers { domains[domain, default: [:]][importer.name] = importer }
    }
    return domains
  }()

  static func find(domain: String, name: String) -> OperatorImporter? { domains[domain]?[name] }

  /// Every importer with its domain.
  static var all: [(domain: String, importer: OperatorImporter)] {
    domains.flatMap { domain, importers in importers.values.map { (domain, $0) } }
  }

  static func names(in domain: String) -> [String] { domains[domain]?.keys.sorted() ?? [] }
}

/// An operator that models may use.
package struct KnownOperator: Sendable {
  /// "" for ONNX's own.
  package let domain: String
  package let name: String
  /// The opset that brought it.
  package let since: Int
  /// Whether the user supplied it.
  package let isCustom: Bool
}

extension ONNXImporter {
  /// The operators that can be imported, with those registered for the process, by domain and name.
  package static var knownOperators: [KnownOperator] {
    let custom = CustomOperators.process.all.map {
      KnownOperator(domain: $0.domain, name: $0.name, since: $0.since, isCustom: true)
    }
    let taken = Set(custom.map { [$0.domain, $0.name] })
    let own = OperatorTable.all.filter { !taken.contains([$0.domain, $0.importer.name]) }.map {
      KnownOperator(
        domain: $0.domain, name: $0.importer.name, since: $0.importer.since, isCustom: false)
    }
    return (own + custom).sorted { ($0.domain, $0.name) < ($1.domain, $1.name) }
  }
}
