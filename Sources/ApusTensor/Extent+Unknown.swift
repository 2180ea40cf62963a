internal import Synchronization

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

  /// The unknown extent of a value inside a body, while types are inferred through it.
  fileprivate static func unknownInside(_ serial: Int, axis: Int) -> Extent {
    .symbol("\(insideMark)\(serial).\(axis)")
  }

  private static let insideMark = mark + "b"

  fileprivate var isInside: Bool { symbols.contains { $0.hasPrefix(Self.insideMark) } }
}

/// Bodies are inferred in the midst of graphs and of each other, so their unknown extents are told
/// apart by a number that no other has. The names never leave the inference.
private let insideSerial = Atomic<Int>(0)

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

  /// The shape with nameless unknown extents named for the inference of a body.
  package var namingUnknownsInside: Shape {
    guard let extents, extents.contains(where: \.isNameless) else { return self }
    let serial = insideSerial.wrappingAdd(1, ordering: .relaxed).newValue
    return .ranked(
      extents.enumerated().map { axis, extent in
        extent.isNameless ? .unknownInside(serial, axis: axis) : extent
      })
  }

  /// The shape with what a body's inference named made nameless again.
  package var erasingUnknownsInside: Shape {
    guard let extents, extents.contains(where: \.isInside) else { return self }
    return .ranked(extents.map { $0.isInside ? .unknown : $0 })
  }
}
