/// How a region's tactic was checked against the operator's definition.
package enum Verification: Sendable, Hashable {
  /// Every element of every result.
  case full(elements: Int)
  /// Every element at smaller shapes than the region runs at.
  case reduced(elements: Int)
  /// Some elements, corners and tile edges among them, of a contraction's result.
  case samples(Int, of: Int)
  /// The tactic is the definition itself.
  case reference
  case none(reason: String)

  package var isVerified: Bool {
    if case .none = self { false } else { true }
  }
}

extension Verification: CustomStringConvertible {
  package var description: String {
    switch self {
    case .full(let elements): "verified in full (\(elements) elements)"
    case .reduced(let elements):
      "verified in full at smaller shapes (\(elements) elements)"
    case .samples(let count, let total): "verified by \(count) samples of \(total) elements"
    case .reference: "evaluated by its definition"
    case .none(let reason): "not verified: \(reason)"
    }
  }
}

/// What a build found out about regions that are computed alike.
package struct RegionSummary: Sendable {
  /// Operation, fields and operand types.
  package let signature: String
  package let operation: String
  /// The first node of the signature.
  package let node: String
  /// Nodes of the signature, counted once for each profile that runs them.
  package internal(set) var uses: Int
  /// The tactic that was chosen.
  package let tactic: String
  package let verification: Verification
}

/// A tactic that gave wrong results, or failed, on probe data. It is not used.
package struct RejectedTactic: Sendable, Hashable {
  package let node: String
  package let operation: String
  package let tactic: String
  /// Where the first wrong element stands; nil where the tactic failed as a whole.
  package let coordinates: [Int]?
  package let found: Double?
  package let expected: Double?
  package let tolerance: Double?
  /// What is wrong, in words.
  package let reason: String
}

extension RejectedTactic: CustomStringConvertible {
  package var description: String {
    "node '\(node)' (\(operation)): tactic \(tactic): \(reason)"
  }
}
