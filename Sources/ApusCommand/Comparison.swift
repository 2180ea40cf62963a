package import ApusTensor

/// How two tensors compare.
package struct Comparison: Sendable {
  package enum Tolerance: Sendable {
    /// |a - b| <= absolute + relative · |b| for each element.
    case elementwise(relative: Double, absolute: Double)
    /// |a - b| <= absolute + relative · max |b| for each element.
    case scaled(relative: Double, absolute: Double)
  }

  package private(set) var agrees = true
  /// The types, where they differ.
  package private(set) var typeMismatch: String?
  package private(set) var count = 0
  /// Elements beyond the tolerance.
  package private(set) var outside = 0
  package private(set) var largestDifference = 0.0
  package private(set) var meanDifference = 0.0
  /// The largest magnitude of a finite expected element.
  package private(set) var scale = 0.0
  package private(set) var foundNonFinite = 0
  package private(set) var expectedNonFinite = 0

  package init(found: HostTensor, expected: HostTensor, tolerance: Tolerance) {
    count = found.count
    guard found.element == expected.element, found.shape == expected.shape else {
      agrees = false
      typeMismatch = "\(found.type), expected \(expected.type)"
      largestDifference = .infinity
      return
    }
    guard let a = try? found.reals(), let b = try? expected.reals() else {
      let same = (try? found.elements()) == (try? expected.elements())
      agrees = same
      outside = same ? 0 : count
      largestDifference = same ? 0 : .infinity
      return
    }
    scale = b.reduce(0) { max($0, $1.isFinite ? $1.magnitude : 0) }
    var sum = 0.0
    for (x, y) in zip(a, b) {
      if !x.isFinite { foundNonFinite += 1 }
      if !y.isFinite { expectedNonFinite += 1 }
      if x == y || x.isNaN && y.isNaN { continue }
      let difference = (x - y).isNaN ? .infinity : (x - y).magnitude
      largestDifference = max(largestDifference, difference)
      sum += difference
      let allowed =
        switch tolerance {
        case .elementwise(let relative, let absolute): absolute + relative * y.magnitude
        case .scaled(let relative, let absolute): absolute + relative * scale
        }
      if !(difference <= allowed) { outside += 1 }
    }
    meanDifference = a.isEmpty ? 0 : sum / Double(a.count)
    agrees = outside == 0
  }

  package var json: [String: JSON] {
    var members: [String: JSON] = [
      "agrees": .boolean(agrees), "elements": .integer(count), "outside": .integer(outside),
      "largestDifference": .number(largestDifference), "meanDifference": .number(meanDifference),
      "scale": .number(scale), "nonFinite": .integer(foundNonFinite),
      "expectedNonFinite": .integer(expectedNonFinite),
    ]
    if let typeMismatch { members["typeMismatch"] = .text(typeMismatch) }
    return members
  }
}

extension Comparison: CustomStringConvertible {
  package var description: String {
    if let typeMismatch { return "DIFFERS: \(typeMismatch)" }
    var text = agrees ? "agrees" : "DIFFERS in \(outside) of \(count) elements"
    text += ", largest difference \(Terminal.general(largestDifference))"
    text += " of \(Terminal.general(scale))"
    if foundNonFinite > 0 || expectedNonFinite > 0 {
      text += ", \(foundNonFinite) NaN or infinite, expected \(expectedNonFinite)"
    }
    return text
  }
}
