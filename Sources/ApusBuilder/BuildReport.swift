/// What a build did, for people and for `--json`.
package struct BuildReport: Sendable {
  package struct PassSummary: Sendable {
    package let name: String
    package let patches: Int
    package let nodesBefore: Int
    package let nodesAfter: Int
    package let milliseconds: Double
  }

  package struct TacticSummary: Sendable {
    package let node: String
    package let operation: String
    package let source: String
    package let tactic: String
    /// The time of the winner, where it was measured, at the first of the profiles.
    package let microseconds: Double?
    /// The profiles that take this tactic.
    package internal(set) var profiles: [Int]
  }

  package var passes: [PassSummary] = []
  package var nodesBefore = 0
  package var nodesAfter = 0
  /// Nodes that do something at run time, views left out.
  package var launches = 0
  package var weightBytes = 0
  /// The optimisation level: 0 verifies and times nothing.
  package var level = 0
  /// How each kind of region was verified, a row per signature.
  package var regions: [RegionSummary] = []
  /// Tactics that gave wrong results on probe data.
  package var rejected: [RejectedTactic] = []
  /// A row for each node and tactic: profiles that differ have rows of their own.
  package var tactics: [TacticSummary] = []
  /// Regions that were left untimed because the time for tuning was up.
  package var untimed = 0
  package var milliseconds = 0.0

  package init() {}
}
