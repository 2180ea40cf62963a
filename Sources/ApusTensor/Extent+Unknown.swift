/// Extents that only running the graph tells, such as the number of non-zero elements.
///
/// A type rule answers `Extent.unknown`; a graph then gives each such extent a symbol of its own, so
/// that two of them never compare equal, while everything computed from one stays related to it.
extension Extent {
  private static let mark = "?"

  /// An extent that depends on data.
  package static let unknown = Extent.symbol(mark)

  /// The unknown extent of an axis of a graph's value.
  package static func unknown(value: Int, axis: Int) -> Extent {
    .symbol("\(mark)\(value).\(axis)")
  }

  /// Whether a model's or a graph's symbol is one of those.
  package static func isUnknown(symbol: String) -> Bool { symbol.hasPrefix(mark) }

  /// Whether the extent cannot be told from the shapes of the graph's inputs.
  package var dependsOnData: Bool { symbols.contains(where: Self.isUnknown) }

  /// Whether the extent still lacks a symbol of its own.
  fileprivate var isNameless: Bool { symbols.contains(Self.mark) }
}

extension Shape {
  /// The shape with every nameless unknown extent named after a value of a graph.
  package func namingUnknowns(value: Int) -> Shape {
    guard let extents, extents.contains(where: \.isNameless) else { return self }
    return .ranked(
      extents.enumerated().map { axis, extent in
        extent.isNameless ? .unknown(value: value, axis: axis) : extent
      })
  }

  /// The shape with every extent that depends on data made nameless, to compare across graphs.
  package var erasingUnknowns: Shape {
    guard let extents, extents.contains(where: \.dependsOnData) else { return self }
    return .ranked(extents.map { $0.dependsOnData ? .unknown : $0 })
  }
}
