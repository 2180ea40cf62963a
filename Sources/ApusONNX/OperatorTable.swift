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

  /// Known names that may have been meant.
  static func nearest(to name: String, domain: String) -> [String] {
    guard name.utf8.count <= 64 else { return [] }
    let known = domains[domain]?.keys.sorted() ?? []
    let wanted = Array(name.lowercased().utf8)
    let scored = known.map { ($0, distance(wanted, Array($0.lowercased().utf8))) }
    let limit = max(1, name.utf8.count / 3)
    return scored.filter { $0.1 <= limit }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }
      .prefix(3).map(\.0)
  }

  /// The edit distance of two names.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var previous = Array(0...right.count)
    for (row, a) in left.enumerated() {
      var current = [row + 1]
      for (column, b) in right.enumerated() {
        current.append(
          min(previous[column + 1] + 1, current[column] + 1, previous[column] + (a == b ? 0 : 1)))
      }
      previous = current
    }
    return previous[right.count]
  }
}
