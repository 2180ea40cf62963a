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
    package let tactic: String
    /// The time of the winner where it was measured.
    package let microseconds: Double?
  }

  package var passes: [PassSummary] = []
  package var nodesBefore = 0
  package var nodesAfter = 0
  /// Nodes that do something at run time, views left out.
  package var launches = 0
  package var weightBytes = 0
  /// Tactics that strayed from the reference on probe data, and how far.
  package var rejected: [String] = []
  package var tactics: [TacticSummary] = []
  /// Regions that were left untimed because the time for tuning was up.
  package var untimed = 0
  package var milliseconds = 0.0

  package init() {}
}
