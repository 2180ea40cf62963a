// Sources: Sources/ApusCommand/ShapeSpecification.swift
import ApusIR
import ApusLoops
import ApusTensor

#if canImport(ApusCommand)
import ApusCommand
#endif

extension FuzzTarget {
  /// Small languages: extents, dimension names, fused programs, patterns, shapes on the command line.
  static func strings(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let text = String(
      decoding: bytes.dropFirst(), as: UTF8.self)
    switch first % 5 {
    case 0:
      guard let extent = try? Extent(parsing: text) else { return }
      roundTrip(extent)
      let bindings = Dictionary(uniqueKeysWithValues: extent.symbols.map { ($0, 3) })
      _ = extent.substituting(bindings)
      _ = extent.floorDivided(by: extent + 1)
    case 1: roundTrip(Extent(dimensionName: text))
    case 2:
      guard let program = try? Program(text: text) else { return }
      let printed = program.description
      guard let again = try? Program(text: printed), again.description == printed else {
        fatalError("a printed program does not parse: \(printed)")
      }
    case 3:
      // A pattern, and behind a line break a text.
      let parts = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      guard let pattern = try? RegularExpression(String(parts[0])), parts.count == 2 else { return }
      _ = pattern.matches(String(parts[1].prefix(200)))
    default:
      guard let shapes = try? ShapeSpecification(text) else { return }
      for name in shapes.names { _ = shapes[name] }
      try? shapes.check(against: ["x", "input"])
    }
  }
}

private func roundTrip(_ extent: Extent) {
  let printed = extent.description
  guard !extent.isOverflow else { return }
  guard let again = try? Extent(parsing: printed), again == extent else {
    fatalError("a printed extent does not parse: \(printed)")
  }
}
